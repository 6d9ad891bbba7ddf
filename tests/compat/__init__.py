"""Side by side with Flask-Migrate: its commands, its repositories, its own tests."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite(f"{__name__}.places", f"{__name__}.rows")

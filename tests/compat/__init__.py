"""Side by side with Flask-Migrate: its commands, its repositories, its own tests.

- ``test_parity_*``: both packages are asked the same and must answer the same;
- ``test_differences*``: what the original does, and what we chose instead;
- ``test_old_repositories``: what every Flask-Migrate since 2.0 wrote, unmodified;
- ``test_upstream_suite``: Flask-Migrate's own tests, unmodified.

Scenarios run in forks of two processes that have everything imported (`worker`), about
thirty milliseconds for a command. With ``OUR_PYTHON`` set to an interpreter that has
Flask-Migrate, the original is compared with itself: that proves what the tests expect
of it. Those with the mark ``differs`` are left out then.
"""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite(f"{__name__}.places", f"{__name__}.rows")

"""What every test may ask for; each module says what it offers."""

from __future__ import annotations

pytest_plugins = ["tests.support.databases", "tests.support.leaks"]

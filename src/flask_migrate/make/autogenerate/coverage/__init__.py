"""Comparators for what Alembic's own do not see, one kind of thing per file."""

from __future__ import annotations

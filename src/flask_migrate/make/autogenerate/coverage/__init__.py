"""What autogenerate compares beyond Alembic's own: one noun per module."""

from __future__ import annotations

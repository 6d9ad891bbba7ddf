"""Pure functions from values to text."""

from __future__ import annotations

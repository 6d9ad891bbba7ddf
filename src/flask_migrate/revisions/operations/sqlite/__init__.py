"""SQLite: a table is rebuilt without losing anything, or it is left as it is."""

from __future__ import annotations

from .. import ForeignKeysEnforced as ForeignKeysEnforced
from .impl import SQLiteImpl as SQLiteImpl

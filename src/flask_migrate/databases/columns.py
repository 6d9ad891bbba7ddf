"""What our own tables need beside plain columns: room for any text."""

from __future__ import annotations

import typing as t

import sqlalchemy as sa

LONG_TEXT: sa.types.TypeEngine[str] = sa.Text().with_variant(
    sa.Text(2**22 - 1), "mysql", "mariadb"
)
"""MySQL's TEXT ends at 64 KB; of one with so many characters it makes a MEDIUMTEXT.

SQLAlchemy's type of that name would bring its seven drivers for MySQL into memory.
"""

ANY_TEXT: dict[str, t.Any] = {
    f"{name}_{option}": value
    for name in ("mysql", "mariadb")
    for option, value in (("charset", "utf8mb4"), ("collate", "utf8mb4_bin"))
}
"""Options of a table: an old database may know the letters of one language only."""

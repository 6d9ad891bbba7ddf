"""What our own tables need beside plain columns."""

from __future__ import annotations

import sqlalchemy as sa

LONG_TEXT: sa.types.TypeEngine[str] = sa.Text().with_variant(
    sa.Text(2**22 - 1), "mysql", "mariadb"
)
"""MySQL's TEXT ends at 64 KB; of one with so many characters it makes a MEDIUMTEXT.

SQLAlchemy's type of that name would bring its seven drivers for MySQL into memory.
"""

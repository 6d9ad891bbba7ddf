"""What our own tables need beside plain columns: room for any text."""

from __future__ import annotations

import typing as t

import sqlalchemy as sa


class MediumText(sa.Text):
    """MySQL's type for 16 MB of text.

    SQLAlchemy's own stands in its MySQL dialect, which most runs do not need.
    """

    __visit_name__ = "MEDIUMTEXT"


LONG_TEXT: sa.types.TypeEngine[str] = sa.Text().with_variant(
    MediumText(), "mysql", "mariadb"
)
"""MySQL's TEXT ends at 64 KB."""

ANY_TEXT: dict[str, t.Any] = {
    f"{name}_{option}": value
    for name in ("mysql", "mariadb")
    for option, value in (("charset", "utf8mb4"), ("collate", "utf8mb4_bin"))
}
"""Options of a table: an old database may know the letters of one language only."""

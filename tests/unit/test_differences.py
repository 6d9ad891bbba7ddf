"""Differences in words: one line each, with the names of the reader."""

from __future__ import annotations

import sqlalchemy as sa

from flask_migrate.report.differences import format_differences

METADATA = sa.MetaData()
TABLE = sa.Table(
    "user",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("boss", sa.ForeignKey("user.id", name="fk_boss")),
    sa.UniqueConstraint("boss"),
    sa.Index("ix_boss", "boss"),
    schema="hr",
)
KEY = next(iter(TABLE.foreign_key_constraints))
UNIQUE = next(one for one in TABLE.constraints if isinstance(one, sa.UniqueConstraint))


def test_every_kind() -> None:
    """Each kind of difference is a line that can be read."""
    differences = [
        ("add_table", TABLE),
        ("remove_column", "hr", "user", TABLE.c.boss),
        ("add_index", next(iter(TABLE.indexes))),
        ("remove_fk", KEY),
        ("add_constraint", UNIQUE),
        ("add_table_comment", TABLE, None),
        [
            ("modify_nullable", None, "user", "boss", {}, True, False),
            ("modify_type", None, "user", "boss", {}, sa.Integer(), sa.String(9)),
        ],
    ]
    assert format_differences(differences).splitlines() == [
        "  add table user",
        "  remove column user.boss",
        "  add index ix_boss of hr.user",
        "  remove foreign key fk_boss of hr.user",
        "  add constraint without a name of hr.user",
        "  add table comment user",
        "  modify nullable of user.boss: True to False",
        "  modify type of user.boss: Integer() to String(length=9)",
    ]

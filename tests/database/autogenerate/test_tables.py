"""Tables that come and go, and what is said of a whole one."""

from __future__ import annotations

import typing as t

import pytest
import sqlalchemy as sa

from tests.support.roundtrip import Case
from tests.support.roundtrip import check_case
from tests.support.roundtrip import Schema


def _make(*others: t.Callable[[sa.MetaData], object]) -> Schema:
    """One table that is always there, and others."""

    def make(metadata: sa.MetaData) -> None:
        sa.Table("users", metadata, sa.Column("id", sa.Integer, primary_key=True))

        for other in others:
            other(metadata)

    return make


def _plain(metadata: sa.MetaData) -> None:
    sa.Table("notes", metadata, sa.Column("text", sa.String(9), nullable=False))


def _rich(metadata: sa.MetaData) -> None:
    sa.Table(
        "posts",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("user_id", sa.ForeignKey("users.id", ondelete="CASCADE"), index=True),
        sa.Column("title", sa.String(40), nullable=False, server_default="it's"),
        sa.Column("made", sa.DateTime, server_default=sa.func.now()),
        sa.Column("score", sa.Numeric(5, 2)),
        sa.UniqueConstraint("user_id", "title", name="once"),
        sa.CheckConstraint("score >= 0", name="positive"),
        sa.Index("by_score", "score", "title"),
    )


def _joined(metadata: sa.MetaData) -> None:
    sa.Table(
        "members",
        metadata,
        sa.Column("one", sa.ForeignKey("users.id"), primary_key=True),
        sa.Column("other", sa.ForeignKey("users.id"), primary_key=True),
    )


def _quoted(metadata: sa.MetaData) -> None:
    sa.Table(
        "Odd name's",
        metadata,
        sa.Column("select", sa.Integer, primary_key=True),
        sa.Column("two words", sa.String(9), index=True),
    )


def _tree(metadata: sa.MetaData) -> None:
    sa.Table(
        "nodes",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("up", sa.ForeignKey("nodes.id")),
    )


def _no_key(metadata: sa.MetaData) -> None:
    sa.Table("words", metadata, sa.Column("a", sa.Text), sa.Column("b", sa.Boolean))


TABLES = (_plain, _rich, _joined, _quoted, _tree, _no_key)

CASES = [
    Case(
        row="Add / drop table",
        before=_make() if way else _make(table),
        after=_make(table) if way else _make(),
        name=f"{table.__name__}, {way}",
    )
    for table in TABLES
    for way in (0, 1)
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_change(database_url: str, case: Case) -> None:
    """The change is found, converges, and goes back."""
    check_case(database_url, case)


def _commented(comment: str | None) -> Schema:
    return lambda metadata: sa.Table(
        "users", metadata, sa.Column("id", sa.Integer), comment=comment
    )


@pytest.mark.comments
@pytest.mark.parametrize(
    ("before", "after"),
    [(None, "it's 100%"), ("it's 100%", None), ("a", 'b "c"')],
)
def test_comment(database_url: str, before: str | None, after: str | None) -> None:
    """The comment of a table comes, changes and goes."""
    check_case(
        database_url,
        Case(
            row="Table / column comment",
            before=_commented(before),
            after=_commented(after),
        ),
    )

"""Columns that come, go and change in plain ways."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests.support.roundtrip import Case
from tests.support.roundtrip import check_case
from tests.support.roundtrip import Schema


def _users(*columns: sa.Column[object]) -> Schema:
    def make(metadata: sa.MetaData) -> None:
        key = sa.Column("id", sa.Integer, primary_key=True)
        sa.Table("users", metadata, key, *(one._copy() for one in columns))

    return make


_NAME = sa.Column("name", sa.String(10))

CASES = (
    Case(
        row="Type `String(10)→String(20)`",
        before=_users(_NAME),
        after=_users(sa.Column("name", sa.String(20))),
    ),
    Case(
        row="NULL / NOT NULL",
        before=_users(_NAME),
        after=_users(sa.Column("name", sa.String(10), nullable=False)),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_change(database_url: str, case: Case) -> None:
    """The change is found, converges, and goes back."""
    check_case(database_url, case)

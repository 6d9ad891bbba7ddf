"""The corpus of renames, as a database shows it: types and keys in its own words."""

from __future__ import annotations

import sqlalchemy as sa

from flask_migrate.errors import RenameUnanswered
from tests.support.roundtrip import compare
from tests.unit.renames.cases import read_corpus
from tests.unit.renames.cases import RenameCase


def _ask(connection: sa.Connection, case: RenameCase) -> dict[str, str]:
    """Return what is asked about a case, the old names and the new ones."""
    old, new = case.make_schemas()
    old.create_all(connection)

    try:
        compare(connection, new)
    except RenameUnanswered as error:
        return {question.old: question.new for question in error.questions}
    finally:
        old.drop_all(connection)

    return {}


def test_pairs(database_url: str) -> None:
    """From a real database as many renames are paired as from two models."""
    cases = [*read_corpus("columns"), *read_corpus("several"), *read_corpus("tables")]
    engine = sa.create_engine(database_url, isolation_level="AUTOCOMMIT")

    with engine.connect() as connection:
        asked = [(case, _ask(connection, case)) for case in cases]

    engine.dispose()
    silent = [str(case) for case, found in asked if case.renames.keys() - found.keys()]
    wrong = [
        f"{case}: {old} -> {found.get(old)}"
        for case, found in asked
        for old, new in case.renames.items()
        if found.get(old) != new
    ]
    assert silent == []
    assert len(wrong) <= 0.02 * sum(len(case.renames) for case in cases), wrong

"""Every change that is known to trip autogenerate is tried, or is listed with a reason.

The changes were collected by running plain Alembic 1.20 over some two hundred of them.
"""

from __future__ import annotations

import importlib
import pathlib
import pkgutil

import pytest

import tests
from tests.database import autogenerate
from tests.support.roundtrip import Case

OTHERWISE = {
    "TypeDecorator over the same impl": "test_types.test_unchanged",
    "Collation changed": "test_types.test_collation",
    "Collation added or removed": "test_types.test_collation",
    "Server default unchanged": "test_defaults.test_unchanged",
    "Server default `'1.0'` vs `'1'` float": "test_defaults.test_equal_numbers",
    "CHECK without a name, unchanged": "test_checks.test_what_did_not_change_is_equal",
    "CHECK of a Boolean or an Enum, unchanged": "test_unchanged.test_unchanged",
    "Expression index, unchanged": "test_indexes.test_what_did_not_change_is_equal",
    "Expression index that concatenates, unchanged": (
        "test_indexes.test_what_did_not_change_on_postgresql_is_equal"
    ),
    "FK cycle, `use_alter=True`": "test_order.test_change",
    "Table / column comment": "test_tables.test_comment",
    "View, materialized view": "test_companions.test_views",
    "Partition child table in the DB": (
        "test_ownership.test_partitions_and_children_are_not_dropped"
    ),
    "Inherited child": "test_ownership.test_partitions_and_children_are_not_dropped",
    "Any table not in the metadata": "test_ownership.test_other_tools_keep_their_notes",
}
"""What is no change, or is tried by a test of its own."""

UNDETECTED = {
    "Column order": "the order of columns",
    "Python-side `default=`": "Python's `default=`",
    "Move table to another schema": "a table that moves to another schema",
    "Policy, grant, extension, schema, domain": "policies, grants, extensions",
    "Partition strategy; `WITH(...)`, UNLOGGED, tablespace": "how a table is part",
}
"""What stays unseen, and the words of the page that says why."""

CHANGES = (
    "Add / drop table",
    "Rename table",
    "Rename column",
    "NULL / NOT NULL",
    "Type `String(10)→String(20)`, `String→Text`, `Integer→BigInteger`,"
    " `Numeric(10,2)→(12,2)`",
    "Type `String(10)→String()` or the reverse",
    "Type `Numeric(10,2)→Numeric(10)`",
    "Type `DateTime→DateTime(timezone=True)`",
    "Type `JSON→JSONB`",
    "Type `ARRAY(Integer)→ARRAY(String)`",
    "Type `ARRAY(Integer)→Integer`",
    "Type `Boolean→Integer`",
    "Type `String→Enum` (new type)",
    "Type `Uuid→String`, `Interval→String`, `Enum→String`",
    "Server default added / removed / changed",
    "Server default volatile and spelled differently, e.g. `RANDOM()*2`,"
    " `timezone('utc', clock_timestamp())`",
    "Server default on `JSON` column",
    "Computed: new column",
    "Computed: expression changed / added / removed",
    "Computed: only parentheses differ, `a*(b+c)` vs `(a*b)+c`",
    "Computed: stored ↔ virtual",
    "Identity added",
    "Identity removed, `always` flipped, `start`/`increment` changed",
    "Identity `increment=5` → default",
    "SERIAL ↔ Identity",
    "`autoincrement` flag on PK; SQLite `AUTOINCREMENT`; `WITHOUT ROWID`",
    "`Sequence` added / removed, in metadata or as column default",
    "`server_default=seq.next_value()` with new sequence",
    "CHECK named, added / removed (default)",
    "CHECK expression changed (opt-in plugin)",
    "Enum native: value added / removed",
    "Enum native: type renamed",
    "Add column with a new native Enum",
    "Drop table or column using an Enum",
    "Enum non-native + CHECK: value added",
    "Index add / drop / columns / order / unique",
    "Index renamed",
    "Expression index changed lower→upper",
    "Expression index, only a string literal's case changed `'x'→'X'`",
    "Index `DESC` / NULLS order",
    "Partial index predicate added / changed",
    "Index INCLUDE, USING method, opclass, WITH storage",
    "Index NULLS NOT DISTINCT",
    "Unique named",
    "Unique unnamed added",
    "Unique unnamed removed",
    "Unique column order, same name",
    "Unique deferrable / initially",
    "Unique ↔ unique index of the same name",
    "FK add / drop, ON DELETE, ON UPDATE, deferrable",
    "FK name only; MATCH FULL",
    "FK cycle without `use_alter`",
    "PK: column added, moved, renamed constraint",
    "EXCLUDE added / removed",
    "Constraint / index comment",
)
"""What a table of cases tries, there and back again."""


def _find_rows() -> set[str]:
    """Return what the cases of this folder are about."""
    names = (one.name for one in pkgutil.iter_modules(autogenerate.__path__))
    modules = (importlib.import_module(f"{autogenerate.__name__}.{n}") for n in names)
    values = (value for module in modules for value in vars(module).values())
    tables = (value for value in values if isinstance(value, (tuple, list)))
    return {one.row for table in tables for one in table if isinstance(one, Case)}


def test_changes() -> None:
    """Each change has a case."""
    assert set(CHANGES) - _find_rows() == set()


@pytest.mark.parametrize("test", OTHERWISE.values(), ids=list(OTHERWISE))
def test_otherwise(test: str) -> None:
    """What has no case has a test."""
    module, name = test.split(".")
    found = importlib.import_module(f"{autogenerate.__name__}.{module}")
    assert callable(getattr(found, name))


@pytest.mark.parametrize("words", UNDETECTED.values(), ids=list(UNDETECTED))
def test_undetected(words: str) -> None:
    """What stays unseen is on the page, with the reason."""
    folder = pathlib.Path(tests.__path__[0]).parent
    assert words in (folder / "docs" / "coverage.md").read_text("utf-8")

"""What a step may lose beyond what is known."""

from __future__ import annotations

import pytest

from flask_migrate.databases.effects import find_doubt
from flask_migrate.databases.effects import find_losses
from flask_migrate.plan import Direction
from flask_migrate.plan import Effect
from flask_migrate.plan import Impact
from flask_migrate.plan import Loss
from flask_migrate.plan import Operation
from flask_migrate.plan import Statement
from flask_migrate.plan import Step


def make_step(*statements: Statement, opaque: str = "") -> Step:
    """Return a step with one operation."""
    operation = Operation(kind="execute", text="execute", statements=statements)
    return Step(
        revision="a1",
        direction=Direction.DOWNGRADE,
        operations=(operation,),
        opaque=opaque,
    )


@pytest.mark.parametrize(
    ("sql", "doubt"),
    [
        ("DROP ROLE IF EXISTS reader;", ""),
        ("-- why\nALTER VIEW v RENAME TO w", ""),
        ("CALL tidy_up(1, 2)", "runs CALL tidy_up(1, ..."),
        ("DROP TYPE mood CASCADE", "runs DROP TYPE ..."),
        ("CREATE VIEW v AS SELECT 1; CALL tidy_up()", "runs CREATE VIEW ..."),
    ],
)
def test_unknown_statement(sql: str, doubt: str) -> None:
    """Some statements keep every row, whatever else is not known of them."""
    assert find_doubt(make_step(Statement(sql=sql))) == doubt


def test_known_statement() -> None:
    """What is known is no doubt, unless it is known to fail; the step has its own."""
    sql = "ALTER TABLE t DROP COLUMN c"
    known = Statement(sql=sql, effect=Effect(impact=Impact.BRIEF))
    assert find_doubt(make_step(known)) == ""
    assert find_doubt(make_step(known, opaque="reads t")) == "reads t"
    failing = Statement(sql=sql, effect=Effect(impact=Impact.FAILS))
    assert find_doubt(make_step(failing)) == "runs ALTER TABLE ..."


def test_losses() -> None:
    """Each thing is lost once, and nothing is lost that has no rows."""
    losses = (Loss(table="t", rows=2), Loss(table="u", rows=0), Loss(table="v"))
    statement = Statement(sql="DROP TABLE t", effect=Effect(losses=losses))
    found = find_losses(make_step(statement, statement))
    assert found == (losses[0], losses[2])

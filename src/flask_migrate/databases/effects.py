"""What the statements of steps do to the people using one live database."""

from __future__ import annotations

import collections.abc as cabc
import dataclasses
import functools
import re

import sqlalchemy as sa

from ..plan import Effect
from ..plan import Impact
from ..plan import Loss
from ..plan import Operation
from ..plan import Statement
from ..plan import Step
from .dialects import get_dialect
from .dialects.durability import strip_comments
from .dialects.facts import Facts

_LOSES_NOTHING = re.compile(
    r"(?is)(?:CREATE|COMMENT|INSERT|UPDATE|GRANT|REVOKE|SET|RESET|ANALYZE|REINDEX"
    r"|VACUUM|PRAGMA|LOCK|DROP\s+(?:UNIQUE\s+)?(?:INDEX|TRIGGER|VIEW|FUNCTION|PROCEDURE"
    r"|TYPE|DOMAIN|SEQUENCE|EXTENSION|POLICY|RULE|ROLE|EVENT)"
    r"|ALTER\s+(?:INDEX|TYPE|VIEW|SEQUENCE|FUNCTION|ROLE|DOMAIN|DATABASE))\b"
    r"(?!.*\bCASCADE\b)[^;]*;?\s*"
)
"""One statement that keeps every row, whatever else it does."""


def describe_effects(
    connection: sa.Connection,
    steps: cabc.Iterable[Step],
    *,
    counts: bool = False,
    at_most: bool = False,
) -> tuple[Step, ...]:
    """Return steps whose statements say what they do.

    :param connection: live, for questions to the catalogs and the statistics.
    :param steps: in the order in which they would run.
    :param counts: count the rows that would be lost, which reads whole tables.
    :param at_most: count all rows of a table that would lose some.
    """
    facts = get_dialect(connection.dialect.name).make_facts(connection)
    described = tuple(_describe_step(facts, step) for step in steps)

    if not counts:
        return described

    count = functools.partial(facts.count_loss, at_most=at_most)
    return tuple(_map(step, lambda one: _count(one, count)) for step in described)


def find_losses(step: Step) -> tuple[Loss, ...]:
    """Return what is gone after a step, without what has no rows."""
    found = (loss for one in step.statements for loss in one.effect.losses)
    return tuple(loss for loss in dict.fromkeys(found) if loss.rows != 0)


def find_doubt(step: Step) -> str:
    """Say why a step may lose more than is known; empty if it cannot.

    :return: such as ``runs CALL tidy_up() ...``.
    """
    for statement in step.statements:
        sql = strip_comments(statement.sql).strip()
        is_unsure = statement.effect.impact in (Impact.FAILS, Impact.UNKNOWN)

        if is_unsure and not _LOSES_NOTHING.fullmatch(sql):
            return f"runs {' '.join(sql.split()[:2])} ..."

    return step.opaque


def _describe_step(facts: Facts, step: Step) -> Step:
    facts.begin_step()
    return _map(step, lambda one: _describe(facts, one))


def _map(step: Step, change: cabc.Callable[[Statement], Statement]) -> Step:
    """Return a step with each of its statements changed."""

    def convert(operation: Operation) -> Operation:
        statements = tuple(map(change, operation.statements))
        return dataclasses.replace(operation, statements=statements)

    return dataclasses.replace(step, operations=tuple(map(convert, step.operations)))


def _describe(facts: Facts, statement: Statement) -> Statement:
    effect = facts.describe(statement.sql)

    # Who has captured it knows that it runs outside of the step's transaction.
    if not statement.effect.transactional:
        effect = dataclasses.replace(effect, transactional=False)

    return dataclasses.replace(statement, effect=effect)


def _count(statement: Statement, count: cabc.Callable[[Loss], int | None]) -> Statement:
    effect: Effect = statement.effect
    losses = tuple(
        dataclasses.replace(loss, rows=count(loss)) for loss in effect.losses
    )
    return dataclasses.replace(
        statement, effect=dataclasses.replace(effect, losses=losses)
    )

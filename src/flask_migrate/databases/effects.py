"""What the statements of steps do to the people using one live database."""

from __future__ import annotations

import collections.abc as cabc
import dataclasses

import sqlalchemy as sa

from ..plan import Effect
from ..plan import Operation
from ..plan import Statement
from ..plan import Step
from .dialects import get_dialect
from .dialects.facts import Facts


def describe_effects(
    connection: sa.Connection, steps: cabc.Iterable[Step], *, counts: bool = False
) -> tuple[Step, ...]:
    """Return steps whose statements say what they do.

    :param connection: live, for questions to the catalogs and the statistics.
    :param steps: in the order in which they would run.
    :param counts: count the rows that would be lost, which reads whole tables.
    """
    facts = get_dialect(connection.dialect.name).make_facts(connection)
    described = tuple(_describe_step(facts, step) for step in steps)

    if not counts:
        return described

    return tuple(_map(step, lambda one: _count(facts, one)) for step in described)


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


def _count(facts: Facts, statement: Statement) -> Statement:
    effect: Effect = statement.effect
    losses = tuple(
        dataclasses.replace(loss, rows=facts.count_loss(loss)) for loss in effect.losses
    )
    return dataclasses.replace(
        statement, effect=dataclasses.replace(effect, losses=losses)
    )

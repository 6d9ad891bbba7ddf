"""What statements do, as one backend's server would do it."""

from __future__ import annotations

import collections.abc as cabc
import re
import typing as t

import sqlalchemy as sa

from ....plan import Effect
from ....plan import Impact
from ....plan import LockLevel
from ....plan import Loss
from ....plan import TableLock
from ..tokens import DefinitionError
from ..tokens import read_tokens
from ..tokens import Tokens
from .statements import Path
from .statements import Reader
from .statements import split_statements
from .tables import Table


class Facts:
    """Says what statements do to the people using one live database.

    They are asked about in the order in which they would run: what an earlier one has
    made is used by nobody yet. This class knows nothing, and says so.

    :param connection: for questions to the server's catalogs and statistics only; no
        table is read but by :meth:`count_loss`.
    """

    count_seconds: float = 5
    """How long one count of rows may take."""

    def __init__(self, connection: sa.Connection) -> None:
        self.connection: sa.Connection = connection

    def begin_step(self) -> None:
        """Note that a new transaction begins: what the last one held is free."""

    def describe(self, sql: str) -> Effect:
        """Return what a statement does.

        :param sql: one statement, as the server would get it.
        """
        return Effect()

    def count_loss(self, loss: Loss, *, at_most: bool = False) -> int | None:
        """Count the rows that hold data where something will be lost.

        :param loss: as :meth:`describe` has found it.
        :param at_most: where only some of the rows are lost, count all of them.
        :return: ``None`` where that takes too long, or there is nothing to count.
        """
        return None


Source = tuple[Table | None, str, bool]
"""A table; a column of it by its name in the database, or an empty text; a part?"""


class Draft:
    """What is known so far of one statement."""

    def __init__(self) -> None:
        self.locks: dict[Table, LockLevel] = {}
        self.names: dict[Table, str] = {}
        self.work: list[str] = []
        self.losses: dict[Loss, Source] = {}
        self.may_fail: list[str] = []
        self.impact: Impact | None = None
        self.algorithm: str | None = None
        self.transactional: bool = True
        self.source: str = ""
        self._failures = 0
        self.words: frozenset[str] = frozenset()

    def lock(self, table: Table | None, level: LockLevel) -> None:
        """Note a lock; nobody waits for one on a table that the plan made."""
        if table is None or table.is_new:
            return

        # By the name that it has now: the statement may change it.
        self.names.setdefault(table, table.name)
        held = self.locks.get(table)
        self.locks[table] = level if held is None else max(held, level, key=rank)

    def take_time(self, work: str, table: Table | None = None) -> None:
        """Note what grows with a table.

        :param table: none of it is done for one that has no rows.
        """
        is_empty = table is not None and table.is_empty

        if not is_empty and work not in self.work:
            self.work.append(work)

    def lose(self, table: Table, column: str = "", *, is_part: bool = False) -> None:
        """Note that rows, or the values of a column, are gone.

        :param is_part: only some of the rows; nobody can say how many.
        """
        found = table.column(column)

        if table.is_new or (column and (found is None or not found.live)):
            return

        part = found.filled if found is not None else 1.0
        is_known = table.rows is not None and not is_part
        rows = round((table.rows or 0) * part) if is_known else None
        loss = Loss(table=table.name, column=column or None, rows=rows)
        live = found.live if found is not None else ""
        self.losses[loss] = table, live, is_part

    def may_refuse(self, reason: str, table: Table | None = None) -> None:
        """Note which rows would stop the statement."""
        if (table is None or not table.is_empty) and reason not in self.may_fail:
            self.may_fail.append(reason)

    def fail(self, reason: str) -> None:
        """Note that the statement cannot succeed."""
        self.impact = Impact.FAILS
        self.may_fail.insert(self._failures, reason)
        self._failures += 1

    def _sum_up_work(self) -> tuple[str, ...]:
        if "rewrite" not in self.work:
            return tuple(self.work)

        # Indexes and checks are a part of writing a table anew; PostgreSQL looks up
        # foreign keys afterwards.
        parts = ["scan", "index build"]
        parts += [] if self.algorithm is None else ["foreign key check"]
        return tuple(work for work in self.work if work not in parts)

    def to_effect(self, impact: Impact, held: tuple[TableLock, ...] = ()) -> Effect:
        """Return what was found."""
        return Effect(
            impact=self.impact or impact,
            locks=tuple(
                make_lock(table, level, name=self.names[table])
                for table, level in self.locks.items()
            ),
            held=held,
            work=self._sum_up_work(),
            algorithm=self.algorithm,
            transactional=self.transactional,
            losses=tuple(self.losses),
            may_fail=tuple(self.may_fail),
            source=self.source,
        )


def make_lock(table: Table, level: LockLevel, *, name: str = "") -> TableLock:
    """Return a lock with the statistics of its table.

    :param name: under which the statement knows it.
    """
    return TableLock(
        table=name or table.name, level=level, rows=table.rows, size=table.size
    )


_LEVELS = list(LockLevel)
_IMPACTS = list(Impact)


def rank(level: LockLevel) -> int:
    """Return how strong a lock is, among those of its server."""
    return _LEVELS.index(level)


Handler = cabc.Callable[[t.Any, Reader, Draft], None]


class StatementFacts(Facts):
    """The facts of a backend whose statements are read.

    :param connection: as for :class:`Facts`.
    """

    pattern: t.ClassVar[re.Pattern[str]]
    """One token of its SQL."""
    folds: t.ClassVar[bool] = False
    """Whether an unquoted name means its small letters."""
    handlers: t.ClassVar[cabc.Mapping[tuple[str, ...], Handler]] = {}
    """What to do with a statement, by its first words."""

    def __init__(self, connection: sa.Connection) -> None:
        super().__init__(connection)
        self._sources: dict[Loss, Source] = {}

    def describe(self, sql: str) -> Effect:
        try:
            parts = split_statements(self._tokenize(sql))
        except DefinitionError as error:
            return Effect(source=f"not understood: {error}")

        effects = [self._describe_one(part) for part in parts]
        return merge_effects(effects)

    def count_loss(self, loss: Loss, *, at_most: bool = False) -> int | None:
        default = self._find((loss.table,)), loss.column or "", False
        table, column, is_part = self._sources.get(loss, default)

        if table is None or table.is_new or (is_part and not at_most):
            return None

        quote = self.connection.dialect.identifier_preparer.quote_identifier
        what = quote(column) if column else "*"
        return self._count(f"SELECT count({what}) FROM {table.live}".replace("%", "%%"))

    def judge(self, draft: Draft) -> Effect:
        """Return what the findings mean for the people using the database."""
        raise NotImplementedError

    def _find(self, path: Path) -> Table | None:
        raise NotImplementedError

    def _count(self, sql: str) -> int | None:
        raise NotImplementedError

    def make_reader(self, sql: str) -> Reader:
        """Return a reader of a statement.

        :raises DefinitionError: it is no SQL.
        """
        return Reader(self._tokenize(sql), folds=self.folds)

    def _tokenize(self, sql: str) -> Tokens:
        if "\0" in sql:
            raise DefinitionError("no server takes a text with a NUL in it")

        return read_tokens(sql, self.pattern)

    def _describe_one(self, tokens: Tokens) -> Effect:
        reader = Reader(tokens, folds=self.folds)
        draft = Draft()

        try:
            self._handle(reader, draft)
            reader.expect_end()
        except DefinitionError as error:
            return Effect(
                transactional=draft.transactional, source=f"not understood: {error}"
            )

        self._sources.update(draft.losses)
        return self.judge(draft)

    def _handle(self, reader: Reader, draft: Draft) -> None:
        for length in (4, 3, 2, 1):
            words = reader.look(length)

            if words in self.handlers:
                reader.accept(*words)
                self.handlers[words](self, reader, draft)
                return

        raise reader.surprise("a statement that is known")


def merge_effects(effects: cabc.Sequence[Effect]) -> Effect:
    """Return what several statements in one text do together."""
    if not effects:
        return Effect(impact=Impact.FREE, source="an empty statement")

    if len(effects) == 1:
        return effects[0]

    return Effect(
        impact=max((one.impact for one in effects), key=_IMPACTS.index),
        locks=tuple(dict.fromkeys(lock for one in effects for lock in one.locks)),
        held=effects[0].held,
        work=tuple(dict.fromkeys(word for one in effects for word in one.work)),
        transactional=all(one.transactional for one in effects),
        losses=tuple(loss for one in effects for loss in one.losses),
        may_fail=tuple(text for one in effects for text in one.may_fail),
        source="; ".join(dict.fromkeys(one.source for one in effects)),
    )

"""What one step does, noted down while its function runs."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import dataclasses
import pathlib
import re
import traceback
import typing as t

from ...databases.dialects.base import hide_secrets
from ...errors import find_line
from ...plan import Effect
from ...plan import Operation
from ...plan import Statement
from .wording import describe_sql

NOT_TRANSACTIONAL = Effect(transactional=False)


_ENDS = re.compile(
    r"(?i)\s*(COMMIT|END|PREPARE\s+TRANSACTION|ROLLBACK(?!\s+(WORK\s+)?TO\b))\b"
)


def ends_transaction(sql: str) -> bool:
    """Tell whether a text ends the transaction that it runs in.

    :param sql: one statement, or several; the body of a function has `$` around it.
    """
    texts = [sql] if "$" in sql else sql.split(";")
    return any(_ENDS.match(one) for one in texts)


class Unknown(Exception):
    """What a step does next depends on something that a plan cannot know."""


@dataclasses.dataclass(slots=True, kw_only=True)
class _Noted:
    kind: str
    text: str
    statements: list[Statement] = dataclasses.field(default_factory=list)


class Recorder:
    """Notes the operations of one step, until it does something that nobody can know.

    :param path: the file of the step.
    """

    def __init__(self, path: str) -> None:
        self.path: str = path
        self.reason: str = ""
        """Why what comes after the operations is not known; empty if it is."""
        self.commits: bool = False
        """Whether it commits in the middle, on purpose."""
        self.asks: bool = False
        """Whether it has sent a question, or anything else."""
        self.error: BaseException | None = None
        """What stopped it, where all before that is known."""
        self._noted: list[_Noted] = []
        self._current: _Noted | None = None
        self._is_autocommit = False

    @property
    def operations(self) -> tuple[Operation, ...]:
        """What it does, in order."""
        return tuple(
            Operation(kind=one.kind, text=one.text, statements=tuple(one.statements))
            for one in self._noted
        )

    @property
    def is_idle(self) -> bool:
        """Whether nothing at all was done."""
        return not (self._noted or self.reason or self.asks)

    @property
    def is_inside(self) -> bool:
        """Whether an operation of Alembic's is running."""
        return self._current is not None

    @contextlib.contextmanager
    def operation(self, kind: str, text: str) -> cabc.Iterator[None]:
        """Note an operation; one that it calls itself is a part of it."""
        if self._current is not None:
            yield
            return

        self._current = _Noted(kind=kind, text=text)

        if not self.reason:
            self._noted.append(self._current)

        try:
            yield
        finally:
            self._current = None

    def reword(self, text: str) -> None:
        """Say in other words what the current operation does."""
        if self._current is not None:
            self._current.text = text

    def note(self, sql: str) -> None:
        """Note a statement of the current operation, or one that stands alone."""
        if self.reason:
            return

        if ends_transaction(sql):
            self.commits = True

        effect = NOT_TRANSACTIONAL if self._is_autocommit else Effect()
        statement = Statement(sql=hide_secrets(sql.strip()), effect=effect)

        if self._current is not None:
            self._current.statements.append(statement)
        else:
            alone = _Noted(kind="execute", text=describe_sql(sql))
            alone.statements.append(statement)
            self._noted.append(alone)

    @contextlib.contextmanager
    def autocommit(self) -> cabc.Iterator[None]:
        """Note that what happens inside cannot be rolled back with the step."""
        self.commits = True
        self._is_autocommit = True

        try:
            yield
        finally:
            self._is_autocommit = False

    def lose(self, reason: str) -> None:
        """Note that nothing is known from here on.

        :param reason: in words: ``reads the database``.
        """
        if not self.reason:
            frames = traceback.extract_stack()
            lines = [one.lineno for one in frames if one.filename == self.path]
            self.reason = self._with_line(reason, lines[-1] if lines else None)

    def give_up(self, reason: str) -> t.NoReturn:
        """Note that nothing is known from here on, and leave the step.

        :raises Unknown: always.
        """
        self.lose(reason)
        raise Unknown(reason)

    def fail(self, reason: str, error: BaseException) -> None:
        """Note that the step has raised an error.

        :param reason: in words.
        """
        if not self.reason:
            self.error = error
            self.reason = self._with_line(reason, find_line(error, self.path))

    def _with_line(self, reason: str, line: int | None) -> str:
        place = f"line {line} of " if line else ""
        return f"{reason}: {place}{pathlib.Path(self.path).name}"

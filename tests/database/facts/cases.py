"""What a corpus is made of: one operation, as SQL or as a call of Alembic's."""

from __future__ import annotations

import collections.abc as cabc
import dataclasses
import io
import typing as t

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext

Call = cabc.Callable[[Operations], t.Any]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One operation.

    :param name: what it is, as a test's id.
    :param change: SQL as people write it in ``op.execute()``, or a call of Alembic's.
    :param settings: statements for the session, before it.
    :param server: the first version that has it.
    """

    name: str
    change: str | Call
    settings: tuple[str, ...] = ()
    server: tuple[int, ...] = ()

    def __str__(self) -> str:
        return self.name

    def render(self, dialect: str) -> list[str]:
        """Return its statements, as the database gets them."""
        if isinstance(self.change, str):
            return [self.change]

        buffer = io.StringIO()
        context = MigrationContext.configure(
            dialect_name=dialect,
            opts={"as_sql": True, "output_buffer": buffer},
        )
        self.change(Operations(context))
        parts = buffer.getvalue().split(";\n\n")
        return [part.strip() for part in parts if part.strip()]


def make_cases(changes: dict[str, str | Call]) -> list[Case]:
    """Return cases that need nothing but their change."""
    return [Case(name=name, change=change) for name, change in changes.items()]

"""One change of the models, written by autogenerate and run there and back again.

``try_change()`` makes the old schema, compares it with the new one, runs what was
written (up, down, up) and keeps what every step left: the oracle of the tests of
autogenerate.
"""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import dataclasses
import typing as t
import warnings

import sqlalchemy as sa
from alembic.autogenerate import produce_migrations
from alembic.autogenerate.api import AutogenContext
from alembic.autogenerate.render import _render_python_into_templatevars
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext

from flask_migrate.databases.snapshot import Snapshot
from flask_migrate.databases.snapshot import take_snapshot
from flask_migrate.make.autogenerate.comparison import Answers
from flask_migrate.make.autogenerate.comparison import Askers
from flask_migrate.make.autogenerate.comparison import Comparison
from flask_migrate.revisions.operations import make_impl
from flask_migrate.revisions.operations import silence_carried

Schema = sa.MetaData | cabc.Callable[[sa.MetaData], object]
"""Models, or what adds them to an empty ``MetaData``."""


@dataclasses.dataclass(kw_only=True)
class Trip:
    """What became of one change.

    :param upgrade: the body of the function, as Python.
    :param downgrade: the same of the other one.
    :param operations: what was found, by the names of Alembic's classes, flat.
    :param notes: what the user is told.
    :param comparison: with the questions that nobody has answered.
    :param left: the upgrade that a second comparison would write; empty is good.
    :param before: the schema that the change began with.
    :param back: the schema after the downgrade.
    """

    upgrade: str = ""
    downgrade: str = ""
    operations: list[str] = dataclasses.field(default_factory=list)
    notes: list[str] = dataclasses.field(default_factory=list)
    comparison: Comparison = dataclasses.field(default_factory=Comparison)
    left: str = ""
    before: Snapshot = dataclasses.field(default_factory=Snapshot)
    back: Snapshot = dataclasses.field(default_factory=Snapshot)

    @property
    def is_detected(self) -> bool:
        """Whether anything was found."""
        return bool(self.operations)

    def describe_loss(self) -> list[str]:
        """Return what the downgrade has not restored, and what it has left.

        A constraint without a name may come back with one: no operation of Alembic
        can make one without.
        """
        before, back = set(self.before.objects), set(self.back.objects)

        for one in [one for one in before - back if one.kind == "constraint"]:
            named = (
                other
                for other in back - before
                if not one.name and dataclasses.replace(other, name="") == one
            )
            same = next(named, None)

            if same is not None:
                before.remove(one)
                back.remove(same)

        return [
            *(f"- {one}" for one in sorted(before - back)),
            *(f"+ {one}" for one in sorted(back - before)),
        ]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Case:
    """One change, for a table of them.

    :param row: the line of the list of known faults of autogenerate that it is about.
    :param before: the models as they were.
    :param after: the models as they are.
    :param statements: run after the old schema was made.
    :param schemas: made first, and compared too.
    :param answers: what is said beforehand.
    :param name: tells the cases of one row apart.
    """

    row: str
    before: Schema
    after: Schema
    statements: tuple[str, ...] = ()
    schemas: tuple[str, ...] = ()
    answers: Answers | None = None
    name: str = ""

    def __str__(self) -> str:
        return f"{self.row}: {self.name}" if self.name else self.row


def check_case(url: str | sa.URL, case: Case) -> Trip:
    """Demand that a change is found, converges, and goes back."""
    trip = try_change(
        url,
        case.before,
        case.after,
        statements=case.statements,
        answers=case.answers,
        schemas=case.schemas,
    )
    assert trip.is_detected
    assert trip.left == "", f"{trip.upgrade}\n{trip.left}"
    assert trip.describe_loss() == [], f"{trip.downgrade}\n{trip.describe_loss()}"
    return trip


def try_change(
    url: str | sa.URL,
    before: Schema,
    after: Schema,
    *,
    statements: cabc.Sequence[str] = (),
    answers: Answers | None = None,
    schemas: cabc.Sequence[str] = (),
    options: cabc.Mapping[str, t.Any] | None = None,
) -> Trip:
    """Write a change and run it: up, compare again, down, up.

    :param url: of an empty database.
    :param statements: run after the old schema was made: objects, rows.
    :param answers: what is said beforehand.
    :param schemas: made first, and compared too.
    :param options: for ``context.configure()``.
    """
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")

    try:
        with engine.connect() as connection:
            for schema in schemas:
                connection.execute(sa.schema.CreateSchema(schema))

            _make(before).create_all(connection)

            for statement in statements:
                connection.exec_driver_sql(statement)

            opts = {"include_schemas": bool(schemas), **(options or {})}
            return _walk(
                connection, _make(after), answers or Answers(allow_mass_drop=True), opts
            )
    finally:
        engine.dispose()


def compare(
    connection: sa.Connection,
    metadata: sa.MetaData,
    *,
    answers: Answers | None = None,
    askers: Askers | None = None,
    options: cabc.Mapping[str, t.Any] | None = None,
) -> Trip:
    """Compare only; nothing is run."""
    comparison = Comparison(
        answers=answers or Answers(allow_mass_drop=True),
        live=connection,
        askers=askers or Askers(),
    )
    return _compare(connection, metadata, comparison, options or {})[0]


def _walk(
    connection: sa.Connection,
    metadata: sa.MetaData,
    answers: Answers,
    options: cabc.Mapping[str, t.Any],
) -> Trip:
    schemas = [one for one in sa.inspect(connection).get_schema_names() if one]
    extra = schemas if options.get("include_schemas") else []
    before = _look(connection, extra)
    comparison = Comparison(answers=answers, live=connection)
    trip, imports = _compare(connection, metadata, comparison, options)
    trip.before = before
    # As Alembic's own context, which knows the models.
    empty = sa.MetaData(naming_convention=metadata.naming_convention)
    _run(connection, empty, trip.upgrade, imports)
    # What was asked once is answered: what is left must not be a question.
    again = dataclasses.replace(answers, renames="never", renamed=(), fills={})
    comparison = Comparison(answers=again, live=connection)
    trip.left = _compare(connection, metadata, comparison, options)[0].upgrade
    _run(connection, empty, trip.downgrade, imports)
    trip.back = _look(connection, extra)
    _run(connection, empty, trip.upgrade, imports)
    return trip


def _look(connection: sa.Connection, schemas: cabc.Sequence[str]) -> Snapshot:
    default = connection.dialect.default_schema_name
    others = [one for one in schemas if one not in (default, "information_schema")]
    return take_snapshot(connection, ignore="alembic_version", schemas=others)


def _make(schema: Schema) -> sa.MetaData:
    if isinstance(schema, sa.MetaData):
        return schema

    metadata = sa.MetaData()
    schema(metadata)
    return metadata


def _compare(
    connection: sa.Connection,
    metadata: sa.MetaData,
    comparison: Comparison,
    options: cabc.Mapping[str, t.Any],
) -> tuple[Trip, set[str]]:
    context = _configure(connection, metadata, options)
    comparison.begin(context)

    with _quietly(), contextlib.closing(comparison):
        script = produce_migrations(context, metadata)

    assert script.upgrade_ops is not None
    # Alembic 1.20's public render_python_code() keeps the imports to itself.
    autogen = AutogenContext(context, metadata, autogenerate=False)
    autogen.imports.update(script.imports)
    texts: dict[str, str] = {}
    _render_python_into_templatevars(autogen, script, texts)  # type: ignore[arg-type]
    trip = Trip(
        upgrade=texts["upgrades"] if script.upgrade_ops.ops else "",
        downgrade=texts["downgrades"],
        operations=list(_flatten(script.upgrade_ops)),
        notes=comparison.notes,
        comparison=comparison,
    )
    return trip, autogen.imports


def _configure(
    connection: sa.Connection,
    metadata: sa.MetaData,
    options: cabc.Mapping[str, t.Any],
) -> MigrationContext:
    context = MigrationContext.configure(
        connection,
        opts={
            "target_metadata": metadata,
            "transaction_per_migration": True,
            "compare_type": True,
            "render_as_batch": True,
            "sqlalchemy_module_prefix": "sa.",
            "alembic_module_prefix": "op.",
            "user_module_prefix": None,
            "upgrade_token": "upgrades",
            "downgrade_token": "downgrades",
            **options,
        },
    )
    context.impl = make_impl(context)
    return context


def _flatten(tree: t.Any) -> cabc.Iterator[str]:
    for one in tree.ops:
        if hasattr(one, "ops"):
            yield from _flatten(one)
        else:
            yield type(one).__name__


def _run(
    connection: sa.Connection, metadata: sa.MetaData, body: str, imports: set[str]
) -> None:
    # A revision runs in a transaction of its own, which it may leave for a while.
    connection.rollback()
    context = _configure(connection, metadata, {})
    lines = [*sorted(imports), f"def run():\n    {body or 'pass'}"]
    names: dict[str, t.Any] = {"op": Operations(context), "sa": sa}

    with _quietly(), context.begin_transaction(_per_migration=True):
        exec("\n".join(lines), names)
        names["run"]()


@contextlib.contextmanager
def _quietly() -> cabc.Iterator[None]:
    with warnings.catch_warnings(), silence_carried():
        yield

"""Applications of any size: models, and the revisions that make their tables."""

from __future__ import annotations

import collections.abc as cabc
import dataclasses

from tests.support.apps import RevisionFile
from tests.support.generated import make_dependent
from tests.support.generated import make_line
from tests.support.generated import make_merges

SHAPES: dict[str, cabc.Callable[[int], list[RevisionFile]]] = {
    "linear": make_line,
    "merges": make_merges,
    "depends_on": make_dependent,
}
"""One after the other; a merge in ten; two branches, of which one needs the other."""

_COLUMNS = (
    ("name", "sa.String(50), nullable=False", "CharField(max_length=50)"),
    ("email", "sa.String(120), index=True", "CharField(max_length=120, null=True)"),
    ("notes", "sa.Text()", "TextField(null=True)"),
    ("amount", "sa.Integer()", "IntegerField(null=True)"),
    ("total", "sa.Numeric(10, 2)", "DecimalField(max_digits=9, decimal_places=2)"),
    ("is_open", "sa.Boolean()", "BooleanField(null=True)"),
    ("made", "sa.DateTime()", "DateTimeField(null=True)"),
    ("day", "sa.Date()", "DateField(null=True)"),
)
"""Eight columns of each table; the key and a foreign key make ten."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One revision, for any tool.

    :param file: the revision as Alembic has it.
    :param tables: the numbers of the tables that it makes; where there are none, it
        makes one and drops it, so that every revision has some work.
    """

    file: RevisionFile
    tables: range

    @property
    def parents(self) -> tuple[str, ...]:
        """The revisions that it follows, or needs."""
        found = (self.file.down, self.file.depends_on)
        pairs = ((one,) if isinstance(one, str) else one or () for one in found)
        return tuple(name for names in pairs for name in names)


def make_changes(shape: str, *, revisions: int, tables: int) -> list[Change]:
    """Return a history whose tables are spread over its revisions.

    :param shape: one of `SHAPES`.
    """
    bounds = [-(-number * tables // revisions) for number in range(revisions + 1)]
    return [
        _make_change(file, range(*bounds[number : number + 2]))
        for number, file in enumerate(SHAPES[shape](revisions))
    ]


def make_next(changes: cabc.Sequence[Change]) -> Change:
    """Return a change that follows the last one."""
    name = f"next{len(changes)}"
    file = RevisionFile(revision=name, down=changes[-1].file.revision)
    return _make_change(file, range(0))


def _make_change(file: RevisionFile, tables: range) -> Change:
    lines = "\n".join(_write_table(number) for number in tables)
    upgrade = lines or "op.create_table('h', sa.Column('id', sa.Integer()))\n" + (
        "op.drop_table('h')"
    )
    return Change(file=dataclasses.replace(file, upgrade=upgrade), tables=tables)


def _write_table(number: int) -> str:
    """Return what autogenerate writes for a table."""
    columns = "\n".join(
        f"    sa.Column('{name}', {kind.removesuffix(', index=True')}),"
        for name, kind, _ in _COLUMNS
    )
    return (
        f"op.create_table('t_{number}',\n"
        "    sa.Column('id', sa.Integer(), nullable=False),\n"
        "    sa.Column('parent', sa.Integer()),\n"
        f"{columns}\n"
        f"    sa.ForeignKeyConstraint(['parent'], ['t_{number}.id']),\n"
        "    sa.PrimaryKeyConstraint('id'),\n)\n"
        f"op.create_index('ix_t_{number}_email', 't_{number}', ['email'])"
    )


def write_models(count: int) -> str:
    """Return a module with as many models of Flask-SQLAlchemy."""
    lines = ["import sqlalchemy as sa", "", "from database import db", ""]

    for number in range(count):
        key = f"sa.ForeignKey('t_{number}.id')"
        lines += [
            f"class T{number}(db.Model):",
            f"    __tablename__ = 't_{number}'",
            "    id = db.Column(sa.Integer(), primary_key=True)",
            f"    parent = db.Column({key})",
            *(f"    {name} = db.Column({kind})" for name, kind, _ in _COLUMNS),
            "",
        ]

    return "\n".join(lines)


def write_django_models(count: int) -> str:
    """Return a module with as many models of Django."""
    lines = ["from django.db import models", ""]

    for number in range(count):
        lines += [f"class T{number}(models.Model):"]
        lines += [f"    {name} = {field}" for name, field in _list_fields(number)]
        lines += [""]

    return "\n".join(lines)


def write_django_migration(change: Change) -> str:
    """Return a migration of Django that does the same as a revision."""
    parents = ", ".join(f"('shop', '{one}')" for one in change.parents)
    made = [_write_model(f"T{number}", number) for number in change.tables]
    nothing = [_write_model("H", None), "migrations.DeleteModel('H')"]
    operations = ",\n        ".join(made or nothing)
    return (
        "from django.db import migrations, models\n\n\n"
        "class Migration(migrations.Migration):\n"
        f"    dependencies = [{parents}]\n"
        f"    operations = [\n        {operations}\n    ]\n"
    )


def _write_model(name: str, number: int | None) -> str:
    fields = [] if number is None else _list_fields(number)
    options = "auto_created=True, primary_key=True, serialize=False, verbose_name='ID'"
    key = ("id", f"models.AutoField({options})")
    pairs = ", ".join(f"('{field}', {kind})" for field, kind in (key, *fields))
    return f"migrations.CreateModel('{name}', [{pairs}])"


def _list_fields(number: int) -> list[tuple[str, str]]:
    """Return the fields of a model, without its key."""
    parent = f"models.ForeignKey('shop.T{number}', models.CASCADE, null=True)"
    index = {"email": ", db_index=True)"}
    fields = [
        (name, f"models.{kind[:-1]}{index.get(name, ')')}")
        for name, _, kind in _COLUMNS
    ]
    return [("parent", parent), *fields]

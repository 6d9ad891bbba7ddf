"""Small histories to lay into a repository, and the databases that belong to them."""

from __future__ import annotations

import dataclasses
import typing as t

CREATED = "2024-02-03 04:05:06"
"""When every revision of these histories was made."""

TEMPLATE = '''"""{message}

Revision ID: {id}
Revises: {revises}
Create Date: {created}

"""
from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision = {id!r}
down_revision = {down!r}
branch_labels = {labels!r}
depends_on = {depends_on!r}


{functions}'''


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One file of a history; it makes one table, if it makes something.

    :param id: its identifier.
    :param down: the revisions before it: none, one, or several for a merge.
    :param table: the table that it creates, named like a model of `apps`.
    :param binds: the databases of a multi-database repository, ``""`` for the
        default one, with the table that is created in each.
    """

    id: str
    message: str
    down: str | tuple[str, ...] | None = None
    labels: str | tuple[str, ...] | None = None
    depends_on: str | tuple[str, ...] | None = None
    table: str | None = None
    binds: tuple[tuple[str, str | None], ...] = ()

    @property
    def filename(self) -> str:
        """The name that Alembic's default pattern gives the file."""
        return f"{self.id}_{self.message.replace(' ', '_')}.py"

    @property
    def before(self) -> tuple[str, ...]:
        """Everything that must be applied before it."""
        return (*_as_tuple(self.down), *_as_tuple(self.depends_on))

    def render(self) -> str:
        """Return the text of the file."""
        if self.binds:
            functions = _render_dispatchers()
            functions += "".join(
                _render_functions(table, suffix=f"_{bind}")
                for bind, table in self.binds
            )
        else:
            functions = _render_functions(self.table)

        return TEMPLATE.format(
            message=self.message,
            id=self.id,
            revises=", ".join(_as_tuple(self.down)),
            created=CREATED,
            down=self.down,
            labels=self.labels,
            depends_on=self.depends_on,
            functions=functions,
        )


def _as_tuple(value: str | tuple[str, ...] | None) -> tuple[str, ...]:
    if value is None:
        return ()

    return (value,) if isinstance(value, str) else value


def _render_dispatchers() -> str:
    return "".join(
        f'def {way}(engine_name):\n    globals()["{way}_" + engine_name]()\n\n\n'
        for way in ("upgrade", "downgrade")
    )


def _render_functions(table: str | None, *, suffix: str = "") -> str:
    up = down = "pass"
    if table is not None:
        up = (
            f"op.create_table({table!r},\n"
            "        sa.Column('id', sa.Integer(), nullable=False),\n"
            "        sa.Column('name', sa.String(length=50), nullable=True),\n"
            "        sa.PrimaryKeyConstraint('id'))"
        )
        down = f"op.drop_table({table!r})"

    return (
        f"def upgrade{suffix}():\n    {up}\n\n\ndef downgrade{suffix}():\n    {down}\n"
        + ("\n\n" if suffix else "")
    )


History: t.TypeAlias = tuple[Revision, ...]

USERS = Revision(id="aaa111", message="add users", table="users")
POSTS = Revision(id="bbb222", message="add posts", table="posts", down="aaa111")
TAGS = Revision(id="ccc333", message="add tags", table="tags", down="bbb222")

NOTHING: History = ()
LINEAR: History = (USERS, POSTS, TAGS)

TWO_HEADS: History = (
    USERS,
    POSTS,
    Revision(id="ddd444", message="add tags", table="tags", down="aaa111"),
)
MERGED: History = (
    *TWO_HEADS,
    Revision(id="eee555", message="merge posts and tags", down=("bbb222", "ddd444")),
)
LABELLED: History = (
    Revision(id="aaa111", message="add users", table="users", labels=("people",)),
    Revision(id="bbb222", message="add posts", table="posts", down="aaa111"),
    Revision(id="fff666", message="add tags", table="tags", labels=("sorting",)),
)
DEPENDENT: History = (
    *LABELLED,
    Revision(
        id="abc777",
        message="sort the posts",
        down="fff666",
        depends_on="bbb222",
    ),
)
INTERWOVEN: History = (
    *DEPENDENT,
    # What the one before it depends on as well is left out.
    Revision(id="cde888", message="sort again", down="abc777", depends_on=("bbb222",)),
    Revision(id="bcd999", message="mark the posts", down="bbb222", depends_on="cde888"),
)
TWO_DATABASES: History = (
    Revision(
        id="aaa111",
        message="add users and events",
        binds=(("", "users"), ("audit", "events")),
    ),
    Revision(
        id="bbb222",
        message="add posts",
        down="aaa111",
        binds=(("", "posts"), ("audit", None)),
    ),
)


def applied(history: History, versions: t.Iterable[str]) -> list[Revision]:
    """Return what has been run when the version table holds these ids.

    :returns: the revisions, parents first.
    """
    by_id = {revision.id: revision for revision in history}
    wanted = set(versions)
    pending = list(versions)
    while pending:
        before = set(by_id[pending.pop()].before) - wanted
        wanted |= before
        pending += before

    return [revision for revision in history if revision.id in wanted]


def make_schema(history: History, versions: t.Sequence[str], *, bind: str = "") -> str:
    """Return the SQL of a SQLite database that stands at these versions.

    :param bind: which database of a multi-database history.
    """
    statements = [
        # A database of a test may be lost; waiting for the disk takes the most time.
        "PRAGMA synchronous = OFF",
        "BEGIN",
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL,"
        " CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))",
    ]
    statements += [
        f"INSERT INTO alembic_version VALUES ('{version}')" for version in versions
    ]
    for revision in applied(history, versions):
        table = dict(revision.binds)[bind] if revision.binds else revision.table
        if table is not None:
            statements.append(
                f"CREATE TABLE {table} (id INTEGER NOT NULL, name VARCHAR(50),"
                " PRIMARY KEY (id))"
            )

    return ";\n".join([*statements, "COMMIT"])


SITUATIONS: dict[str, tuple[History, tuple[str, ...]]] = {
    "nothing": (NOTHING, ()),
    "at base": (LINEAR, ()),
    "half way": (LINEAR, ("bbb222",)),
    "at the head": (LINEAR, ("ccc333",)),
    "two heads": (TWO_HEADS, ("bbb222", "ddd444")),
    "one of two heads": (TWO_HEADS, ("ddd444",)),
    "merged": (MERGED, ("eee555",)),
    "at two bases": (LABELLED, ()),
    "labelled": (LABELLED, ("bbb222", "fff666")),
    "dependent": (DEPENDENT, ("abc777",)),
    "dependency applied": (DEPENDENT, ("bbb222",)),
    "interwoven": (INTERWOVEN, ("bcd999",)),
    "interwoven, half way": (INTERWOVEN, ("cde888",)),
}
"""Histories, and what the version table of the database holds."""

"""A plan says what an upgrade or downgrade would do, and changes nothing."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import pathlib
import textwrap
import typing as t

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from flask_migrate import Migrate
from flask_migrate.databases.dialects import get_dialect
from flask_migrate.databases.dialects.facts import Facts
from flask_migrate.databases.snapshot import take_snapshot
from flask_migrate.plan import Direction
from flask_migrate.plan import Effect
from flask_migrate.plan import Impact
from flask_migrate.plan import Loss
from flask_migrate.plan import Plan
from tests.support.apps import make_shop
from tests.support.apps import RevisionFile
from tests.support.projects import Project
from tests.support.servers import Backend

USERS = RevisionFile(
    revision="a1",
    message="create users",
    upgrade="""
        op.create_table(
            "users",
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("name", sa.String(40), nullable=False),
        )
        op.create_index("ix_users_name", "users", ["name"])
    """,
    downgrade="op.drop_table('users')",
)


def make_plans(project: Project, **options: t.Any) -> tuple[Plan, ...]:
    """Plan, as a program does."""
    with project.app.app_context():
        return project.migrate.plan(**options)


def make_plan(project: Project, **options: t.Any) -> Plan:
    """Plan for the only database."""
    (plan,) = make_plans(project, **options)
    return plan


@contextlib.contextmanager
def connected(url: str) -> cabc.Iterator[sa.Connection]:
    """Open one connection, and nothing that outlives it."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)

    with engine.connect() as connection:
        yield connection


def list_sql(plan: Plan) -> list[str]:
    """Return the statements of a plan, each on one line."""
    return [" ".join(one.sql.split()) for step in plan.steps for one in step.statements]


def record(url: str, work: cabc.Callable[[], t.Any]) -> list[str]:
    """Return the changes that the engines of this process make meanwhile."""
    seen: list[str] = []

    def note(connection: sa.Connection, cursor: t.Any, sql: str, *rest: t.Any) -> None:
        line = " ".join(sql.split())
        word = line.split()[0].upper()

        if "alembic_version" not in line and word not in QUIET:
            seen.append(line)

    sa.event.listen(sa.Engine, "before_cursor_execute", note)

    try:
        work()
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)

    return seen


QUIET = ("SELECT", "SHOW", "SET", "RESET", "PRAGMA", "BEGIN", "EXPLAIN")
"""What a run sends besides its changes."""


def test_what_a_plan_holds(database_url: str, tmp_path: pathlib.Path) -> None:
    """Operations in words, their SQL, where they start and end, and on which server."""
    project = make_shop(tmp_path, database_url, USERS)
    plan = make_plan(project)
    (step,) = plan.steps
    assert [one.kind for one in step.operations] == ["create_table", "create_index"]
    assert step.operations[0].text == "create table users (id, name)"
    assert step.operations[1].text == "create index ix_users_name on users (name)"
    assert step.operations[0].statements[0].sql.startswith("CREATE TABLE users (")
    assert (plan.start, plan.end, plan.target) == ((), ("a1",), "head")
    assert (step.message, step.reversible, step.opaque) == ("create users", True, "")
    assert len(step.checksum) == len(plan.fingerprint) == 64
    assert plan.server.split()[0] in ("SQLite", "PostgreSQL", "MariaDB")
    assert plan.server[-1].isdigit()
    password = sa.make_url(database_url).password
    assert not password or password not in plan.url


def test_the_sql_is_what_an_upgrade_sends(
    database_url: str, tmp_path: pathlib.Path
) -> None:
    """Statement by statement, the plan is what the server gets."""
    project = make_shop(
        tmp_path,
        database_url,
        USERS,
        RevisionFile(
            revision="a2",
            down="a1",
            upgrade="""
                op.add_column("users", sa.Column("age", sa.Integer, comment="5%"))
                op.execute("UPDATE users SET name = 'a%' WHERE name LIKE '%b'")
                with op.batch_alter_table("users") as batch:
                    batch.alter_column(
                        "name", existing_type=sa.String(40), type_=sa.String(80),
                        existing_nullable=False,
                    )
                op.get_bind().execute(sa.text("DELETE FROM users WHERE id = 0"))
                op.rename_table("users", "people")
            """,
        ),
    )
    project.run_well("upgrade", "a1")
    planned = list_sql(make_plan(project))

    with project.app.app_context():
        sent = record(database_url, project.migrate.upgrade)

    is_doubled = sa.make_url(database_url).get_backend_name() != "sqlite"
    assert planned == [one.replace("%%", "%") if is_doubled else one for one in sent]
    assert len(planned) >= 5


def test_it_changes_nothing(database_url: str, tmp_path: pathlib.Path) -> None:
    """Schema, rows and version table are as they were; an SQLite file is not made."""
    project = make_shop(
        tmp_path,
        database_url,
        USERS,
        RevisionFile(
            revision="a2",
            down="a1",
            upgrade="""
                op.execute("INSERT INTO users (id, name) VALUES (2, 'x')")
                op.drop_table("users")
            """,
        ),
    )
    make_plan(project)
    path = sa.make_url(database_url).database or ""
    assert not database_url.startswith("sqlite") or not pathlib.Path(path).exists()

    project.run_well("upgrade", "a1")

    with connected(database_url) as connection:
        connection.exec_driver_sql("INSERT INTO users (id, name) VALUES (1, 'y')")
        connection.commit()
        before = take_snapshot(connection)
        connection.rollback()

        for revision in ("head", "base", "a1:base", "+1"):
            assert make_plan(project, revision=revision).steps

        rows = connection.exec_driver_sql("SELECT id FROM users").all()
        version = connection.exec_driver_sql("SELECT * FROM alembic_version").all()
        assert (rows, version) == ([(1,)], [("a1",)])
        assert take_snapshot(connection) == before


READS = {
    "execute": "op.get_bind().execute(sa.text('SELECT id FROM users')).all()",
    "scalar": "op.get_bind().scalar(sa.text('SELECT count(*) FROM users'))",
    "session": """
        from sqlalchemy.orm import Session
        Session(bind=op.get_bind()).execute(sa.text("SELECT id FROM users")).all()
    """,
    "loop": """
        for row in op.get_bind().execute(sa.text("SELECT id FROM users")):
            op.drop_table("users")
    """,
    "next": "next(op.get_bind().execute(sa.text('SELECT id FROM users')), None)",
    "swallowed": """
        try:
            op.get_bind().execute(sa.text("SELECT id FROM users")).first()
        except Exception:
            pass
    """,
    "context": """
        from alembic import context
        context.get_bind().execute(sa.text("SELECT id FROM users")).one_or_none()
    """,
}


@pytest.mark.parametrize("way", READS)
def test_a_step_that_reads_rows(
    database_url: str, tmp_path: pathlib.Path, way: str
) -> None:
    """It is opaque from there on, keeps what is known, and others are still planned."""
    body = "op.add_column('users', sa.Column('a', sa.Integer))\n" + "\n".join(
        line.strip() if "    " not in line else line for line in []
    )
    project = make_shop(
        tmp_path,
        database_url,
        USERS,
        RevisionFile(
            revision="a2",
            down="a1",
            header=f"def read():\n{indent(READS[way])}",
            upgrade=f"{body}read()\nop.add_column('users', sa.Column('b', sa.Integer))",
        ),
        RevisionFile(
            revision="a3",
            down="a2",
            upgrade="op.add_column('users', sa.Column('c', sa.Integer))",
        ),
    )
    _, second, third = make_plan(project).steps
    assert second.opaque.startswith("reads ")
    assert ": line " in second.opaque
    assert second.opaque.endswith("a2_.py")
    assert second.operations[0].text == "add column users.a INTEGER"
    assert "add column users.b" not in str(second.operations)
    assert [one.kind for one in third.operations] == ["add_column"]
    assert not third.opaque


def indent(text: str) -> str:
    """Indent a body for a function."""
    return textwrap.indent(textwrap.dedent(text).strip(), "    ")


def test_the_inspector(
    database_url: str, tmp_path: pathlib.Path, backend: Backend
) -> None:
    """A step that looks at the schema is known where its scratch database has it."""
    project = make_shop(
        tmp_path,
        database_url,
        USERS,
        RevisionFile(
            revision="a2",
            down="a1",
            upgrade="""
                if "age" not in sa.inspect(op.get_bind()).get_columns("users"):
                    op.add_column("users", sa.Column("age", sa.Integer))
            """,
        ),
    )
    step = make_plan(project).steps[1]

    if backend.name == "sqlite":
        assert [one.kind for one in step.operations] == ["add_column"]
    else:
        assert step.opaque == "reads the database: line 10 of a2_.py"


def test_a_step_that_fails(database_url: str, tmp_path: pathlib.Path) -> None:
    """An error is the reason why a step is opaque, with its line."""
    project = make_shop(
        tmp_path,
        database_url,
        RevisionFile(revision="a1", upgrade="raise ValueError('no such thing')"),
    )
    (step,) = make_plan(project).steps
    assert step.opaque == "stops here (ValueError: no such thing): line 10 of a1_.py"


def test_a_connection_of_its_own(tmp_path: pathlib.Path, database_url: str) -> None:
    """What a revision would write through the application's session is refused."""
    app = Flask("shop")
    app.config["SQLALCHEMY_DATABASE_URI"] = database_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"poolclass": sa.NullPool}
    db = SQLAlchemy(app)
    shop = make_shop(
        tmp_path,
        database_url,
        USERS,
        RevisionFile(
            revision="a2",
            down="a1",
            upgrade="""
                from flask import current_app
                session = current_app.extensions["sqlalchemy"].session
                session.execute(sa.text("INSERT INTO users (id, name) VALUES (1, 'x')"))
                session.commit()
            """,
        ),
    )
    project = Project(
        app=app, migrate=Migrate(app, db, directory=shop.folder), folder=shop.folder
    )
    project.run_well("upgrade", "a1")
    (step,) = make_plan(project).steps
    assert step.opaque == "uses a database connection of its own: line 12 of a2_.py"

    with connected(database_url) as connection:
        assert not connection.exec_driver_sql("SELECT * FROM users").all()


def test_an_engine_of_its_own(tmp_path: pathlib.Path, database_url: str) -> None:
    """Nor does one reach the database that a revision makes for itself."""
    project = make_shop(
        tmp_path,
        database_url,
        USERS,
        RevisionFile(
            revision="a2",
            down="a1",
            upgrade=f"""
                engine = sa.create_engine({database_url!r}, poolclass=sa.NullPool)
                with engine.begin() as connection:
                    connection.execute(sa.text("DROP TABLE users"))
            """,
        ),
    )
    project.run_well("upgrade", "a1")
    (step,) = make_plan(project).steps
    assert step.opaque == "uses a database connection of its own: line 12 of a2_.py"

    with connected(database_url) as connection:
        assert sa.inspect(connection).has_table("users")


TARGETS = {
    "head": (Direction.UPGRADE, ["a3"]),
    "heads": (Direction.UPGRADE, ["a3"]),
    "+1": (Direction.UPGRADE, ["a3"]),
    "a3": (Direction.UPGRADE, ["a3"]),
    "a2": (Direction.UPGRADE, []),
    "a1": (Direction.DOWNGRADE, ["a2"]),
    "-1": (Direction.DOWNGRADE, ["a2"]),
    "-2": (Direction.DOWNGRADE, ["a2", "a1"]),
    "base": (Direction.DOWNGRADE, ["a2", "a1"]),
    "a1:a3": (Direction.UPGRADE, ["a2", "a3"]),
    "base:head": (Direction.UPGRADE, ["a1", "a2", "a3"]),
    "a3:a1": (Direction.DOWNGRADE, ["a3", "a2"]),
    "head:-1": (Direction.DOWNGRADE, ["a3"]),
}


def test_targets(database_url: str, tmp_path: pathlib.Path) -> None:
    """The direction follows from the target; a range begins where it says."""
    project = make_shop(tmp_path, database_url)
    project.run_well("upgrade", "a2")

    for target, (direction, revisions) in TARGETS.items():
        plan = make_plan(project, revision=target)
        assert (target, plan.direction) == (target, direction)
        assert [step.revision for step in plan.steps] == revisions
        assert all(step.operations and not step.opaque for step in plan.steps)
        assert bool(plan.fingerprint) == (set(plan.start) == {"a2"})


def test_branches(tmp_path: pathlib.Path, database_url: str) -> None:
    """A branch can be planned alone, both ways."""
    root = RevisionFile(revision="r1")
    project = make_shop(
        tmp_path,
        database_url,
        root,
        RevisionFile(revision="x1", down="r1", labels=("left",)),
        RevisionFile(revision="y1", down="r1", labels=("right",)),
    )
    plan = make_plan(project, revision="left@head")
    assert [step.revision for step in plan.steps] == ["r1", "x1"]
    assert plan.end == ("x1",)
    project.run_well("upgrade", "heads")
    plan = make_plan(project, revision="right@-1")
    assert plan.direction is Direction.DOWNGRADE
    assert [step.revision for step in plan.steps] == ["y1"]
    assert plan.end == ("x1",)


@pytest.mark.backends("postgresql")
def test_postgresql_enums(database_url: str, tmp_path: pathlib.Path) -> None:
    """A type is made once, and not where it is there already."""
    table = "op.create_table('{}', sa.Column('m', sa.Enum('a', 'b', name='mood')))"
    project = make_shop(
        tmp_path,
        database_url,
        RevisionFile(
            revision="a1", upgrade=table.format("t"), downgrade="op.drop_table('t')"
        ),
        RevisionFile(revision="a2", down="a1", upgrade=table.format("u")),
    )
    assert sum("CREATE TYPE" in sql for sql in list_sql(make_plan(project))) == 1
    project.run_well("upgrade", "a1")
    project.run_well("downgrade")
    assert not any("CREATE TYPE" in sql for sql in list_sql(make_plan(project)))


@pytest.mark.backends("postgresql")
def test_autocommit_blocks(database_url: str, tmp_path: pathlib.Path) -> None:
    """What runs outside of the transaction says that it cannot be rolled back."""
    project = make_shop(
        tmp_path,
        database_url,
        USERS,
        RevisionFile(
            revision="a2",
            down="a1",
            upgrade="""
                with op.get_context().autocommit_block():
                    op.create_index(
                        "ix", "users", ["id"], postgresql_concurrently=True
                    )
                op.execute("SELECT 1")
            """,
        ),
    )
    concurrent, last = make_plan(project).steps[1].statements
    assert concurrent.sql == "CREATE INDEX CONCURRENTLY ix ON users (id)"
    assert not concurrent.effect.transactional
    assert last.effect.transactional


@pytest.mark.backends("mariadb")
def test_mysql_states_the_whole_column(
    database_url: str, tmp_path: pathlib.Path
) -> None:
    """From the live table where it is there, and by what the revision says if not."""
    project = make_shop(
        tmp_path,
        database_url,
        RevisionFile(
            revision="a1",
            upgrade="""
                op.execute("CREATE TABLE t (a VARCHAR(9) NOT NULL DEFAULT 'x')")
            """,
        ),
        RevisionFile(
            revision="a2",
            down="a1",
            upgrade="op.alter_column('t', 'a', type_=sa.String(20))",
        ),
    )
    first, second = make_plan(project).steps
    assert not first.opaque
    assert second.opaque.startswith("stops here (t.a: MySQL states a whole column")
    project.run_well("upgrade", "a1")
    assert list_sql(make_plan(project)) == [
        "ALTER TABLE t CHANGE `a` `a` VARCHAR(20) NOT NULL DEFAULT 'x'"
    ]


@pytest.mark.backends("sqlite")
def test_sqlite_rebuilds(tmp_path: pathlib.Path, database_url: str) -> None:
    """A rebuild is shown statement by statement, of the table as it will be then."""
    project = make_shop(
        tmp_path,
        database_url,
        USERS,
        RevisionFile(
            revision="a2",
            down="a1",
            upgrade="""
                op.add_column("users", sa.Column("age", sa.Integer))
                with op.batch_alter_table("users") as batch:
                    batch.drop_index("ix_users_name")
                    batch.drop_column("name")
                    batch.alter_column("age", nullable=False, existing_type=sa.Integer)
            """,
        ),
    )
    project.run_well("upgrade", "a1")

    with connected(database_url) as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER g AFTER INSERT ON users BEGIN SELECT 1; END"
        )
        connection.commit()

    (step,) = make_plan(project).steps
    assert not step.opaque
    _, batch = step.operations
    assert batch.text == (
        "batch users: drop index ix_users_name of users; drop column users.name;"
        " alter column users.age: NOT NULL"
    )
    words = [one.sql.split()[0] for one in batch.statements]
    assert words == ["CREATE", "INSERT", "DROP", "ALTER", "CREATE"]
    assert any("CREATE TRIGGER" in one.sql for one in batch.statements)


@pytest.mark.backends("sqlite")
def test_sqlite_rebuilds_with_foreign_keys(
    tmp_path: pathlib.Path, database_url: str
) -> None:
    """An application that enforces foreign keys everywhere has plans like any other."""
    project = make_shop(
        tmp_path,
        database_url,
        USERS,
        RevisionFile(
            revision="a2",
            down="a1",
            upgrade="""
                with op.batch_alter_table("users") as batch:
                    batch.alter_column("name", nullable=True, existing_type=sa.Text)
            """,
        ),
    )
    project.run_well("upgrade", "a1")

    def enforce(connection: t.Any, _record: object) -> None:
        connection.execute("PRAGMA foreign_keys = ON")

    sa.event.listen(sa.Engine, "connect", enforce)

    try:
        (step,) = make_plan(project).steps
    finally:
        sa.event.remove(sa.Engine, "connect", enforce)

    assert not step.opaque
    assert [one.sql.split()[0] for one in step.statements][:4] == [
        *("CREATE", "INSERT", "DROP", "ALTER")
    ]


def test_the_server_refuses_changes(database_url: str, tmp_path: pathlib.Path) -> None:
    """A revision that finds a way to the live connection cannot change anything."""
    project = make_shop(
        tmp_path,
        database_url,
        USERS,
        RevisionFile(
            revision="a2",
            down="a1",
            upgrade="""
                from alembic import context
                live = context._proxy._migration_context.connection
                live.exec_driver_sql("CREATE TABLE sneaky (id INTEGER)")
            """,
        ),
        RevisionFile(
            revision="a3",
            down="a2",
            upgrade="""
                from alembic import context
                live = context._proxy._migration_context.connection
                live.exec_driver_sql("INSERT INTO users (id, name) VALUES (1, 'x')")
            """,
        ),
    )
    project.run_well("upgrade", "a1")
    steps = make_plan(project).steps
    assert all(step.opaque.startswith("stops here (") for step in steps)

    with connected(database_url) as connection:
        tables = sa.inspect(connection).get_table_names()
        # Our own stand beside the version table.
        assert [one for one in tables if "alembic" not in one] == ["users"]
        assert not connection.exec_driver_sql("SELECT * FROM users").all()

    # The session is as it was: an upgrade on the same engine may write.
    for name in ("a2", "a3"):
        (project.versions / f"{name}_.py").unlink()

    project.run_well("downgrade", "base")


@pytest.mark.backends("mariadb")
def test_a_user_with_few_rights(
    database_url: str, mariadb_url: str, tmp_path: pathlib.Path
) -> None:
    """Nobody needs SHOW VIEW, or any right on the server, to make a plan."""
    name = sa.make_url(database_url).database

    with connected(database_url) as connection:
        connection.exec_driver_sql("CREATE VIEW v AS SELECT 1 AS one")
        connection.exec_driver_sql("CREATE USER clerk2 IDENTIFIED BY 'pw'")
        connection.exec_driver_sql(
            f"GRANT SELECT, CREATE, ALTER, INDEX ON `{name}`.* TO clerk2"
        )

    url = sa.make_url(database_url).set(username="clerk2", password="pw")

    try:
        plan = make_plan(make_shop(tmp_path, url, USERS))
        assert plan.steps[0].operations[0].kind == "create_table"
        assert plan.fingerprint
    finally:
        with connected(database_url) as connection:
            connection.exec_driver_sql("DROP USER clerk2")


def test_words(database_url: str, tmp_path: pathlib.Path) -> None:
    """Each of Alembic's operations is said in words; secrets are not."""
    project = make_shop(
        tmp_path, database_url, RevisionFile(revision="a1", upgrade=OPERATIONS)
    )
    (step,) = make_plan(project).steps
    assert not step.opaque
    assert [one.text for one in step.operations] == [
        "create table team (id, name)",
        "create table person (id, team_id)",
        "create unique index ix on team (name, lower(name))",
        "insert 2 rows into team",
        "drop index ix of team",
        "rename table person to people",
        "drop table people",
        "execute UPDATE team SET name='x' WHERE team.id = 1",
        "execute UPDATE team SET name = 'password=***'",
    ]
    assert "sekret" not in str(step)


OPERATIONS = """
    team = op.create_table(
        "team",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(9)),
    )
    op.create_table(
        "person",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("team_id", sa.Integer, sa.ForeignKey("team.id")),
    )
    op.create_index("ix", "team", ["name", sa.text("lower(name)")], unique=True)
    op.bulk_insert(team, [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}])
    op.drop_index("ix", "team")
    op.rename_table("person", "people")
    op.drop_table("people")
    op.execute(team.update().values(name="x").where(team.c.id == 1))
    op.execute("UPDATE team SET name = 'password=sekret'")
"""


def test_tables_made_by_sqlalchemy(database_url: str, tmp_path: pathlib.Path) -> None:
    """What ``create_all(bind)`` and ``Table.create(bind)`` send is seen."""
    project = make_shop(
        tmp_path,
        database_url,
        RevisionFile(
            revision="a1",
            upgrade="""
                bind = op.get_bind()
                metadata = sa.MetaData()
                sa.Table("t", metadata, sa.Column("id", sa.Integer))
                metadata.create_all(bind)
                sa.Table("u", sa.MetaData(), sa.Column("id", sa.Integer)).create(bind)
                if bind.dialect.name == "postgresql":
                    sa.Enum("a", name="mood").create(bind, checkfirst=True)
                if bind.engine.url.get_backend_name() == "none":
                    op.drop_table("t")
            """,
        ),
    )
    plan = make_plan(project)
    assert not plan.steps[0].opaque
    kinds = [sql.split()[1] for sql in list_sql(plan)]
    assert kinds[:2] == ["TABLE", "TABLE"]
    assert kinds[2:] in ([], ["TYPE"])


def test_effects_are_asked_for(
    database_url: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each statement is described, in its step; --count counts what would be lost."""
    asked: list[str] = []

    class Knowing(Facts):
        def begin_step(self) -> None:
            asked.append("step")

        def describe(self, sql: str) -> Effect:
            asked.append(sql.split()[0])
            lost = (
                Loss(table="users", column="name"),
                Loss(table="users"),
                Loss(table="nowhere"),
            )
            return Effect(impact=Impact.BRIEF, losses=lost, source="a test")

        def count_loss(self, loss: Loss, *, at_most: bool = False) -> int | None:
            query = f"SELECT count(*) FROM {loss.table}"
            known = loss.table == "users"
            return self.connection.scalar(sa.text(query)) if known else None

    backend = sa.make_url(database_url).get_backend_name()
    monkeypatch.setattr(
        type(get_dialect(backend)), "make_facts", lambda self, one: Knowing(one)
    )
    drop = RevisionFile(revision="a2", down="a1", upgrade="op.drop_table('users')")
    project = make_shop(tmp_path, database_url, USERS, drop)
    project.run_well("upgrade", "a1")

    with connected(database_url) as connection:
        for row in ("(1, 'x')", "(2, '')"):
            connection.exec_driver_sql(f"INSERT INTO users (id, name) VALUES {row}")

        connection.commit()

    (statement,) = make_plan(project).steps[0].statements
    assert [loss.rows for loss in statement.effect.losses] == [None, None, None]
    assert asked == ["step", "DROP"]
    (statement,) = make_plan(project, counts=True).steps[0].statements
    assert [loss.rows for loss in statement.effect.losses] == [2, 2, None]
    assert "loses users.name (2 rows)" in project.run_well("plan", "--count").stdout

"""rollback and redo: the way back, looked at before it is gone."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import pty
import sys
import typing as t

import pytest
import sqlalchemy as sa
from flask.cli import ScriptInfo

from flask_migrate.errors import ConsentMissing
from flask_migrate.errors import HistoryError
from flask_migrate.events import Event
from flask_migrate.events import EventKind
from flask_migrate.extension.journey import Goal
from flask_migrate.plan import Loss
from tests.support.apps import make_shop
from tests.support.apps import make_table
from tests.support.apps import RevisionFile
from tests.support.projects import Project


def read_heads(shop: Project) -> tuple[str, ...]:
    """Return where the one database stands."""
    with shop.app.app_context():
        return shop.migrate.current()[0].heads


def read_name(shop: Project) -> str:
    """Return the name of the one database."""
    with shop.app.app_context():
        return shop.migrate.name_database()[0]


def execute(shop: Project, *statements: str) -> None:
    """Run statements on the database."""
    with shop.app.app_context():
        engine = t.cast("sa.Engine", shop.migrate.state.find_databases()[0].engine)

    with engine.begin() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))


def branches() -> tuple[RevisionFile, ...]:
    """Return two branches on one base: a1, then b2 and c2."""
    return (
        make_table(1),
        make_table(2, revision="b2", down="a1"),
        make_table(3, revision="c2", down="a1"),
    )


def test_order_is_that_of_the_history(
    database_url: str, tmp_path: pathlib.Path
) -> None:
    """With two heads, -n 1 is the one that was applied last."""
    shop = make_shop(tmp_path, database_url, *branches())
    shop.run_well("upgrade", "c2")
    shop.run_well("upgrade", "b2")
    shop.run_well("rollback")
    assert read_heads(shop) == ("c2",)
    shop.run_well("upgrade", "heads")
    shop.run_well("rollback", "-n", "2")
    assert read_heads(shop) == ("a1",)


def test_without_a_history_the_files_decide(tmp_path: pathlib.Path) -> None:
    """One head is clear; two are not, and the error names the way out."""
    shop = make_shop(tmp_path, None, *branches(), config={"MIGRATE_HISTORY": False})
    shop.run_well("upgrade", "heads")
    result = shop.run("rollback")
    assert result.exit_code == 3
    assert "b2, c2" in result.stderr
    assert "--to REVISION" in result.stderr
    shop.run_well("rollback", "--to", "a1")
    assert read_heads(shop) == ("a1",)
    shop.run_well("rollback")
    assert read_heads(shop) == ()


def test_plain_alembic_in_between(tmp_path: pathlib.Path) -> None:
    """A revision that the history does not know is still the newest by the files."""
    shop = make_shop(tmp_path)
    shop.run_well("upgrade", "a2")
    shop.app.config["MIGRATE_HISTORY"] = False
    shop.run_well("upgrade")
    shop.app.config["MIGRATE_HISTORY"] = True
    result = shop.run("rollback", "--to", "2020-01-01")
    assert result.exit_code == 3
    assert "does not say when a3 was applied" in result.stderr
    shop.run_well("rollback")
    assert read_heads(shop) == ("a2",)
    shop.run_well("rollback")
    assert read_heads(shop) == ("a1",)


def test_to_tag_date_and_base(database_url: str, tmp_path: pathlib.Path) -> None:
    """A tag, a date, a revision and base each say where the way back ends."""
    shop = make_shop(tmp_path, database_url, *branches())
    shop.run_well("upgrade", "b2")
    shop.run_well("tag", "v1.0")
    shop.run_well("upgrade", "heads")
    shop.run_well("rollback", "--to", "v1.0")
    assert read_heads(shop) == ("b2",)

    shop.run_well("upgrade", "heads")
    shop.run_well("rollback", "--to", "2100-01-01")
    assert read_heads(shop) == ("b2", "c2")
    shop.run_well("rollback", "--to", "b2")
    assert read_heads(shop) == ("b2",)
    shop.run_well("rollback", "--to", "2020-01-01 10:00")
    assert read_heads(shop) == ()

    shop.run_well("upgrade", "heads")
    shop.run_well("rollback", "--to", "base")
    assert read_heads(shop) == ()
    result = shop.run("rollback", "--to", "v1.0")
    assert result.exit_code == 3
    assert "'v1.0' is not behind The database" in result.stderr


def test_run(tmp_path: pathlib.Path) -> None:
    """A run is undone as a whole, and only if nothing later stands on it."""
    shop = make_shop(tmp_path)
    shop.run_well("upgrade", "a2")
    shop.run_well("upgrade")

    with shop.app.app_context():
        (log,) = shop.migrate.log()

    first = log.entries[-1].run
    result = shop.run("rollback", "--run", first)
    assert result.exit_code == 3
    assert "a3 stands on" in result.stderr
    shop.run_well("rollback", "--run", "last")
    assert read_heads(shop) == ("a2",)
    shop.run_well("rollback", "--run", first[:8])
    assert read_heads(shop) == ()
    assert shop.run("rollback", "--run", "last").exit_code == 3


@pytest.mark.parametrize(
    "words", [("-n", "1", "--to", "a1"), ("--run", "last", "-n", "1"), ("-n", "0")]
)
def test_contradictions(words: tuple[str, ...], tmp_path: pathlib.Path) -> None:
    """Two answers to one question are wrong use."""
    shop = make_shop(tmp_path)
    assert shop.run("rollback", *words).exit_code == 2


def test_rows_need_consent(database_url: str, tmp_path: pathlib.Path) -> None:
    """Rows that would be lost are counted, and the database's name lets them go."""
    column = RevisionFile(
        revision="a2",
        down="a1",
        upgrade="op.add_column('t1', sa.Column('note', sa.String(20)))",
        downgrade="""
            with op.batch_alter_table('t1') as batch_op:
                batch_op.drop_column('note')
            """,
    )
    shop = make_shop(tmp_path, database_url, make_table(1), column)
    shop.run_well("upgrade")
    execute(
        shop,
        "INSERT INTO t1 (id, note) VALUES (1, 'x')",
        "INSERT INTO t1 (id) VALUES (2)",
    )
    name = read_name(shop)
    result = shop.run("rollback", "-n", "2")
    assert result.exit_code == 2
    assert "      loses t1.note: 1 row\n" in result.stderr
    assert "      loses t1: 2 rows\n" in result.stderr
    assert f"--confirm {name}" in result.stderr
    assert read_heads(shop) == ("a2",)
    assert shop.run("rollback", "--confirm", "another").exit_code == 2

    with shop.app.app_context():
        with pytest.raises(ConsentMissing) as caught:
            shop.migrate.rollback()

        assert caught.value.names == (name,)
        (plan,) = shop.migrate.plan_rollback()
        assert plan.steps[0].losses == (Loss(table="t1", column="note", rows=1),)
        shop.migrate.rollback(confirm=[name])

    assert read_heads(shop) == ("a1",)
    execute(shop, "DELETE FROM t1")
    shop.run_well("rollback")
    assert read_heads(shop) == ()


def test_what_is_made_on_the_way_loses_nothing(tmp_path: pathlib.Path) -> None:
    """A column that one downgrade brings back empty may go in the next one."""
    there = "op.add_column('t1', sa.Column('note', sa.Text))"
    gone = """
        with op.batch_alter_table('t1') as batch_op:
            batch_op.drop_column('note')
        """
    shop = make_shop(
        tmp_path,
        None,
        make_table(1),
        RevisionFile(revision="a2", down="a1", upgrade=there, downgrade=gone),
        RevisionFile(revision="a3", down="a2", upgrade=gone, downgrade=there),
    )
    shop.run_well("upgrade")
    execute(shop, "INSERT INTO t1 (id) VALUES (1)")
    shop.run_well("rollback", "--to", "a1")
    assert read_heads(shop) == ("a1",)


GONE = "loses t1: 1 row"
OWN = "may lose rows: it uses a database connection of its own: line"
ENGINE = """
        from flask import current_app
        engine = current_app.extensions['migrate'].find_databases()[0].engine
"""
CONNECTED = {
    "bind": ("op.get_bind().execute(sa.text('DELETE FROM t1'))", GONE),
    "context": (
        "op.get_context().connection.execute(sa.text('DELETE FROM t1'))",
        GONE,
    ),
    "environment": (
        """
        from alembic import context
        context.get_context().connection.execute(sa.text('DELETE FROM t1'))
        """,
        GONE,
    ),
    "session": (
        """
        from sqlalchemy.orm import Session
        Session(bind=op.get_bind()).execute(sa.text('DELETE FROM t1'))
        """,
        GONE,
    ),
    "swallowed": (
        """
        try:
            op.get_bind().execute(sa.text('DELETE FROM t1'))
        except Exception:
            pass
        """,
        GONE,
    ),
    "application": (
        f"""{ENGINE}
        from sqlalchemy.orm import Session
        with Session(engine) as session:
            session.execute(sa.text('DELETE FROM t1'))
            session.commit()
        """,
        OWN,
    ),
    "engine": (
        f"""{ENGINE}
        with engine.begin() as connection:
            connection.execute(sa.text('DELETE FROM t1'))
        """,
        OWN,
    ),
    "own engine": (
        f"""{ENGINE}
        own = sa.create_engine(engine.url, poolclass=sa.NullPool)
        with own.begin() as connection:
            connection.execute(sa.text('DELETE FROM t1'))
        """,
        OWN,
    ),
    "cursor": (
        "op.get_bind().connection.cursor().execute('DELETE FROM t1')",
        "may lose rows: it uses the driver's own cursor: line",
    ),
    "rows": (
        """
        for row in op.get_bind().execute(sa.text('SELECT id FROM t1')).all():
            op.execute(f'DELETE FROM t1 WHERE id = {row.id}')
        """,
        "may lose rows: it reads t1: line",
    ),
    "call": ("op.execute('CALL tidy_up()')", "may lose rows: it runs CALL tidy_up()"),
}


@pytest.mark.parametrize(("body", "sentence"), CONNECTED.values(), ids=CONNECTED.keys())
def test_downgrade_with_a_connection(
    body: str, sentence: str, tmp_path: pathlib.Path
) -> None:
    """What it does is seen, or may lose rows: it is asked for, and not run before."""
    shop = make_shop(tmp_path, None, make_table(1, downgrade=body))
    shop.run_well("upgrade")
    execute(shop, "INSERT INTO t1 (id) VALUES (1)")
    result = shop.run("rollback")
    assert result.exit_code == 2
    assert sentence in " ".join(result.stderr.split())
    with pytest.raises(sa.exc.IntegrityError):
        execute(
            shop,
            "CREATE TABLE counted (n INTEGER CHECK (n = 0))",
            "INSERT INTO counted SELECT count(*) FROM t1",
        )


def test_only_questions(tmp_path: pathlib.Path) -> None:
    """A downgrade that asks and finds nothing to do is not an empty one."""
    body = """
        if sa.inspect(op.get_bind()).has_table('gone'):
            op.drop_table('gone')
        """
    shop = make_shop(tmp_path, None, make_table(1, downgrade=body))
    shop.run_well("upgrade")
    shop.run_well("rollback")
    assert read_heads(shop) == ()


@pytest.mark.parametrize(
    "upgrade",
    ["", "op.execute('CREATE TABLE t2 (id INTEGER CHECK (twice(id)))')"],
    ids=["statement", "schema"],
)
def test_function_of_the_application(upgrade: str, tmp_path: pathlib.Path) -> None:
    """What only the application's connections know hides no loss, and is none."""
    table = make_table(1)
    back = f"op.execute('UPDATE t1 SET id = twice(id)')\n{table.downgrade}"
    both = dataclasses.replace(
        table, upgrade=f"{table.upgrade}\n{upgrade}", downgrade=back
    )
    shop = make_shop(tmp_path, None, both)

    with shop.app.app_context():
        engine = t.cast("sa.Engine", shop.migrate.state.find_databases()[0].engine)

    @sa.event.listens_for(engine, "connect")
    def add(driver: t.Any, record: t.Any) -> None:
        driver.create_function("twice", 1, abs, deterministic=True)

    shop.run_well("upgrade")
    execute(shop, "INSERT INTO t1 (id) VALUES (1)")
    result = shop.run("rollback")
    assert GONE in result.stderr
    assert "may lose rows" not in result.stderr
    execute(shop, "DELETE FROM t1")
    shop.run_well("rollback")
    assert read_heads(shop) == ()


def test_autocommit_block(tmp_path: pathlib.Path) -> None:
    """A block that commits by itself can be followed like the rest."""
    back = """
        with op.get_context().autocommit_block():
            op.execute('ANALYZE')
        op.drop_table('t1')
        """
    shop = make_shop(tmp_path, None, make_table(1, downgrade=back))
    shop.run_well("upgrade")
    shown = shop.run_well("rollback", "--plan").stdout.splitlines()
    assert shown[1:] == ["  [-] a1  a1"]


RAW = {
    "DROP TABLE t1": "loses t1: 1 row",
    "DROP TABLE IF EXISTS t1;": "loses t1: 1 row",
    "ALTER TABLE t1 DROP COLUMN id": "loses t1.id: 1 row",
    "DELETE FROM t1 WHERE id > 3": "loses t1: 1 row",
    "-- all of it\\nDROP TABLE t1": "loses t1: 1 row",
    "DROP SCHEMA shop": "may lose rows: it runs DROP SCHEMA",
    "DROP TABLE t1; DROP TABLE t2": "may lose rows: it runs DROP TABLE",
}


@pytest.mark.parametrize("sql", RAW)
def test_statements_are_read(sql: str, tmp_path: pathlib.Path) -> None:
    """SQL that a downgrade holds as text is looked at too."""
    shop = make_shop(tmp_path, None, make_table(1, downgrade=f"op.execute('{sql}')"))
    shop.run_well("upgrade")
    execute(shop, "INSERT INTO t1 (id) VALUES (1)")
    assert RAW[sql] in shop.run("rollback").stderr


BAD = {
    "empty": ("'''Nothing.'''\npass", "is empty, and its upgrade() is not"),
    "raising": ("raise NotImplementedError('no way back')", "no way back"),
    "exiting": ("raise SystemExit(3)", "raises SystemExit: 3"),
}


@pytest.mark.parametrize(("body", "sentence"), BAD.values(), ids=BAD.keys())
def test_whole_way_is_checked(body: str, sentence: str, tmp_path: pathlib.Path) -> None:
    """A bad downgrade at the end of the way stops it before its first step."""
    shop = make_shop(tmp_path, None, make_table(1, downgrade=body), make_table(2))
    shop.run_well("upgrade")
    result = shop.run("rollback", "-n", "2")
    assert result.exit_code == 3
    assert sentence in result.stderr
    assert read_heads(shop) == ("a2",)


def test_empty_both_ways_is_fine(tmp_path: pathlib.Path) -> None:
    """A merge does nothing either way, and is no obstacle."""
    merge = RevisionFile(revision="d3", down=("b2", "c2"))
    shop = make_shop(tmp_path, None, *branches(), merge)
    shop.run_well("upgrade")
    shop.run_well("rollback")
    assert read_heads(shop) == ("b2", "c2")


def test_plan_does_nothing(tmp_path: pathlib.Path) -> None:
    """--plan shows the steps and what they lose, as text and as JSON."""
    shop = make_shop(tmp_path)
    shop.run_well("upgrade")
    execute(shop, "INSERT INTO t3 (id) VALUES (1)")
    shown = shop.run_well("rollback", "--plan", "-n", "2").stdout.splitlines()
    assert shown[1:] == [
        "  [-] a3  a3",
        "      loses t3: 1 row",
        "  [-] a2  a2",
        f"  needs --confirm {read_name(shop)}",
    ]
    words = ("rollback", "--plan", "--format", "json")
    found = json.loads(shop.run_well(*words).stdout)
    (database,) = found["databases"]
    assert database["loses_rows"]
    assert database["steps"][0]["losses"][0]["rows"] == 1
    assert read_heads(shop) == ("a3",)


def test_redo(database_url: str, tmp_path: pathlib.Path) -> None:
    """redo goes one back and forward again; rows need the same consent."""
    shop = make_shop(tmp_path, database_url)
    shop.run_well("upgrade", "a2")
    path = shop.versions / "a2_.py"
    path.write_text(path.read_text().replace("'id'", "'number'"))
    shop.run_well("redo")
    assert read_heads(shop) == ("a2",)
    execute(shop, "INSERT INTO t2 (number) VALUES (1)")
    assert shop.run("redo").exit_code == 2
    shop.run_well("redo", "--confirm", read_name(shop))

    with shop.app.app_context():
        (log,) = shop.migrate.log(limit=2)

    assert [entry.kind for entry in log.entries] == ["upgrade", "downgrade"]


@pytest.mark.parametrize(("answer", "heads"), [("{name}", ("a2",)), ("no", ("a3",))])
def test_terminal_is_asked(
    answer: str,
    heads: tuple[str, ...],
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """At a terminal the name may be typed; anything else leaves all as it is."""
    shop = make_shop(tmp_path)
    shop.run_well("upgrade")
    execute(shop, "INSERT INTO t3 (id) VALUES (1)")
    master, slave = pty.openpty()
    os.write(master, f"{answer.format(name=read_name(shop))}\n".encode())

    with os.fdopen(slave) as terminal, monkeypatch.context() as patched:
        patched.setattr(sys, "stdin", terminal)
        group = shop.app.cli

        with pytest.raises(SystemExit) as caught:
            group.main(["db", "rollback"], obj=make_info(shop))

    os.close(master)
    assert caught.value.code == (0 if heads == ("a2",) else 2)
    assert read_heads(shop) == heads


def make_info(shop: Project) -> t.Any:
    """Return what Flask's command line loads the application from."""
    return ScriptInfo(create_app=lambda: shop.app)


def test_events(tmp_path: pathlib.Path) -> None:
    """A rollback tells of its steps as an upgrade does."""
    shop = make_shop(tmp_path)
    shop.run_well("upgrade")
    events: list[Event] = []

    with shop.app.app_context():
        (result,) = shop.migrate.redo(on_event=events.append).databases

    # What was found out about the way back is not true of the way forward.
    assert [bool(step.operations) for step in result.steps] == [True, False]
    kinds = [event.kind for event in events]
    assert kinds.count(EventKind.STEP_FINISHED) == 2


def test_somebody_was_faster(tmp_path: pathlib.Path) -> None:
    """A database that has moved since it was looked at is left alone."""
    shop = make_shop(tmp_path)
    shop.run_well("upgrade")

    with shop.app.app_context():
        migrate = shop.migrate

        with migrate._going_back(None, None, from_history=False) as journey:
            plans = journey.plan(Goal(steps=1))
            migrate.downgrade()

            with pytest.raises(HistoryError, match="has moved meanwhile"):
                journey.go(plans, timeout=None)

    assert read_heads(shop) == ("a2",)

"""A version table, or a schema, that is not what the revisions expect."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
import sqlalchemy as sa

from tests.faults.rows import check_answer
from tests.faults.rows import check_row
from tests.faults.rows import read_database
from tests.faults.rows import Row
from tests.faults.rows import row_params
from tests.support.apps import make_shop
from tests.support.apps import make_table
from tests.support.projects import Project

Damage = t.Callable[[Project], object]


def execute(*statements: str) -> Damage:
    """Run statements on the database of a shop."""

    def damage(project: Project) -> None:
        engine = sa.create_engine(f"sqlite:///{project.folder.parent / 'shop.db'}")
        with engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

        engine.dispose()

    return damage


UP = ("upgrade",)
LOST = (
    'Revision a1 "a1" could not be applied',
    "table t1 already exists",
    "flask db stamp",
)

ROWS = [
    Row(
        number=102,
        what="version table lost",
        before=(UP,),
        damage=execute("DROP TABLE alembic_version"),
        says=(*LOST, "applied 0 of 3; the database is at base"),
    ),
    Row(
        number=103,
        what="version table empty",
        before=(UP,),
        damage=execute("DELETE FROM alembic_version"),
        says=LOST,
    ),
    Row(
        number=104,
        what="version table with an unknown id too",
        before=(UP,),
        damage=execute("INSERT INTO alembic_version VALUES ('garbage')"),
        says=(
            "Can't locate revision identified by 'garbage'",
            "which the database stands at",
            "flask db stamp --purge",
        ),
    ),
    Row(
        number=105,
        what="version table with a revision and its ancestor",
        before=(("upgrade", "a2"),),
        damage=execute("INSERT INTO alembic_version VALUES ('a1')"),
        says=(
            "The version table holds a2 and its ancestor a1",
            "flask db stamp --purge a2",
        ),
        hides=("overlaps",),
    ),
    Row(
        number=107,
        what="tables made by create_all",
        damage=execute("CREATE TABLE t2 (id INTEGER)"),
        says=(
            'Revision a2 "a2" could not be applied',
            "table t2 already exists",
            "applied 1 of 3; the database is at a1",
            "flask db stamp",
        ),
        changes=True,
    ),
    Row(
        what="version table without its column",
        damage=execute("CREATE TABLE alembic_version (number TEXT)"),
        says=("alembic_version", "version_num"),
    ),
    Row(
        what="version table with NULL",
        before=(UP,),
        damage=execute(
            "DROP TABLE alembic_version",
            "CREATE TABLE alembic_version (version_num TEXT)",
            "INSERT INTO alembic_version VALUES (NULL)",
        ),
        says=("The version table holds NULL", "flask db stamp --purge"),
    ),
    Row(
        what="version table with an empty text",
        before=(UP,),
        damage=execute("UPDATE alembic_version SET version_num = ''"),
        says=("The version table holds NULL or an empty id", "flask db stamp --purge"),
    ),
    Row(
        what="version table of another tool",
        damage=execute(
            "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)",
            "INSERT INTO alembic_version VALUES ('20240101_other_app')",
        ),
        says=("'20240101_other_app', which the database stands at",),
    ),
    *(
        Row(
            what=f"version table with a revision and its ancestor, {words}",
            before=(("upgrade", "a2"),),
            damage=execute("INSERT INTO alembic_version VALUES ('a1')"),
            words=tuple(words.split()),
            says=("The version table holds a2 and its ancestor a1",),
        )
        for words in ("downgrade", "upgrade a3", "stamp a3", "current", "check")
    ),
]


@pytest.mark.parametrize("row", row_params(ROWS))
def test_version_table(row: Row, tmp_path: pathlib.Path) -> None:
    """What the table says and the files do not is named, and what sets it right."""
    check_row(row, make_shop(tmp_path))


def test_purge_sets_it_right(tmp_path: pathlib.Path) -> None:
    """The command that the errors name does what they say."""
    shop = make_shop(tmp_path)
    shop.run_well("upgrade", "a2")
    execute("INSERT INTO alembic_version VALUES ('a1')")(shop)
    shop.run_well("stamp", "--purge", "a2")
    shop.run_well("upgrade")
    tables = read_database(f"sqlite:///{tmp_path / 'shop.db'}")
    assert tables["alembic_version"] == [("a3",)]


@pytest.mark.row(106)
def test_row_twice(database_url: str, tmp_path: pathlib.Path) -> None:
    """A row that stands twice, without a primary key, is named before anything runs."""
    shop = make_shop(tmp_path, database_url)
    shop.run_well("upgrade", "a2")
    engine = sa.create_engine(database_url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        for statement in (
            "DROP TABLE alembic_version",
            "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)",
            "INSERT INTO alembic_version VALUES ('a2'), ('a2')",
        ):
            connection.exec_driver_sql(statement)

    before = read_database(database_url)
    result = shop.run("upgrade")
    check_answer(
        result,
        exit_code=1,
        says=("The version table holds a2 twice", "flask db stamp --purge a2"),
    )
    assert read_database(database_url) == before
    shop.run_well("stamp", "--purge", "a2")
    shop.run_well("upgrade")


@pytest.mark.row(108, 109, 110)
@pytest.mark.parametrize("backend_rule", ["long"])
def test_long_id(database_url: str, tmp_path: pathlib.Path, backend_rule: str) -> None:
    """An id that the version table cannot hold is refused before anything runs."""
    long = make_table(1, revision="x" * 40)
    shop = make_shop(tmp_path, database_url, long)
    result = shop.run("upgrade")
    if database_url.startswith("sqlite"):
        # SQLite holds any length: such repositories run today, and go on running.
        assert result.exit_code == 0, result.output
        return

    check_answer(
        result,
        exit_code=2,
        says=(
            "x" * 40 + "_.py has 40 characters",
            "version table of this database holds 32",
            "shorter id",
        ),
    )
    assert set(read_database(database_url)) <= {"alembic_version"}


def test_long_id_in_a_wide_column(database_url: str, tmp_path: pathlib.Path) -> None:
    """Where somebody has widened the column, a long id is right."""
    shop = make_shop(tmp_path, database_url, make_table(1, revision="x" * 40))
    engine = sa.create_engine(database_url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE alembic_version (version_num VARCHAR(64) NOT NULL)"
        )

    shop.run_well("upgrade")
    assert read_database(database_url)["alembic_version"] == [("x" * 40,)]


def write_id(shop: Project, revision: str) -> None:
    """Give the revision a1 another id, which its file keeps for itself."""
    path = shop.versions / "a1_.py"
    path.write_text(path.read_text().replace("'a1'", repr(revision)))


@pytest.mark.row(111, 112)
@pytest.mark.parametrize(
    "revision",
    ["a'b", "x') returning 1 --", "'); drop table victim; --", "a\\", "a\nb", "a-b"],
)
def test_id_that_would_be_sql(tmp_path: pathlib.Path, revision: str) -> None:
    """An id that Alembic's SQL cannot carry is refused with its file; nothing runs."""
    shop = make_shop(tmp_path, None, make_table(1))
    write_id(shop, revision)
    row = Row(
        what="id",
        says=("a1_.py: Character(s)", "not allowed in revision identifier"),
    )
    check_row(row, shop)


@pytest.mark.parametrize("revision", ["a%s", 'a"b', "a b", "a;b", "é", "$1", "?", "{}"])
def test_strange_id(database_url: str, tmp_path: pathlib.Path, revision: str) -> None:
    """An id that is merely strange works on every database, as it does today."""
    shop = make_shop(tmp_path, database_url, make_table(1))
    write_id(shop, revision)
    shop.run_well("upgrade")
    assert read_database(database_url)["alembic_version"] == [(revision,)]
    shop.run_well("downgrade", "base")

"""Where the commands differ from the original on purpose.

Each test shows first what the original does, and then what we chose.
"""

from __future__ import annotations

import pytest

from .apps import BLOG
from .apps import make_app
from .environments import OUR_PYTHON
from .environments import Worker
from .histories import DEPENDENT
from .histories import LABELLED
from .histories import LINEAR
from .histories import SITUATIONS
from .histories import TWO_HEADS
from .places import Pair
from .places import Place

pytestmark = pytest.mark.differs


def revisions(place: Place) -> list[str]:
    """Return the names of the files in ``versions``."""
    return place.files("migrations/versions")


def succeed(place: Place, command: str) -> str:
    """Run a command that must succeed, and return its stdout."""
    result = place.flask(command)
    assert result.exit_code == 0, f"{command}\n{result.output}"
    return result.stdout


# downgrade and merge


@pytest.mark.parametrize(("typed", "after"), [("-1", "aaa111"), ("-2", None)])
def test_relative_downgrade_as_typed(pair: Pair, typed: str, after: str | None) -> None:
    """``downgrade -1`` is what people type; the original takes it for an option."""
    pair.init(LINEAR, at=["bbb222"])
    theirs = pair.original.flask(f"db downgrade {typed}")
    assert (theirs.exit_code, "No such option" in theirs.stderr) == (2, True)
    succeed(pair.ours, f"db downgrade {typed}")
    assert pair.ours.versions() == [after] * (after is not None)


def test_relative_downgrade_with_options(ours: Place) -> None:
    """Options may stand before and after it."""
    ours.init()
    ours.add(LINEAR)
    ours.set_database(LINEAR, ["ccc333"])
    succeed(ours, "db downgrade -1 --tag release")
    succeed(ours, "db downgrade -d migrations -1")
    assert ours.versions() == ["aaa111"]
    assert ours.flask("db downgrade -q").exit_code == 2
    assert ours.versions() == ["aaa111"]


@pytest.mark.parametrize(
    ("situation", "command"),
    [
        ("half way", "merge"),
        ("half way", "merge heads"),
        ("half way", "merge ccc333"),
        ("nothing", "merge"),
        ("nothing", "merge heads"),
    ],
)
def test_merge_needs_two(pair: Pair, situation: str, command: str) -> None:
    """Fewer than two heads are nothing to merge; the original writes a file."""
    history, _ = SITUATIONS[situation]
    pair.init(history)
    before = pair.same(revisions)
    assert pair.original.flask(f"db {command}").exit_code == 0
    assert len(revisions(pair.original)) == len(before) + 1
    ours = pair.ours.flask(f"db {command}")
    assert ours.exit_code in {1, 2}
    assert "Error: " in ours.stderr
    assert revisions(pair.ours) == before


def test_bare_merge_of_two_heads(pair: Pair) -> None:
    """A bare `merge` merges the heads; the original's writes one more root."""
    pair.init(TWO_HEADS)
    for place in pair.both:
        succeed(place, "db merge --rev-id abc999")

    assert succeed(pair.original, "db heads").count("(head)") == 3
    assert succeed(pair.ours, "db heads") == "abc999 (head)\n"


# What only reads

READS = ("check", "show current", "history -i", "heads", "history", "current")


@pytest.mark.parametrize("command", READS)
def test_reading_makes_no_file(pair: Pair, command: str) -> None:
    """Where there is no database there is none after reading."""
    pair.init(LINEAR)
    theirs = pair.original.flask(f"db {command}")
    touches = command not in {"heads", "history"}
    assert (pair.original.tables() is not None) is touches
    ours = pair.ours.flask(f"db {command}")
    assert ours.exit_code == theirs.exit_code
    if ours.exit_code == 0:
        assert ours.stdout == theirs.stdout

    assert pair.ours.tables() is None


@pytest.mark.parametrize("command", READS)
def test_reading_makes_no_table(pair: Pair, command: str) -> None:
    """A database without a version table has none after reading."""
    pair.init(LINEAR)
    for place in pair.both:
        place.execute("CREATE TABLE mine (id INTEGER)")

    theirs = pair.original.flask(f"db {command}")
    makes = command in {"check", "show current", "history -i"}
    assert ("alembic_version" in (pair.original.tables() or [])) is makes
    ours = pair.ours.flask(f"db {command}")
    assert ours.exit_code == theirs.exit_code
    if ours.exit_code == 0:
        assert ours.stdout == theirs.stdout

    assert pair.ours.tables() == ["mine"]


@pytest.mark.parametrize("command", READS)
def test_reading_works_on_a_read_only_file(ours: Place, command: str) -> None:
    """Reading needs no right to write."""
    ours.init()
    ours.add(LINEAR)
    ours.set_database(LINEAR, ["ccc333"])
    # Root may write everywhere, so SQLite itself is told.
    app = BLOG.replace(
        'f"sqlite:///{here}/blog.db"',
        'f"sqlite:///file:{here}/blog.db?mode=ro&uri=true"',
    )
    ours.write("app.py", app)
    succeed(ours, f"db {command}")


# --sql


def test_sql_begins_where_the_database_is(pair: Pair) -> None:
    """``upgrade --sql`` is what is missing; the original always begins at the base."""
    pair.init(LINEAR, at=["bbb222"])
    theirs = succeed(pair.original, "db upgrade --sql")
    assert "CREATE TABLE users" in theirs
    ours = succeed(pair.ours, "db upgrade --sql")
    assert "CREATE TABLE tags" in ours
    assert "CREATE TABLE users" not in ours
    assert "CREATE TABLE alembic_version" not in ours
    assert ours == succeed(pair.original, "db upgrade --sql bbb222:head")
    assert pair.ours.versions() == ["bbb222"]


def test_sql_downgrade_begins_where_the_database_is(pair: Pair) -> None:
    """``downgrade --sql`` undoes the last step of the database, not of the files."""
    pair.init(LINEAR, at=["bbb222"])
    assert "DROP TABLE tags" in succeed(pair.original, "db downgrade --sql")
    ours = succeed(pair.ours, "db downgrade --sql")
    assert ours == succeed(pair.original, "db downgrade --sql bbb222:aaa111")


def test_sql_downgrade_to_a_revision(pair: Pair) -> None:
    """A target is enough where the database says from where; not for the original."""
    pair.init(LINEAR, at=["bbb222"])
    theirs = pair.original.flask("db downgrade --sql base")
    assert (theirs.exit_code, "requires <fromrev>:<torev>" in theirs.stderr) == (
        1,
        True,
    )
    ours = succeed(pair.ours, "db downgrade --sql base")
    assert ours == succeed(pair.original, "db downgrade --sql bbb222:base")


def test_sql_stamp_begins_where_the_database_is(pair: Pair) -> None:
    """``stamp --sql`` changes the row that is there."""
    pair.init(LINEAR, at=["bbb222"])
    assert "INSERT INTO alembic_version" in succeed(pair.original, "db stamp --sql")
    ours = succeed(pair.ours, "db stamp --sql")
    assert "UPDATE alembic_version SET version_num='ccc333'" in ours


def test_sql_of_a_database_at_its_head(ours: Place) -> None:
    """Where nothing is missing there is nothing to run."""
    ours.init()
    ours.add(LINEAR)
    ours.set_database(LINEAR, ["ccc333"])
    stdout = succeed(ours, "db upgrade --sql")
    assert "CREATE" not in stdout
    assert "INSERT" not in stdout


@pytest.mark.parametrize(
    ("arguments", "theirs_says", "ours_says"),
    [
        (
            "version_table='my_versions'",
            "CREATE TABLE alembic_version",
            "CREATE TABLE my_versions",
        ),
        (
            "version_table_schema='ops'",
            "CREATE TABLE alembic_version",
            "CREATE TABLE ops.alembic_version",
        ),
    ],
)
def test_sql_honours_options(
    pair: Pair, arguments: str, theirs_says: str, ours_says: str
) -> None:
    """The options of ``Migrate`` count for ``--sql``; the original forgets them."""
    pair.init(LINEAR, app=make_app("users", arguments=arguments))
    assert theirs_says in succeed(pair.original, "db upgrade --sql base:head")
    assert ours_says in succeed(pair.ours, "db upgrade --sql base:head")


@pytest.mark.parametrize("option", ["-o", "--output"])
def test_sql_goes_to_a_file(ours: Place, option: str) -> None:
    """``-o`` names a file for the SQL, and stdout stays empty."""
    ours.init()
    ours.add(LINEAR)
    stdout = succeed(ours, "db upgrade --sql")
    assert succeed(ours, f"db upgrade --sql {option} up.sql") == ""
    assert ours.read("up.sql") == stdout


# More than the original


def test_stamp_takes_several(pair: Pair) -> None:
    """Two branches need two stamps; the original takes one."""
    pair.init(LABELLED)
    assert pair.original.flask("db stamp bbb222 fff666").exit_code == 2
    succeed(pair.ours, "db stamp bbb222 fff666")
    assert pair.ours.versions() == ["bbb222", "fff666"]


@pytest.mark.parametrize(("at", "code"), [("bbb222", 1), ("ccc333", 0)])
def test_current_check_heads(ours: Place, at: str, code: int) -> None:
    """``current --check-heads`` tells a pipeline whether the database is behind."""
    ours.init()
    ours.add(LINEAR)
    ours.set_database(LINEAR, [at])
    assert ours.flask("db current --check-heads").exit_code == code


def test_revision_depends_on(ours: Place) -> None:
    """``revision --depends-on`` writes what Alembic's own option writes."""
    ours.init()
    ours.add(LABELLED)
    command = "db revision --rev-id abc999 --head sorting@head --depends-on bbb222"
    succeed(ours, command)
    text = ours.read("migrations/versions/abc999_.py")
    assert "depends_on = 'bbb222'" in text or "depends_on = ('bbb222',)" in text


def test_merge_splice(ours: Place) -> None:
    """``merge --splice`` merges revisions that are no heads."""
    ours.init()
    ours.add(DEPENDENT)
    refused = ours.flask("db merge aaa111 fff666 --rev-id abc999")
    assert refused.exit_code == 1, refused.output
    succeed(ours, "db merge aaa111 fff666 --splice --rev-id abc999")
    assert "abc999_.py" in revisions(ours)


def test_ensure_version(ours: Place) -> None:
    """``ensure-version`` makes the version table, and leaves one that is there."""
    ours.init()
    ours.add(LINEAR)
    succeed(ours, "db ensure-version")
    assert ours.tables() == ["alembic_version"]
    succeed(ours, "db stamp bbb222")
    succeed(ours, "db ensure-version")
    assert ours.versions() == ["bbb222"]


# What is refused, and what is safe


def test_failing_revision_leaves_nothing(pair: Pair) -> None:
    """A revision is applied whole or not at all, on SQLite too; the retry works."""
    pair.init(LINEAR, at=["aaa111"])
    path = "migrations/versions/bbb222_add_posts.py"
    good = pair.original.read(path)
    bad = good.replace("def downgrade", "    op.execute('nonsense')\n\n\ndef downgrade")
    pair.write(path, bad)
    theirs, ours = (place.flask("db upgrade") for place in pair.both)
    assert (theirs.exit_code, ours.exit_code) == (1, 1)
    assert "posts" in (pair.original.tables() or [])
    assert pair.ours.tables() == ["alembic_version", "users"]
    assert "bbb222" in ours.stderr
    pair.write(path, good)
    retry = pair.original.flask("db upgrade")
    assert (retry.exit_code, "already exists" in retry.stderr) == (1, True)
    succeed(pair.ours, "db upgrade")
    assert pair.ours.versions() == ["ccc333"]


def test_good_revisions_stay(ours: Place) -> None:
    """What was applied before a revision failed stays applied."""
    ours.init()
    ours.add(LINEAR)
    path = "migrations/versions/ccc333_add_tags.py"
    ours.write(path, ours.read(path).replace("op.create_table", "op.no_such_table"))
    result = ours.flask("db upgrade")
    assert result.exit_code == 1
    assert ours.versions() == ["bbb222"]


def test_order_does_not_change(ours: Place) -> None:
    """Several heads come in one order; in the original's a set decides each time."""
    ours.init()
    ours.add(LABELLED)
    ours.set_database(LABELLED, ["bbb222", "fff666"])
    worker = Worker(OUR_PYTHON, seed="3")
    place = Place("ours", ours.folder, worker, ours.folder)
    try:
        for command in ("heads", "current", "history"):
            assert succeed(place, f"db {command}") == succeed(ours, f"db {command}")
    finally:
        worker.close()


# autogenerate


@pytest.mark.parametrize("situation", ["half way", "at base"])
@pytest.mark.parametrize("command", ["migrate", "revision --autogenerate"])
def test_behind_is_no_obstacle(pair: Pair, situation: str, command: str) -> None:
    """The original refuses a database that is behind; the scripts say enough."""
    history, heads = SITUATIONS[situation]
    pair.init(history, at=heads)
    theirs = pair.original.flask(f"db {command}")
    assert theirs.exit_code == 1
    assert "Target database is not up to date." in theirs.stderr
    ours = pair.ours.flask(f"db {command}")
    assert (ours.exit_code, ours.stdout) == (0, "")
    assert "is not at the head; the models were compared with" in ours.stderr
    refused = pair.ours.flask(f"db {command} --against database")
    assert refused.exit_code == 1
    assert "Target database is not up to date." in refused.stderr


def test_mass_drop(pair: Pair) -> None:
    """The original drops every table of models that nobody has imported."""
    pair.init(LINEAR, at=["ccc333"], app=make_app())
    theirs = pair.original.flask("db migrate --rev-id abc999")
    assert theirs.exit_code == 0
    ours = pair.ours.flask("db migrate --rev-id abc999")
    assert ours.exit_code == 2
    assert "some were probably not imported" in ours.stderr
    assert "--allow-mass-drop" in ours.stderr
    assert len(revisions(pair.ours)) == len(revisions(pair.original)) - 1
    succeed(pair.ours, "db migrate --rev-id abc999 --allow-mass-drop")

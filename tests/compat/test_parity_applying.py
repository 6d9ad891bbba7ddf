"""The commands that move a database: upgrade, downgrade and stamp, and check."""

from __future__ import annotations

import typing as t

import pytest

from .apps import ASYNC
from .apps import BLOG
from .apps import make_app
from .apps import PLAIN
from .histories import LINEAR
from .histories import SITUATIONS
from .places import Pair
from .places import Place
from .rows import Row


class Move(t.NamedTuple):
    """A command, and what the version table holds after it; ``None``: no database."""

    situation: str
    command: str
    after: tuple[str, ...] | None
    says: str = ""
    code: int = 0


MOVES = (
    # Forward.
    Move("at base", "upgrade", ("ccc333",), "Running upgrade  -> aaa111, add users"),
    Move("half way", "upgrade", ("ccc333",), "Running upgrade bbb222 -> ccc333"),
    Move("at the head", "upgrade", ("ccc333",)),
    Move("nothing", "upgrade", ()),
    Move("at base", "upgrade head", ("ccc333",)),
    Move("at base", "upgrade heads", ("ccc333",)),
    Move("at base", "upgrade +1", ("aaa111",)),
    Move("half way", "upgrade +1", ("ccc333",)),
    Move("at base", "upgrade +2", ("bbb222",)),
    Move("at base", "upgrade aaa111+1", ("bbb222",)),
    Move("at base", "upgrade bbb222", ("bbb222",)),
    Move("at base", "upgrade bbb2", ("bbb222",)),
    Move("half way", "upgrade bbb222", ("bbb222",)),
    Move("at the head", "upgrade aaa111", ("ccc333",)),
    Move("at base", "upgrade --tag release", ("ccc333",)),
    Move("half way", "upgrade +5", ("bbb222",), "Relative revision +5 didn't", 1),
    Move("half way", "upgrade zzz", ("bbb222",), "Can't locate revision", 1),
    Move("half way", "upgrade aaa111:ccc333", ("bbb222",), "Range revision", 1),
    Move("half way", "upgrade head tail", ("bbb222",), "unexpected extra argument", 2),
    # Back.
    Move("half way", "downgrade", ("aaa111",), "Running downgrade bbb222 -> aaa111"),
    Move("half way", "downgrade -- -1", ("aaa111",)),
    Move("at the head", "downgrade -- -2", ("aaa111",)),
    Move("at the head", "downgrade aaa111", ("aaa111",)),
    Move("at the head", "downgrade aaa1", ("aaa111",)),
    Move("at the head", "downgrade ccc333-1", ("bbb222",)),
    Move("at the head", "downgrade base", ()),
    Move("half way", "downgrade bbb222", ("bbb222",)),
    Move("at base", "downgrade base", ()),
    Move("at base", "downgrade", (), "Relative revision -1 didn't produce", 1),
    Move("half way", "downgrade -- -5", ("bbb222",), "Relative revision -5 didn't", 1),
    Move("half way", "downgrade zzz", ("bbb222",), "Can't locate revision", 1),
    # Branches.
    Move("at two bases", "upgrade heads", ("bbb222", "fff666")),
    Move("at two bases", "upgrade people@head", ("bbb222",)),
    Move("at two bases", "upgrade people@+1", ("aaa111",)),
    Move("labelled", "downgrade people@base", ("fff666",)),
    Move("labelled", "downgrade people@-1", ("aaa111", "fff666")),
    Move("labelled", "upgrade", ("bbb222", "fff666"), "Multiple head revisions", 1),
    Move("one of two heads", "upgrade", ("ddd444",), "Multiple head revisions", 1),
    Move("one of two heads", "upgrade heads", ("bbb222", "ddd444")),
    Move("one of two heads", "downgrade", ("aaa111",)),
    Move("two heads", "downgrade aaa111", ("aaa111",)),
    Move("two heads", "upgrade heads", ("bbb222", "ddd444")),
    Move("merged", "downgrade base", ()),
    Move("merged", "downgrade aaa111", ("aaa111",)),
    Move("dependency applied", "upgrade sorting@head", ("abc777",)),
    Move("dependent", "downgrade sorting@base", ("bbb222",)),
    Move("dependent", "downgrade base", ()),
    # Without running anything.
    Move("at base", "stamp", ("ccc333",)),
    Move("at base", "stamp head", ("ccc333",)),
    Move("at base", "stamp heads", ("ccc333",)),
    Move("at base", "stamp bbb222", ("bbb222",)),
    Move("at base", "stamp bbb2", ("bbb222",)),
    Move("at the head", "stamp aaa111", ("aaa111",)),
    Move("at the head", "stamp base", ()),
    Move("at the head", "stamp", ("ccc333",)),
    Move("half way", "stamp --tag release", ("ccc333",)),
    Move("half way", "stamp --purge", ("ccc333",)),
    Move("half way", "stamp --purge base", ()),
    Move("half way", "stamp zzz", ("bbb222",), "Can't locate revision", 1),
    Move("one of two heads", "stamp", ("ddd444",), "Multiple heads are", 1),
    Move("one of two heads", "stamp heads", ("bbb222", "ddd444")),
    Move("at two bases", "stamp heads", ("bbb222", "fff666")),
    Move("at two bases", "stamp people@head", ("bbb222",)),
)


@pytest.mark.parametrize(
    "move",
    [pytest.param(move, id=f"{move.situation}: {move.command}") for move in MOVES],
)
def test_move(pair: Pair, move: Move) -> None:
    """Every name of a revision leads to the same place, with the same tables."""
    row = Row(move.situation, move.command, move.says, move.code)
    row.run(pair)
    assert tuple(pair.same(Place.versions)) == move.after
    tables = pair.same(Place.tables)
    if not move.command.startswith("stamp"):
        known = SITUATIONS[move.situation][0]
        made = {"alembic_version"} | {
            revision.table for revision in known if revision.table
        }
        assert set(tables or ()) <= made


@pytest.mark.parametrize("app", [BLOG, PLAIN, ASYNC], ids=["flask", "plain", "async"])
def test_whole_way(pair: Pair, app: str) -> None:
    """Up from nothing, down to nothing and up again, with each kind of engine.

    `alembic_version` stays, empty, after `downgrade base`.
    """
    template = "aioflask" if app is ASYNC else "flask"
    pair.init(LINEAR, app=app, template=template)
    whole = ["alembic_version", "posts", "tags", "users"]
    pair.flask("db upgrade", stdout="")
    assert pair.same(Place.tables) == whole
    pair.flask("db upgrade", stdout="")
    pair.flask("db downgrade base", stdout="")
    assert pair.same(Place.tables) == ["alembic_version"]
    pair.flask("db upgrade", stdout="")
    assert pair.same(Place.tables) == whole
    pair.flask("db check", stdout="No new upgrade operations detected.\n")


def test_rows_are_kept(pair: Pair) -> None:
    """What has nothing to do with a revision keeps its rows."""
    pair.init(LINEAR, at=["bbb222"])
    for place in pair.both:
        place.execute("INSERT INTO users VALUES (1, 'Ada') RETURNING id")

    pair.flask("db upgrade")
    pair.flask("db downgrade")
    assert pair.same(lambda place: place.execute("SELECT name FROM users")) == ["Ada"]


def test_stamp_does_not_need_the_old_version(pair: Pair) -> None:
    """``--purge`` is the way out of a version that no file has."""
    pair.init(LINEAR, at=["bbb222"])
    for place in pair.both:
        place.execute("UPDATE alembic_version SET version_num = 'gone' RETURNING 1")

    for command in ("upgrade", "current", "stamp", "downgrade", "check"):
        pair.flask(f"db {command}", code=1, says="Can't locate revision")

    pair.flask("db stamp --purge bbb222")
    assert pair.same(Place.versions) == ["bbb222"]


CHECKS = {
    "clean": (BLOG, "at the head", 0, "No new upgrade operations detected."),
    "behind": (BLOG, "half way", 1, "Target database is not up to date."),
    "a table more": (
        make_app("users", "posts", "tags", "votes"),
        "at the head",
        1,
        "New upgrade operations detected: [('add_table', Table('votes',",
    ),
    "a table less": (
        make_app("users", "posts"),
        "at the head",
        1,
        "New upgrade operations detected: [('remove_table', Table('tags',",
    ),
    "a column more": (
        BLOG + "\nUsers.email = db.Column(db.String(99))\n",
        "at the head",
        1,
        "New upgrade operations detected: [('add_column', None, 'users',",
    ),
}
"""An application, a database, the exit code of `check` and what it says."""


@pytest.mark.parametrize("case", CHECKS)
def test_check(pair: Pair, case: str) -> None:
    """`check` tells a pipeline whether a revision is missing, and writes none."""
    app, situation, code, says = CHECKS[case]
    history, versions = SITUATIONS[situation]
    pair.init(history, at=versions, app=app)
    files = pair.same(Place.files)
    pair.flask("db check", code=code, says=says)
    assert pair.same(Place.files) == files


TAGGED = """
tag = context.get_tag_argument()
print("tag", tag, context.get_x_argument())
"""


@pytest.mark.parametrize("command", ["upgrade", "downgrade", "stamp"])
def test_tag_reaches_the_environment(pair: Pair, command: str) -> None:
    """``--tag`` is for an ``env.py`` that asks for it."""
    pair.init(LINEAR, at=["bbb222"])
    for place in pair.both:
        env = place.folder / "migrations" / "env.py"
        env.write_text("from alembic import context\n" + TAGGED + env.read_text())

    pair.flask(f"db {command} --tag release", stdout="tag release []\n")

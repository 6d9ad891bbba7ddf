"""``--sql``: the statements instead of the work.

Ours begins where the database stands and knows more options, see
`test_differences_sql`; here is what is equal: a range that is written out, and a
database that is not there.
"""

from __future__ import annotations

import pytest

from .histories import LABELLED
from .histories import LINEAR
from .histories import MERGED
from .histories import TWO_HEADS
from .places import Pair
from .places import Place

RANGES = (
    "upgrade --sql base:head",
    "upgrade --sql base:+1",
    "upgrade --sql base:aaa1",
    "upgrade --sql aaa111:ccc333",
    "upgrade --sql bbb222:head",
    "upgrade --sql aaa111:+1",
    "downgrade --sql head:base",
    "downgrade --sql head:-1",
    "downgrade --sql ccc333:aaa111",
    "downgrade --sql bbb222:base",
    "stamp --sql aaa111:ccc333",
    "stamp --sql base:bbb222",
    "stamp --sql ccc333:base",
)


@pytest.mark.parametrize("command", RANGES)
def test_range(pair: Pair, command: str) -> None:
    """A range is the same SQL, whatever the database holds; nothing is run or made."""
    pair.init(LINEAR, at=["bbb222"])
    before = pair.same(Place.files)
    result = pair.flask(f"db {command}")
    assert "alembic_version" in result.stdout
    assert pair.same(Place.versions) == ["bbb222"]
    assert pair.same(Place.files) == before


FROM_NOTHING = (
    "upgrade --sql",
    "upgrade --sql head",
    "upgrade --sql bbb222",
    "upgrade --sql +1",
    "upgrade --sql heads",
    "stamp --sql",
    "stamp --sql bbb222",
)


@pytest.mark.parametrize("command", FROM_NOTHING)
def test_from_nothing(pair: Pair, command: str) -> None:
    """Without a database the SQL begins at the base, and none is made."""
    pair.init(LINEAR)
    assert "CREATE TABLE alembic_version" in pair.flask(f"db {command}").stdout
    assert pair.same(Place.tables) is None


HISTORIES = {"labelled": LABELLED, "merged": MERGED, "two heads": TWO_HEADS}


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("merged", "upgrade --sql"),
        ("merged", "upgrade --sql aaa111:eee555"),
        ("two heads", "upgrade --sql heads"),
        ("labelled", "upgrade --sql heads"),
        ("labelled", "upgrade --sql people@head"),
        ("labelled", "downgrade --sql bbb222:base"),
    ],
)
def test_branches(pair: Pair, name: str, command: str) -> None:
    """Branches and merges are the same SQL too."""
    pair.init(HISTORIES[name])
    pair.flask(f"db {command}")


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("downgrade --sql aaa111:zzz", "Can't locate revision"),
        ("upgrade --sql zzz", "Can't locate revision"),
        ("upgrade --sql base:zzz", "Can't locate revision"),
        ("downgrade --sql zzz:base", "Can't locate revision"),
    ],
)
def test_refused(pair: Pair, command: str, says: str) -> None:
    """A range that cannot be walked is refused."""
    pair.init(LINEAR)
    pair.flask(f"db {command}", code=1, says=says)
    assert pair.same(Place.tables) is None


def test_several_heads(pair: Pair) -> None:
    """With two heads the reader says which one, also for SQL."""
    pair.init(TWO_HEADS)
    says = "Multiple head revisions are present"
    pair.flask("db upgrade --sql", code=1, says=says)
    pair.flask("db downgrade --sql", code=1, says=says)


def test_downgrade_of_the_last_step(pair: Pair) -> None:
    """A bare `downgrade --sql` is the last step, where the database is at the head."""
    pair.init(LINEAR, at=["ccc333"])
    assert "DROP TABLE tags;" in pair.flask("db downgrade --sql").stdout


def test_literal_values(pair: Pair) -> None:
    """Values of statements are written out, and a comment says what each step is."""
    pair.init(LINEAR)
    path = "migrations/versions/bbb222_add_posts.py"
    text = pair.original.read(path).replace(
        "def downgrade",
        "    op.bulk_insert(sa.table('users', sa.column('name', sa.String)),"
        " [{'name': \"O'Hara\"}])\n\n\ndef downgrade",
    )
    pair.write(path, text)
    stdout = pair.flask("db upgrade --sql").stdout
    assert "INSERT INTO users (name) VALUES ('O''Hara');" in stdout
    assert "-- Running upgrade aaa111 -> bbb222\n" in stdout

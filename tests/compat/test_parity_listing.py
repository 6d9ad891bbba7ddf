"""The commands that read: heads, history, branches, show and current.

What they print is what scripts read, so it is equal byte for byte.
"""

from __future__ import annotations

import pytest

from .histories import LINEAR
from .histories import SITUATIONS
from .places import Pair
from .rows import each
from .rows import Row

COMMANDS = (
    "heads",
    "heads --verbose",
    "heads --resolve-dependencies",
    "branches",
    "branches -v",
    "current",
    "current -v",
    "history",
    "history --verbose",
    "history --indicate-current",
    "history -v -i -r base:heads",
    "show heads",
    "show current",
    "show base",
)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("situation", SITUATIONS)
def test_listing(pair: Pair, situation: str, command: str) -> None:
    """Every listing of every kind of history reads the same."""
    history, versions = SITUATIONS[situation]
    pair.init(history, at=versions)
    pair.flask(f"db {command}", ordered=" current" not in f" {command}")


HEADS: dict[str, tuple[str, str]] = {
    "nothing": ("", ""),
    "at base": ("ccc333 (head)\n", ""),
    "half way": ("ccc333 (head)\n", "bbb222\n"),
    "at the head": ("ccc333 (head)\n", "ccc333 (head)\n"),
    "two heads": ("bbb222 (head)\nddd444 (head)\n", "bbb222 (head)\nddd444 (head)\n"),
    "merged": ("eee555 (head)\n", "eee555 (head) (mergepoint)\n"),
    "labelled": (
        "bbb222 (people) (head)\nfff666 (sorting) (head)\n",
        "bbb222 (head)\nfff666 (head)\n",
    ),
    "dependent": (
        "abc777 (sorting) (head)\nbbb222 (people) (effective head)\n",
        "abc777 (head)\nbbb222 (effective head)\n",
    ),
    "interwoven": (
        "bcd999 (people) (head)\ncde888 (sorting) (effective head)\n",
        "bcd999 (head)\ncde888 (effective head)\n",
    ),
    "interwoven, half way": (
        "bcd999 (people) (head)\ncde888 (sorting) (effective head)\n",
        "bbb222\ncde888 (effective head)\n",
    ),
}
"""What `heads` and `current` print: the two that scripts read most."""


@pytest.mark.parametrize("situation", HEADS)
def test_heads_and_current(pair: Pair, situation: str) -> None:
    """Both packages print exactly these lines, whatever they both change to."""
    history, versions = SITUATIONS[situation]
    pair.init(history, at=versions)
    heads, current = HEADS[situation]
    pair.flask("db heads", stdout=heads)
    pair.flask("db current", stdout=current, ordered=False)


ROWS = (
    # Ranges.
    Row("half way", "history -r aaa111:bbb222", "aaa111 -> bbb222, add posts"),
    Row("half way", "history -r aaa:ccc", "bbb222 -> ccc333 (head), add tags"),
    Row("half way", "history -r base:current", "aaa111 -> bbb222, add posts"),
    Row("half way", "history -r -1:current", "aaa111 -> bbb222, add posts"),
    Row("half way", "history -r current:", "bbb222 -> ccc333 (head), add tags"),
    Row("half way", "history -r current:+1", "bbb222 -> ccc333 (head), add tags"),
    Row("half way", "history -r :bbb222", "<base> -> aaa111, add users"),
    Row("half way", "history -r bbb222:", "bbb222 -> ccc333 (head), add tags"),
    Row("half way", "history -r head:base", "", code=1),
    Row("two heads", "history -r base:heads", "aaa111 (branchpoint)"),
    Row("labelled", "history -r people@base:people@head", "(people)"),
    Row("half way", "history -r bbb222", "requires [start]:[end]", code=1),
    Row(
        "half way",
        "history -r zzz:head",
        "Can't locate revision identified by 'zzz'",
        code=1,
    ),
    # One revision.
    Row("half way", "show", "Rev: ccc333 (head)"),
    Row("half way", "show head", "Rev: ccc333 (head)"),
    Row("half way", "show bbb222", "Rev: bbb222\nParent: aaa111"),
    Row("half way", "show bb", "Rev: bbb222\nParent: aaa111"),
    Row("half way", "show current", "Rev: bbb222"),
    Row("half way", "show bbb222+1", "Can't locate revision", code=1),
    Row("labelled", "show people@head", "Rev: bbb222 (head)"),
    Row("merged", "show eee555", "Merges: bbb222, ddd444"),
    Row("dependent", "show abc777", "Rev: abc777 (head)"),
    Row("half way", "show zzz", "Can't locate revision identified by 'zzz'", code=1),
    Row("two heads", "show", "Multiple head revisions are present", code=1),
    Row("nothing", "show", ""),
    Row("dependent", "show a", "revision", code=1),
    # The database has a version without a file.
    Row("half way", "current", "Can't locate revision identified by 'gone'", code=1),
    Row(
        "half way", "current -v", "Current revision(s) for sqlite:///<folder>/blog.db:"
    ),
)


@each(ROWS)
def test_one_listing(pair: Pair, row: Row) -> None:
    """Ranges, prefixes, relative and symbolic names are understood alike."""
    row.lay(pair)
    if "gone" in row.says:
        for place in pair.both:
            place.execute("UPDATE alembic_version SET version_num = 'gone'")

    pair.flask(f"db {row.command}", code=row.code, says=row.says)


@pytest.mark.parametrize(
    "command",
    [
        "heads",
        "history",
        "branches",
        "show",
        "current",
        "upgrade",
        "downgrade",
        "check",
    ],
)
def test_before_init(pair: Pair, command: str) -> None:
    """Without a repository every command says what to do, and makes no database."""
    pair.write("app.py", "")
    for place in pair.both:
        place.init()
        place.folder.joinpath("migrations").rename(place.folder / "elsewhere")

    pair.flask(f"db {command}", code=1, says=["Path doesn't exist", "init"])
    assert pair.same(lambda place: place.tables()) is None


@pytest.mark.parametrize("command", ["heads", "history -v", "branches -v", "show"])
def test_no_database_is_needed(pair: Pair, command: str) -> None:
    """What only reads files neither needs a database nor makes one."""
    pair.init(LINEAR)
    pair.flask(f"db {command}")
    assert pair.same(lambda place: place.tables()) is None

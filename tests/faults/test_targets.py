"""Targets, ranges and options that lead nowhere."""

from __future__ import annotations

import pathlib

import pytest
import sqlalchemy as sa

from tests.faults.rows import check_row
from tests.faults.rows import Row
from tests.faults.rows import row_params
from tests.faults.test_graph import add
from tests.faults.test_graph import remove
from tests.faults.test_graph import TWO_HEADS
from tests.support.apps import make_shop
from tests.support.apps import make_table
from tests.support.apps import RevisionFile

UP = ("upgrade",)
NOPE = "Can't locate revision identified by 'nope'"
LISTS = "`flask db history` lists the revisions"

ROWS = [
    Row(
        number=85,
        what="upgrade to an unknown id",
        words=("upgrade", "nope"),
        says=(NOPE, LISTS),
    ),
    Row(
        what="upgrade to an id that is nearly right",
        damage=add(RevisionFile(revision="4f2b9c", down="a3")),
        words=("upgrade", "4f2b9d"),
        says=("Can't locate revision identified by '4f2b9d'", "Did you mean 4f2b9c?"),
    ),
    Row(
        number=86,
        what="upgrade to the beginning of two ids",
        damage=add(
            RevisionFile(revision="abcd1", down="a3"),
            RevisionFile(revision="abcd2", down="abcd1"),
        ),
        words=("upgrade", "abcd"),
        says=("'abcd' is ambiguous", "abcd1, abcd2", "Write more of the id"),
    ),
    Row(
        number=87,
        what="upgrade by more than there is",
        before=(("upgrade", "a1"),),
        words=("upgrade", "+99"),
        says=("Relative revision +99", "the database is at a1", "flask db history"),
    ),
    Row(
        what="upgrade past the head",
        words=("upgrade", "a3+1"),
        says=("a3+1", "flask db history"),
        connects=True,
    ),
    Row(
        what="upgrade past head",
        words=("upgrade", "head+1"),
        says=("'head+1' leads nowhere", "flask db history"),
        connects=True,
    ),
    Row(
        what="upgrade below the base",
        words=("upgrade", "a1-5"),
        says=("a1-5", "flask db history"),
        connects=True,
    ),
    Row(
        what="upgrade to an unknown branch",
        words=("upgrade", "nope@head"),
        says=("nope", "flask db history"),
    ),
    Row(
        number=88,
        what="upgrade to an older revision",
        before=(UP,),
        words=("upgrade", "a1"),
        exit_code=0,
        says=(
            "Nothing to do: a1 is applied already",
            "the database is at a3",
            "flask db downgrade a1",
        ),
    ),
    Row(
        what="upgrade of a database that is up to date",
        before=(UP,),
        exit_code=0,
        hides=("Nothing to do",),
    ),
    Row(
        number=89,
        what="downgrade to a newer revision",
        before=(("upgrade", "a1"),),
        words=("downgrade", "a3"),
        says=("Destination a3 is not a valid downgrade target", "flask db history"),
    ),
    Row(
        number=90,
        what="downgrade by more than there is",
        before=(UP,),
        words=("downgrade", "-99"),
        says=("Relative revision -99", "flask db history"),
    ),
    Row(
        number=91,
        what="downgrade of an empty database",
        words=("downgrade",),
        says=("Relative revision -1", "the database is at base, nothing is applied"),
        connects=True,
    ),
    Row(
        what="downgrade of a branch that is not applied",
        damage=add(make_table(3, labels=("prices",))),
        words=("downgrade", "prices@-1"),
        says=("prices@-1", "flask db history"),
        connects=True,
    ),
    Row(
        number=92,
        what="downgrade to an unknown id",
        before=(UP,),
        words=("downgrade", "bogus"),
        says=("Can't locate revision identified by 'bogus'", LISTS),
    ),
    Row(
        number=93,
        what="stamp of an unknown id",
        before=(UP,),
        words=("stamp", "bogus"),
        says=("Can't locate revision identified by 'bogus'", LISTS),
    ),
    Row(
        what="stamp with purge of an unknown id",
        before=(UP,),
        words=("stamp", "--purge", "bogus"),
        says=("Can't locate revision identified by 'bogus'", LISTS),
    ),
    Row(
        number=94,
        what="merge of one head",
        words=("merge", "a3"),
        exit_code=2,
        says=("merge joins several revisions", "'a3' means 1", "flask db heads"),
    ),
    Row(
        number=95,
        what="merge with no argument",
        words=("merge",),
        exit_code=2,
        says=("merge joins several revisions", "'heads' means 1"),
    ),
    Row(
        what="merge of one revision twice",
        words=("merge", "a3", "a3"),
        exit_code=2,
        says=("merge joins several revisions", "means 1"),
    ),
    Row(
        what="merge of a revision and its ancestor",
        words=("merge", "a3", "a1"),
        exit_code=2,
        says=("a1 is an ancestor of a3", "flask db heads"),
    ),
    Row(
        what="merge of a revision and its ancestor, spliced",
        words=("merge", "--splice", "a3", "a1"),
        exit_code=2,
        says=("a1", "a3", "ancestor"),
    ),
    Row(
        what="merge of a revision that is no head",
        damage=TWO_HEADS,
        words=("merge", "b3", "a2"),
        exit_code=2,
        says=("a2 is an ancestor of b3",),
    ),
    Row(
        what="merge of an unknown id",
        words=("merge", "a3", "nope"),
        says=(NOPE,),
    ),
    Row(
        number=96,
        what="show of an unknown id",
        words=("show", "bogus"),
        says=("Can't locate revision identified by 'bogus'", LISTS),
    ),
    Row(
        number=97,
        what="history with a bad range",
        words=("history", "-r", "a1:a2:a3"),
        says=("History range requires [start]:[end]", "'a1:a2:a3'", "-r START:END"),
    ),
    Row(
        what="history with a range without a colon",
        words=("history", "-r", "a1"),
        says=("History range requires [start]:[end]", "'a1'"),
    ),
    Row(
        what="history with an unknown end",
        words=("history", "-r", "a1:nope"),
        says=(NOPE, LISTS),
    ),
    Row(
        what="history with a range that goes back",
        words=("history", "-r", "a3:a1"),
        says=("a3:a1", "flask db history"),
    ),
    Row(
        what="a range without --sql",
        words=("upgrade", "a1:a2"),
        says=("Range revision not allowed: 'a1:a2'", "--sql"),
    ),
    Row(
        number=98,
        what="migrate behind the head",
        before=(("upgrade", "a1"),),
        words=("migrate", "--against", "database"),
        says=(
            "Target database is not up to date",
            "It is at a1; a2, a3 are not applied",
            "flask db upgrade",
        ),
    ),
    Row(
        number=99,
        what="migrate with no change",
        damage=remove("a1_.py", "a2_.py", "a3_.py"),
        words=("migrate",),
        exit_code=0,
    ),
    Row(
        number=128,
        what="upgrade with two targets",
        words=("upgrade", "a1", "a2"),
        exit_code=2,
        says=("unexpected extra argument (a2)", "upgrade [OPTIONS] [REVISION]"),
    ),
    Row(
        number=129,
        what="unknown command",
        words=("upgarde",),
        exit_code=2,
        says=("No such command 'upgarde'", "Did you mean 'upgrade'?"),
    ),
    Row(
        what="unknown option",
        words=("upgrade", "--tga", "x"),
        exit_code=2,
        says=("No such option", "--tag"),
    ),
    Row(
        what="x argument without a name",
        words=("upgrade", "-x", "=1"),
        exit_code=2,
        says=("-x '=1' has no name", "-x NAME=VALUE"),
    ),
    Row(
        number=101,
        what="edit without an editor",
        words=("edit",),
        says=("EDITOR is not set", "Set the EDITOR variable"),
    ),
    Row(
        what="edit of an unknown id",
        words=("edit", "nope"),
        says=(NOPE, LISTS),
    ),
    Row(
        what="stamp of several starts as SQL",
        words=("stamp", "--sql", "a1:a2", "a2:a3"),
        says=("single starting revision",),
    ),
    Row(
        what="stamp with purge as SQL",
        words=("stamp", "--sql", "--purge", "a1"),
        says=("--purge", "--sql"),
    ),
    Row(
        what="revision after an unknown head",
        words=("revision", "--head", "nope"),
        says=(NOPE, LISTS),
    ),
    Row(
        what="revision after a revision that is no head",
        words=("revision", "--head", "a1"),
        says=("a1 is not a head revision", "--splice"),
    ),
    Row(
        what="revision that depends on an unknown id",
        words=("revision", "--depends-on", "nope"),
        says=(NOPE,),
    ),
    Row(
        what="revision in an unknown folder",
        words=("revision", "--version-path", "../elsewhere"),
        says=("elsewhere", "version_locations"),
    ),
    Row(
        what="revision as SQL",
        words=("revision", "--sql"),
        says=("--sql", "flask db upgrade --sql"),
    ),
]


@pytest.fixture(autouse=True)
def no_editor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has an editor here."""
    for name in ("EDITOR", "VISUAL"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("row", row_params(ROWS))
def test_target(row: Row, tmp_path: pathlib.Path) -> None:
    """What leads nowhere is said, with what would lead somewhere; nothing is done."""
    check_row(row, make_shop(tmp_path))


@pytest.mark.row(100)
def test_check_of_other_models(tmp_path: pathlib.Path) -> None:
    """What differs is listed in words, with the command that writes it down."""
    metadata = sa.MetaData()
    sa.Table("user", metadata, sa.Column("code", sa.Text), sa.Column("a", sa.Text))
    shop = make_shop(tmp_path, metadata=metadata)
    shop.run_well("upgrade")
    check_row(
        Row(
            what="check",
            words=("check",),
            says=(
                "operations detected: [(",
                " add table user remove table t",
                "flask db migrate",
            ),
        ),
        shop,
    )

"""An applied revision whose file was edited afterwards."""

from __future__ import annotations

import pathlib

import pytest
import sqlalchemy as sa

from tests.faults.rows import check_row
from tests.faults.rows import Row
from tests.faults.rows import row_params
from tests.support.apps import make_shop
from tests.support.apps import make_table
from tests.support.projects import Project

SENTENCE = "Applied scripts have changed since they ran: a2."


def edit(project: Project) -> None:
    """Put another column into what a2 has made already."""
    path = project.versions / "a2_.py"
    text = path.read_text("utf-8")
    path.write_text(text.replace("sa.Integer)", "sa.BigInteger)"), "utf-8")


def add_and_edit(project: Project) -> None:
    """The same, with something left to run."""
    edit(project)
    (project.versions / "a4_.py").write_text(make_table(4).text, "utf-8")


EDITED = (
    Row(
        number=1,
        what="edited and nothing to run",
        before=(("upgrade",),),
        damage=edit,
        exit_code=0,
        says=(SENTENCE, "The database is as the old text made it."),
    ),
    Row(
        number=1,
        what="edited before an upgrade",
        before=(("upgrade",),),
        damage=add_and_edit,
        exit_code=0,
        says=(SENTENCE, "Running upgrade a3 -> a4"),
        changes=True,
    ),
    Row(
        number=2,
        what="check after the edit",
        before=(("upgrade",),),
        damage=edit,
        words=("check", "--against", "database"),
        exit_code=0,
        says=(SENTENCE,),
    ),
    Row(
        number=2,
        what="status after the edit",
        before=(("upgrade",),),
        damage=edit,
        words=("status",),
        exit_code=0,
        says=("[~] a2", "its script has changed since it was applied", "1 changed"),
    ),
)


def make_models() -> sa.MetaData:
    """Return the models that the three revisions make."""
    metadata = sa.MetaData()

    for number in (1, 2, 3):
        sa.Table(f"t{number}", metadata, sa.Column("id", sa.Integer))

    return metadata


@pytest.mark.parametrize("row", row_params(EDITED))
def test_edited(row: Row, tmp_path: pathlib.Path) -> None:
    """Whoever upgrades, checks or looks hears of it, and goes on."""
    check_row(row, make_shop(tmp_path, metadata=make_models()))


@pytest.mark.parametrize("command", ["upgrade", "check"])
def test_policy_fail(command: str, tmp_path: pathlib.Path) -> None:
    """Where the policy is to fail, nothing runs, and the ways out are named."""
    row = Row(
        what="policy fail",
        before=(("upgrade",),),
        damage=add_and_edit if command == "upgrade" else edit,
        words=(command,),
        says=(SENTENCE, "Put the old text back", "MIGRATE_CHANGED_SCRIPTS"),
    )
    config = {"MIGRATE_CHANGED_SCRIPTS": "fail"}
    check_row(row, make_shop(tmp_path, metadata=make_models(), config=config))


@pytest.mark.parametrize("words", [("upgrade",), ("check", "--against", "database")])
def test_policy_ignore(words: tuple[str, ...], tmp_path: pathlib.Path) -> None:
    """Where the policy is to ignore it, nobody is told."""
    row = Row(
        what="policy ignore",
        before=(("upgrade",),),
        damage=edit,
        words=words,
        exit_code=0,
        hides=("have changed",),
    )
    config = {"MIGRATE_CHANGED_SCRIPTS": "ignore"}
    check_row(row, make_shop(tmp_path, metadata=make_models(), config=config))

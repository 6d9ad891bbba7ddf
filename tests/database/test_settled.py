"""Scripts whose schema is known are not run again to compare the models with it."""

from __future__ import annotations

import dataclasses
import pathlib
import typing as t

import pytest
import sqlalchemy as sa

from flask_migrate.revisions.built import NAME
from tests.database.test_drafting import make_models
from tests.database.test_drafting import read_new
from tests.database.test_drafting import run_sql
from tests.database.test_drafting import USERS
from tests.support.apps import make_shop
from tests.support.projects import Project

TABLES = ("users", "alembic_version", "alembic_version_history")


class Counted(t.NamedTuple):
    """A shop whose only script writes down that it runs."""

    shop: Project
    log: pathlib.Path
    models: sa.MetaData

    def count(self, *words: str, exit_code: int = 0) -> int:
        """Return how often a command runs the script."""
        self.log.write_text("")
        result = self.shop.run(*words)
        assert result.exit_code == exit_code, result.output
        return len(self.log.read_text())


@pytest.fixture
def counted(database_url: str, tmp_path: pathlib.Path) -> Counted:
    """A shop at the head, whose database was not empty before: nothing is known."""
    log = tmp_path / "log"
    note = f"""
        with open({str(log)!r}, 'a') as log:
            log.write('.')
    """
    script = dataclasses.replace(USERS, upgrade=USERS.upgrade.rstrip() + note)
    models = make_models()
    shop = make_shop(tmp_path, database_url, script, metadata=models)
    run_sql(database_url, "CREATE TABLE other (id INTEGER)")
    shop.run_well("upgrade")
    run_sql(database_url, "DROP TABLE other")
    return Counted(shop, log, models)


def add_email(counted: Counted) -> None:
    """Write a second script, which adds a column of the models."""
    counted.models.tables["users"].append_column(sa.Column("email", sa.String(50)))
    add = "op.add_column('users', sa.Column('email', sa.String(50)))"
    counted.shop.write_revision("b2", down="a1", upgrade=add)


def test_once_is_enough(counted: Counted) -> None:
    """The first comparison runs the scripts; the next ones know what they build."""
    assert counted.count("check") == 1
    assert counted.count("check") == 0
    assert counted.count("migrate") == 0
    assert read_new(counted.shop) == ""


def test_an_upgrade_knows(counted: Counted, database_url: str) -> None:
    """Where an upgrade had an empty database to itself, no check runs the scripts."""
    run_sql(database_url, *(f"DROP TABLE {name}" for name in TABLES))
    assert counted.count("upgrade") == 1
    assert counted.count("check") == 0


def test_the_next_upgrade_knows_too(counted: Counted) -> None:
    """Where it began with what all scripts before it build."""
    counted.count("check")
    add_email(counted)
    assert counted.count("upgrade") == 0
    assert counted.count("check") == 0


def test_a_database_changed_before_it(counted: Counted, database_url: str) -> None:
    """It is no witness: what somebody did by hand is still there after the upgrade."""
    counted.count("check")
    run_sql(database_url, "ALTER TABLE users ADD COLUMN age INTEGER")
    counted.models.tables["users"].append_column(sa.Column("age", sa.Integer))
    add_email(counted)
    counted.count("upgrade")
    assert counted.count("check", exit_code=1) == 1


def test_an_upgrade_from_somewhere_else(counted: Counted) -> None:
    """Nobody has looked at what was between the known revision and its start."""
    counted.count("check")
    add_email(counted)
    counted.shop.write_revision("c3", down="b2")
    counted.count("upgrade", "b2")
    counted.count("upgrade")
    assert counted.count("check") == 1


def test_the_way_back(counted: Counted) -> None:
    """A downgrade may leave something behind."""
    counted.count("check")
    add_email(counted)
    counted.count("upgrade")
    counted.count("downgrade")
    next(counted.shop.versions.glob("b2*")).unlink()
    assert counted.count("check", exit_code=1) == 1


def test_a_script_that_changes(counted: Counted) -> None:
    """Another text of a script may build something else."""
    counted.count("check")
    path = counted.shop.versions / "a1_.py"
    path.write_text(path.read_text() + "\n# changed\n")
    assert counted.count("check") == 1
    assert counted.count("check") == 0


def test_a_database_that_changes(counted: Counted, database_url: str) -> None:
    """By hand, as the models do too: the scripts still lack it."""
    counted.count("check")
    counted.models.tables["users"].append_column(sa.Column("email", sa.String(50)))
    run_sql(database_url, "ALTER TABLE users ADD COLUMN email VARCHAR(50)")
    assert counted.count("check", exit_code=1) == 1


@pytest.mark.backends("postgresql", "mariadb")
def test_a_comment_that_changes(counted: Counted, database_url: str) -> None:
    """A comment is a part of the schema."""
    engine = sa.create_engine(database_url, poolclass=sa.NullPool)
    counted.count("check")
    counted.models.tables["users"].comment = "people"

    with engine.begin() as connection:
        users = sa.Table("users", sa.MetaData(), comment="people")
        connection.execute(sa.schema.SetTableComment(users))

    assert counted.count("check", exit_code=1) == 1


def test_models_that_change(counted: Counted) -> None:
    """What is found is compared, and proven, with what the scripts build."""
    counted.count("check")
    counted.models.tables["users"].append_column(sa.Column("email", sa.String(50)))
    assert counted.count("migrate", "-m", "x") == 1
    assert "email" in read_new(counted.shop)


def test_an_answer(counted: Counted) -> None:
    """An answer that fits nothing is refused, whatever is known."""
    counted.count("check")
    assert counted.count("migrate", "--rename", "a:b", exit_code=2) == 1


def test_what_is_kept_may_be_damaged(counted: Counted) -> None:
    """Then, and where it cannot be written, the scripts run again."""
    counted.count("check")
    kept = counted.shop.versions / "__pycache__" / NAME

    for content in (b"{", b"[]", b"\xff", b'{"a": 1}'):
        kept.write_bytes(content)
        assert counted.count("check") == 1

    kept.unlink()
    kept.mkdir()
    assert counted.count("check") == 1
    assert counted.count("check") == 1


def test_who_asks_for_it(counted: Counted) -> None:
    """``--against scripts`` runs them."""
    counted.count("check")
    assert counted.count("check", "--against", "scripts") == 1

"""How much a command asks of the database, by counting."""

from __future__ import annotations

import pathlib
import typing as t

import sqlalchemy as sa

from tests.support.projects import make_project


def test_upgrade_with_nothing_to_do(database_url: str, tmp_path: pathlib.Path) -> None:
    """At the head, an upgrade makes two statements at most and takes no lock."""
    engine = sa.create_engine(database_url)
    project = make_project(tmp_path, engines=engine, metadatas=sa.MetaData())
    project.write_revision("a1")
    project.run_well("upgrade")
    statements: list[str] = []

    @sa.event.listens_for(engine, "before_cursor_execute")
    def note(connection: t.Any, cursor: t.Any, statement: str, *rest: t.Any) -> None:
        statements.append(statement)

    project.run_well("upgrade")
    assert len(statements) <= 2, statements
    assert "lock" not in " ".join(statements).lower()
    engine.dispose()

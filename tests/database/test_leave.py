"""leave: the way back out, without our tables."""

from __future__ import annotations

import pathlib

import sqlalchemy as sa

from tests.support.apps import make_shop


def test_leave(database_url: str, tmp_path: pathlib.Path) -> None:
    """Our tables go with consent, by their exact names; every other one stays."""
    shop = make_shop(tmp_path, database_url)
    shop.run_well("upgrade")
    engine = sa.create_engine(database_url, poolclass=sa.NullPool)

    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE alembic_version_mine (id INTEGER)"))

    before = set(sa.inspect(engine).get_table_names())
    name = str(engine.url.database)
    result = shop.run("leave")
    assert result.exit_code == 2
    assert "alembic_version_history" in result.stderr
    assert f"--confirm {name}" in result.stderr
    assert set(sa.inspect(engine).get_table_names()) == before

    result = shop.run_well("leave", "--confirm", name)
    assert f"{name}: dropped alembic_version_history" in result.stderr
    expected = {"alembic_version", "alembic_version_mine", "t1", "t2", "t3"}
    assert set(sa.inspect(engine).get_table_names()) == expected
    assert "a3 (head)" in shop.run_well("current").stdout
    assert "nothing to drop" in shop.run_well("leave").stderr

    # Whoever stays after all begins a new history.
    shop.run_well("downgrade")
    assert shop.run_well("log").stdout.count("[X]") == 1

"""A long transaction holds a table that an upgrade alters: nobody waits for long."""

from __future__ import annotations

import pathlib
import time

import pytest
import sqlalchemy as sa

from flask_migrate.databases.dialects import get_dialect
from tests.support.apps import make_shop
from tests.support.apps import make_table
from tests.support.forks import start_flask
from tests.support.readers import reading

SCHEDULING = 0.25
"""Seconds that a busy machine adds to any read, besides what the quiet ones show."""


@pytest.mark.server
def test_readers_wait_for_a_moment(database_url: str, tmp_path: pathlib.Path) -> None:
    """A read waits for one attempt at most; the upgrade ends when the holder leaves.

    `python -m benchmarks waits` measures, and compares.
    """
    alter = make_table(2, upgrade="op.add_column('t1', sa.Column('y', sa.Integer))")
    project = make_shop(tmp_path, database_url, make_table(1), alter)
    project.run_well("upgrade", "a1")
    engine = sa.create_engine(database_url, poolclass=sa.NullPool)
    limit = get_dialect(engine.dialect.name).lock_timeout

    with reading(database_url, "t1") as quiet:
        while len(quiet) < 20:
            time.sleep(0.01)

    with engine.connect() as holder, reading(database_url, "t1") as waits:
        holder.exec_driver_sql("SELECT count(*) FROM t1")
        child = start_flask("db", "upgrade", app=project.app)
        while max(waits, default=0) < limit / 2:
            time.sleep(0.05)

        holder.rollback()
        outcome = child.wait()

    assert outcome.exit_code == 0, outcome.output
    assert "Waiting for a lock" in outcome.stderr
    assert max(waits) <= limit * 1.2 + max(quiet) + SCHEDULING

"""How long readers wait while an upgrade waits for a long transaction."""

from __future__ import annotations

import contextlib
import threading
import time
import typing as t

import sqlalchemy as sa
from tests.support.apps import make_table
from tests.support.apps import RevisionFile
from tests.support.readers import reading
from tests.support.servers import Backend

from benchmarks.places import Places
from benchmarks.rivals import both
from benchmarks.rivals import Rival
from benchmarks.tables import spread
from benchmarks.tables import Table

HELD = 6.0
"""Seconds for which the transaction is open."""
BIG = RevisionFile(
    revision="a1",
    upgrade="op.create_table('big', sa.Column('x', sa.Integer))",
)
ALTER = make_table(2, upgrade="op.add_column('big', sa.Column('y', sa.Integer))")


def measure(places: Places, backends: list[Backend], *, rounds: int) -> None:
    """Print the longest SELECT of four readers, without an upgrade and with one."""
    names = ("longest read, idle", "longest read, upgrade", "exit 0")
    table = Table("database", "package", *(f"{one:24}" for one in names))
    with both() as rivals:
        for backend in backends:
            for rival in rivals:
                if backend.server is not None:
                    found = [_wait(places, backend, rival) for _ in range(rounds)]
                    idle, busy, codes = zip(*found, strict=True)
                    well = f"{codes.count(0)} of {rounds}"
                    table.add(
                        backend.name,
                        rival.name,
                        spread(idle, " s"),
                        spread(busy, " s"),
                        well,
                    )


def _wait(places: Places, backend: Backend, rival: Rival) -> tuple[float, float, int]:
    repository = rival.write_repository([BIG, ALTER])
    with places.made(backend) as url:
        options: dict[str, t.Any] = {"url": url, "repository": repository}
        first = rival.run("db", "upgrade", "a1", **options)
        assert first.exit_code == 0, first.output

        with reading(url, "big") as idle:
            time.sleep(HELD / 2)

        with _holding(url), reading(url, "big") as busy:
            code = rival.run("db", "upgrade", **options).exit_code

        return max(idle), max(busy), code


@contextlib.contextmanager
def _holding(url: str) -> t.Iterator[None]:
    """Keep a transaction open that has read the table, for a while."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM big")
        timer = threading.Timer(HELD, connection.rollback)
        timer.start()

        try:
            yield
        finally:
            timer.join()

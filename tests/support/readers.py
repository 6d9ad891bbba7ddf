"""Others who use a table meanwhile, and how long they wait."""

from __future__ import annotations

import contextlib
import threading
import time
import typing as t

import sqlalchemy as sa

READERS = 4
PAUSE = 0.005


@contextlib.contextmanager
def reading(url: str | sa.URL, table: str) -> t.Iterator[list[float]]:
    """Read a table again and again from several sessions.

    :returns: the seconds of each read.
    """
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    waits: list[float] = []
    leave = threading.Event()
    # Whoever forks while a thread sets up TLS gets a child that waits for ever.
    connected = threading.Barrier(READERS + 1)

    def read() -> None:
        with engine.connect() as connection:
            connected.wait()

            while not leave.wait(PAUSE):
                began = time.monotonic()
                connection.exec_driver_sql(f"SELECT count(*) FROM {table}")
                waits.append(time.monotonic() - began)
                connection.rollback()

    readers = [threading.Thread(target=read) for _ in range(READERS)]
    for reader in readers:
        reader.start()

    connected.wait()

    try:
        yield waits
    finally:
        leave.set()
        for reader in readers:
            reader.join()

"""A short visit to a server, outside of any transaction and of the app's pool."""

from __future__ import annotations

import asyncio
import collections.abc as cabc
import contextlib
import contextvars
import threading
import typing as t

import sqlalchemy as sa
from sqlalchemy import pool

if t.TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

T = t.TypeVar("T")

OURS = {"whimbrel_ours": True}
"""The execution option of the engines that no revision has made."""


def make_server_engine(url: sa.URL) -> sa.Engine | AsyncEngine:
    """Return an engine whose connections commit by themselves, and are not kept.

    :param url: with a synchronous or an asynchronous driver.
    """
    options: dict[str, t.Any] = {
        "isolation_level": "AUTOCOMMIT",
        "poolclass": pool.NullPool,
        "execution_options": OURS,
    }

    if url.get_dialect().is_async:
        from sqlalchemy.ext.asyncio import create_async_engine

        return create_async_engine(url, **options)

    return sa.create_engine(url, **options)


def run_connected(
    engine: sa.Engine | AsyncEngine,
    work: cabc.Callable[[sa.Connection], T],
) -> T:
    """Run some work on one connection of an engine, whatever kind of engine it is.

    :param engine: synchronous or asynchronous.
    :param work: is given a synchronous connection; with an asynchronous engine it
        runs in a greenlet, so everything it calls may stay synchronous.
    """
    if not isinstance(engine, sa.Engine):
        return run_coroutine(_run_async(engine, work))

    with engine.connect() as connection:
        return work(connection)


async def _run_async(engine: AsyncEngine, work: cabc.Callable[[sa.Connection], T]) -> T:
    async with engine.connect() as connection:
        try:
            return await connection.run_sync(work)
        finally:
            # The connection belongs to this event loop, which ends here: it must not
            # go back into the pool, except where the pool is that one connection.
            if not isinstance(engine.pool, pool.StaticPool):
                with contextlib.suppress(sa.exc.SQLAlchemyError):
                    await connection.run_sync(lambda sync: sync.detach())


def run_coroutine(coroutine: cabc.Coroutine[t.Any, t.Any, T]) -> T:
    """Run a coroutine to its end, from inside a running event loop too.

    A loop that runs cannot be entered again, so the work moves to a helper thread and
    this thread waits for it.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return _run_in_loop(coroutine)

    return _run_in_thread(coroutine)


def _run_in_loop(coroutine: cabc.Coroutine[t.Any, t.Any, T]) -> T:
    """Run a coroutine to its end; hand it the Ctrl-C that the loop has met.

    ``asyncio.run`` would leave with the interruption, and the work would never learn
    which one it was.
    """
    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        task = loop.create_task(coroutine)

        try:
            return loop.run_until_complete(task)
        except KeyboardInterrupt as interruption:
            if task.done():
                raise

            task.cancel(interruption)
            return loop.run_until_complete(task)


def _run_in_thread(coroutine: cabc.Coroutine[t.Any, t.Any, T]) -> T:
    results: list[T] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            results.append(asyncio.run(coroutine))
        except BaseException as error:  # raised again by the caller
            errors.append(error)

    # The application context is a context variable, which a new thread does not have.
    context = contextvars.copy_context()
    thread = threading.Thread(target=context.run, args=(work,), name="flask-migrate")
    thread.start()
    thread.join()

    if errors:
        raise errors[0]

    return results[0]

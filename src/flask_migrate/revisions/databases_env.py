"""What a new repository's ``env.py`` calls: run the command on every database."""

from __future__ import annotations

import collections.abc as cabc
import logging
import typing as t

import sqlalchemy as sa
from alembic import context

from ..databases.server import run_connected
from ..databases.sources import Database
from ..databases.sources import require_metadata
from ..errors import NotConfigured

_log = logging.getLogger("alembic.env")


def run_databases(
    databases: tuple[Database, ...],
    configure_args: cabc.Mapping[str, t.Any],
    *,
    multidb: bool,
    two_phase: bool,
) -> None:
    """Run the current command, as SQL or on live connections.

    :param databases: all of the application's, the default one first.
    :param configure_args: its arguments for ``context.configure()``.
    :param multidb: run every database, with one function each in the revisions; else
        the default one only.
    :param two_phase: commit all of them together or none.
    """
    chosen = databases if multidb else (_choose_default(databases),)
    hook = configure_args.get("process_revision_directives")
    arguments = {
        **configure_args,
        "process_revision_directives": hook or _make_skip(len(chosen)),
    }

    if context.is_offline_mode():
        for database in chosen:
            _write_sql(database, arguments, multidb=multidb)
    elif two_phase:
        _run_together(chosen, arguments)
    else:
        for database in chosen:
            _run_alone(database, arguments, multidb=multidb)


def _make_skip(total: int) -> cabc.Callable[[t.Any, t.Any, list[t.Any]], None]:
    """Return the hook that drops a draft in which autogenerate has found nothing.

    :param total: how many databases there are: the draft is whole after the last one.
    """

    def skip(context_: t.Any, revision: t.Any, directives: list[t.Any]) -> None:
        options = context_.config.cmd_opts

        if not getattr(options, "autogenerate", False) or not directives:
            return

        found = directives[0].upgrade_ops_list

        if len(found) >= total and all(one.is_empty() for one in found):
            directives.clear()
            _log.info("No changes in schema detected.")

    return skip


def _choose_default(databases: tuple[Database, ...]) -> Database:
    if databases[0].key is None or len(databases) == 1:
        return databases[0]

    keys = ", ".join(one.title for one in databases)
    raise NotConfigured(
        f"The application has no default database, only {keys}, and this repository is"
        " for one database.",
        hint="Make a repository for several: `flask db init --multidb`.",
    )


def _arguments_for(
    database: Database, arguments: cabc.Mapping[str, t.Any], *, multidb: bool
) -> dict[str, t.Any]:
    metadatas = require_metadata(database)
    metadata = metadatas[0] if len(metadatas) == 1 else list(metadatas)
    tokens = {
        "upgrade_token": f"{database.name}_upgrades",
        "downgrade_token": f"{database.name}_downgrades",
    }
    return {**arguments, "target_metadata": metadata, **(tokens if multidb else {})}


def _run_migrations(database: Database, *, multidb: bool) -> None:
    if multidb:
        context.run_migrations(engine_name=database.name)
    else:
        context.run_migrations()


def _write_sql(
    database: Database, arguments: cabc.Mapping[str, t.Any], *, multidb: bool
) -> None:
    if multidb:
        _log.info("Migrating database %s", database.title)

    context.configure(
        url=database.url,
        literal_binds=True,
        **_arguments_for(database, arguments, multidb=multidb),
    )

    if multidb:
        context.static_output(f"-- Database {database.title}")

    with context.begin_transaction():
        _run_migrations(database, multidb=multidb)


def _run_alone(
    database: Database, arguments: cabc.Mapping[str, t.Any], *, multidb: bool
) -> None:
    if multidb:
        _log.info("Migrating database %s", database.title)

    def work(connection: sa.Connection) -> None:
        context.configure(
            connection=connection,
            **_arguments_for(database, arguments, multidb=multidb),
        )

        with context.begin_transaction():
            _run_migrations(database, multidb=multidb)

    run_connected(database.engine, work)


def _run_together(
    databases: tuple[Database, ...], arguments: cabc.Mapping[str, t.Any]
) -> None:
    for database in databases:
        if not database.dialect.two_phase:
            raise NotConfigured(
                f"{database.dialect.title} cannot commit in two phases (database"
                f" {database.title}).",
                hint="Write two_phase=False in env.py.",
            )

    _open_all(databases, arguments, [])


def _open_all(
    databases: tuple[Database, ...],
    arguments: cabc.Mapping[str, t.Any],
    connections: list[sa.Connection],
) -> None:
    """Open one connection inside the other: each may need a loop of its own."""
    if len(connections) < len(databases):
        run_connected(
            databases[len(connections)].engine,
            lambda one: _open_all(databases, arguments, [*connections, one]),
        )
        return

    transactions = [connection.begin_twophase() for connection in connections]

    try:
        for database, connection in zip(databases, connections, strict=True):
            _log.info("Migrating database %s", database.title)
            context.configure(
                connection=connection,
                **_arguments_for(database, arguments, multidb=True),
            )
            _run_migrations(database, multidb=True)

        for transaction in transactions:
            transaction.prepare()

        for transaction in transactions:
            transaction.commit()
    except BaseException:
        for transaction in transactions:
            transaction.rollback()

        raise

"""Rebuild one table of SQLite so that nothing about it is lost.

The steps are Alembic's: make a copy under another name, fill it, drop the original,
give the copy its name. The definition of the copy is the stored text, edited; what
hangs on the table comes back from its own stored text.
"""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import logging
import typing as t

import sqlalchemy as sa
from sqlalchemy import exc

from ....databases.dialects.sqlite_ddl import TableDefinition
from ....databases.dialects.sqlite_parser import parse_table
from ....databases.dialects.sqlite_tokens import quote_name
from ....databases.dialects.tokens import DefinitionError
from ....databases.dialects.tokens import is_same
from ....errors import DataAtRisk
from . import matching
from .catalog import Catalog
from .catalog import Compilation
from .catalog import StoredObject
from .checks import check_casts
from .checks import check_description
from .checks import check_dropped
from .checks import refuse
from .leftovers import check_leftover
from .revision import Revision

if t.TYPE_CHECKING:
    from alembic.operations.batch import ApplyBatchImpl

log: logging.Logger = logging.getLogger("flask_migrate")


class Rebuild:
    """One table while it is rebuilt, one method per step.

    :param connection: in a transaction that is rolled back if a step fails, with
        enforcement of foreign keys off.
    :param batch: Alembic's, with every operation of the batch applied.
    :param dropped: what its ``drop_constraint`` named; ``None`` if that is unknown.
    :param allow_lossy_casts: columns, as ``table.column``, whose values may change.
    """

    def __init__(
        self,
        connection: sa.Connection,
        batch: ApplyBatchImpl,
        *,
        dropped: tuple[sa.Constraint, ...] | None,
        allow_lossy_casts: frozenset[str],
    ) -> None:
        self.batch: ApplyBatchImpl = batch
        self.table: str = str(batch.table.name)
        self.temporary: str = batch.temp_table_name
        self._catalog = Catalog(connection, batch.table.schema)
        self._dialect = connection.dialect
        self._dropped = dropped
        self._allowed = allow_lossy_casts

    def prepare(self) -> None:
        """Read everything, refuse what cannot be carried, and rename columns.

        :raises DataAtRisk: saying what would be lost, and how to go on.
        """
        check_leftover(self._catalog, self.table, self.temporary)
        stored = self._read()

        with self._understanding():
            self._revision = revision = Revision(
                self.batch, self._dialect, dropped=self._dropped
            )

        kept = self._find_indexes() + self._find_triggers()
        check_description(revision, stored)
        check_dropped(self._catalog, revision, kept)
        check_casts(self._catalog, revision, stored, allowed=self._allowed)
        self._compiled = self._catalog.compile_all()
        self._aliases = self._rename_columns()
        self._stored = self._read()
        self._dropped_names = [
            self._aliases.get(name, name) for name in revision.dropped
        ]

        with self._understanding():
            self.definition: TableDefinition = revision.apply(
                self._stored, dropped=self._dropped_names
            )

        self._warn()
        self._keep_objects()

    def create(self) -> None:
        """Make the copy."""
        sql = self.definition.to_sql(self.temporary)
        made = StoredObject(
            kind="table", name=self.temporary, table=self.temporary, sql=sql
        )
        self._catalog.run(made.to_sql(self._catalog.schema))

    def copy(self) -> None:
        """Fill the copy."""
        pairs = list(self._pair_columns())
        targets = ", ".join(target for target, _ in pairs)
        sources = ", ".join(source for _, source in pairs)
        quote = self._catalog.quote
        self._catalog.run(
            f"INSERT INTO {quote(self.temporary)} ({targets})"
            f" SELECT {sources} FROM {quote(self.table)}"
        )

    def drop_original(self) -> None:
        """Drop the original, once the copy has all its rows.

        :raises DataAtRisk: if a constraint of the copy has swallowed some.
        """
        before = self._catalog.count(self.table)
        after = self._catalog.count(self.temporary)

        if before != after:
            raise self._refusal(
                f"the copy has {after} rows, the original {before}",
                hint="Look for ON CONFLICT IGNORE or REPLACE in what the batch adds.",
            )

        self._catalog.run(f"DROP TABLE {self._catalog.quote(self.table)}")

    def finish(self) -> None:
        """Give the copy its name, and back what hung on the original.

        :raises DataAtRisk: if a view or trigger would not work any more.
        """
        catalog = self._catalog

        with catalog.legacy_alter(True):
            catalog.run(
                f"ALTER TABLE {catalog.quote(self.temporary)}"
                f" RENAME TO {quote_name(self._stored.name)}"
            )

        if self.definition.is_autoincrement and self._sequence is not None:
            catalog.set_sequence(self._stored.name, self._sequence)

        for one in (*self._indexes, *self._triggers):
            catalog.run(one.to_sql(catalog.schema))

        catalog.set_statistics(self._statistics)
        self._check_compiled()

    def take_new_indexes(self) -> list[sa.Index]:
        """Return the indexes of the batch that Alembic would not make as given.

        It looks up their columns by the old names, and leaves out expressions.
        """
        names = {column.name for column in self.definition.columns}
        mine = {
            key: index
            for key, index in self.batch.new_indexes.items()
            if names.issuperset(
                one.name for one in index.expressions if isinstance(one, sa.Column)
            )
        }

        for key in mine:
            del self.batch.new_indexes[key]

        return list(mine.values())

    # -- before anything is touched ------------------------------------------------

    def _read(self) -> TableDefinition:
        found = self._catalog.find_table(self.table)

        if found is None:
            raise self._refusal(
                "its definition is not in the database",
                hint="Check the name; tables that are TEMPORARY cannot be rebuilt.",
            )

        with self._understanding():
            return parse_table(found.sql)

    def _rename_columns(self) -> dict[str, str]:
        """Let SQLite rename columns: it knows every place that names them.

        :return: the columns that had to make room for a new name, with the name
            that they have until they are dropped.
        """
        renames, dropped = self._revision.renames, self._revision.dropped
        wanted = {new.casefold() for old, new in renames.items()}
        moved = {
            name: f"_whimbrel_{place}"
            for place, name in enumerate((*renames, *dropped))
            if name.casefold() in wanted and not is_same(renames.get(name, ""), name)
        }
        steps = [
            *moved.items(),
            *((moved.get(old, old), new) for old, new in renames.items()),
        ]

        with self._catalog.legacy_alter(False):
            for old, new in steps:
                self._rename_column(old, new)

        return {name: moved[name] for name in dropped if name in moved}

    def _rename_column(self, old: str, new: str) -> None:
        # Quoted where it must be only: SQLite writes the name as it is given here.
        name = self._dialect.identifier_preparer.quote(new)

        try:
            self._catalog.run(
                f"ALTER TABLE {self._catalog.quote(self.table)}"
                f" RENAME COLUMN {quote_name(old)} TO {name}"
            )
        except exc.DBAPIError as error:
            raise self._refusal(
                f"SQLite does not rename {old} to {new}: {error.orig}",
                hint="Drop or repair what it names first.",
            ) from error

    def _warn(self) -> None:
        """Say what changes or stays although nobody may expect it."""
        if self._revision.is_given:
            for text in matching.list_losses(self._stored, self.definition):
                log.warning(
                    "%s: the table given as copy_from does not have %s",
                    self.table,
                    text,
                )

            return

        for text in matching.list_shared_keys(self._stored, self._dropped_names):
            log.warning("%s: %s goes with a column of it", self.table, text)

        for old in self._revision.retyped:
            for text in matching.find_checks(
                self.definition, self._revision.names[old]
            ):
                log.info("%s.%s keeps %s with its new type", self.table, old, text)

    def _keep_objects(self) -> None:
        catalog = self._catalog
        self._sequence = catalog.get_sequence(self._stored.name)
        self._statistics = catalog.get_statistics(self._stored.name)
        self._triggers = self._find_triggers()
        self._indexes = self._find_indexes()

        for one in self._indexes:
            # Alembic would make it from what reflection saw of it.
            self.batch.indexes.pop(one.name, None)

    def _find_triggers(self) -> list[StoredObject]:
        return self._catalog.find_objects("trigger", of=self.table)

    def _find_indexes(self) -> list[StoredObject]:
        known = {index.name for index in self.batch.table.indexes}
        dropped = known - set(self.batch.indexes)
        found = self._catalog.find_objects("index", of=self.table)
        return [one for one in found if one.name not in dropped]

    # -- while it is copied, and after -----------------------------------------------

    def _pair_columns(self) -> cabc.Iterator[tuple[str, str]]:
        """Pair the columns of the copy with what fills them, as SQL."""
        if rowid := self._find_rowid():
            yield rowid, rowid

        for old, new in self._revision.names.items():
            column = self.definition.column(new)

            if column is None or column.is_generated:
                continue

            name = quote_name(new)
            is_cast = self._revision.is_cast(old)
            yield name, f"CAST({name} AS {column.type_text})" if is_cast else name

    def _find_rowid(self) -> str | None:
        """Return the word for the hidden number of a row, if both tables have it.

        Nothing may depend on it, and full-text indexes do.
        """
        for table in (self._stored, self.definition):
            if not table.has_rowid or table.rowid_column is not None:
                return None

        columns = (*self._stored.columns, *self.definition.columns)
        names = {column.name.casefold() for column in columns}
        free = (word for word in ("rowid", "oid", "_rowid_") if word not in names)
        return next(free, None)

    def _check_compiled(self) -> None:
        after = self._catalog.compile_all()
        broken = []

        for title, before in self._compiled.items():
            why = self._explain(before, after.get(title, Compilation()))

            if why is not None:
                broken.append(f"{title} ({why})")

        if broken:
            raise self._refusal(
                f"it would break {', '.join(broken)}",
                hint="Drop it before the batch, and make it again after, as it must be"
                " then.",
            )

    def _explain(self, before: Compilation, after: Compilation) -> str | None:
        if before.error is not None:
            return None

        if after.error is not None:
            return self._with_old_names(after.error)

        # SQLite takes a quoted name that it does not know for a text constant.
        for name in self._revision.dropped:
            literal = self._aliases.get(name, name)

            if literal in after.literals - before.literals:
                return f"no such column: {name}"

        return None

    def _with_old_names(self, text: str) -> str:
        for name, alias in self._aliases.items():
            text = text.replace(alias, name)

        return text

    # -- refusals --------------------------------------------------------------------

    @contextlib.contextmanager
    def _understanding(self) -> cabc.Iterator[None]:
        try:
            yield
        except DefinitionError as error:
            raise self._refusal(
                str(error),
                hint="Change that first, or do this step with op.execute().",
            ) from error

    def _refusal(self, why: str, *, hint: str) -> DataAtRisk:
        return refuse(self.table, why, hint=hint)

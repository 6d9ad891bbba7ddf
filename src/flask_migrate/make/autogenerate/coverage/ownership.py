"""Tables that are somebody else's are not proposed for dropping."""

from __future__ import annotations

import re
import typing as t

from alembic.autogenerate.api import AutogenContext
from alembic.operations import ops
from alembic.runtime.plugins import Plugin
from alembic.util import DispatchPriority
from alembic.util import PriorityDispatchResult

from ....databases.dialects import get_dialect

OTHER_TOOLS = re.compile(
    r"""
    alembic_version.* | django_migrations | schema_migrations | ar_internal_metadata
  | flyway_schema_history | schema_version | databasechangelog(lock)?
  | __efmigrationshistory | knex_migrations(_lock)? | _prisma_migrations
  | sequelizemeta | goose_db_version | gorp_migrations | atlas_schema_revisions
  | doctrine_migration_versions | phinxlog | pgmigrations | aerich
  | _?yoyo_(migration|log|version|lock) | _sqlx_migrations
  | __(diesel_schema|drizzle)_migrations | refinery_schema_history
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""Where tools that change schemas note what they have done."""


def setup(plugin: Plugin) -> None:
    """Leave them out before anything is reflected."""
    plugin.add_autogenerate_comparator(
        _exclude, "schema", "ownership", priority=DispatchPriority.FIRST
    )


def _exclude(
    context: AutogenContext, upgrade: ops.UpgradeOps, schemas: set[str | None]
) -> PriorityDispatchResult:
    assert context.connection is not None  # a comparison looks at a database
    assert context.dialect is not None
    default = context.dialect.default_schema_name
    owned = get_dialect(context.dialect.name).find_owned_tables(context.connection)
    models = {(one.schema or default, one.name) for one in context.sorted_tables}

    def is_ours(name: str | None, kind: str, parents: t.Any) -> bool:
        key = (parents.get("schema_name") or default, name)

        if kind != "table" or name is None or key in models:
            return True

        return key not in owned and OTHER_TOOLS.fullmatch(name) is None

    # Alembic 1.20 takes filters of names from the environment only.
    context._name_filters = [*context._name_filters, is_ours]
    return PriorityDispatchResult.CONTINUE

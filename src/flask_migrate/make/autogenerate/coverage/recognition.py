"""Tables that nobody has changed are recognised, where that is exact.

Whatever could be seen in another way by a hook of the user or a comparator of others is
compared in full. SQLite, MySQL and MariaDB keep a text of each table: where it is that
of the model, nothing else is read of the table, and none of it is compared.
"""

from __future__ import annotations

import collections.abc as cabc
import typing as t

import sqlalchemy as sa
from alembic.autogenerate.api import AutogenContext

from ....databases.dialects import get_dialect
from ....databases.dialects.definitions import Models
from ....databases.dialects.definitions import Part
from ....databases.dialects.definitions import Place
from .. import plugins
from ..comparison import Comparison
from ..database import get_connection
from ..database import remember

_HOOKS = ("include_object", "compare_type", "compare_server_default")
"""What of the user's may see a difference. What hides names is asked about each."""
_KNOWN = ("alembic", __name__.partition(".")[0])


def is_exact(context: AutogenContext) -> bool:
    """Tell whether nothing but Alembic's comparators and ours looks at the tables."""
    if Comparison.find(context).names:
        return False

    has_hooks = any(callable(context.opts.get(one)) for one in _HOOKS)
    is_usual = context.opts.get("autogenerate_plugins") == plugins.choose(None)
    return is_usual and not has_hooks and not any(_find_foreign(context))


def _find_foreign(context: AutogenContext) -> cabc.Iterator[str]:
    """Yield the modules of comparators of tables that are neither Alembic's nor ours.

    They are registered for all contexts, in a way older than plugins.
    """
    for (target, *_), functions in context.comparators._registry.items():
        if target in ("table", "column"):
            for function, _ in functions:
                if function.__module__.partition(".")[0] not in _KNOWN:
                    yield function.__module__


def find_place(context: AutogenContext, table: sa.Table) -> Place:
    """Return where a table of the models stands in the database."""
    default = get_connection(context).dialect.default_schema_name
    return (None if table.schema == default else table.schema, table.name)


def is_seen(context: AutogenContext, place: Place, parts: cabc.Iterable[Part]) -> bool:
    """Tell whether a user's ``include_name`` hides nothing of a table."""
    parents: t.Any = {"schema_name": place[0], "table_name": place[1]}
    return all(
        context.run_name_filters(name, t.cast("t.Any", kind), {**parents})
        for kind, name in parts
    )


def recognise(context: AutogenContext, schemas: cabc.Collection[str | None]) -> Models:
    """Return the models of tables that need not be read, and read them only once.

    :param schemas: that are compared.
    """
    # What was read lives as long as the inspector: renames bring another one.
    known: dict[Place, sa.Table] = remember(context, "recognised")
    asked = remember(context, "recognised_schemas")

    if not asked and is_exact(context):
        asked["schemas"] = schemas
        places = ((find_place(context, one), one) for one in context.sorted_tables)
        models = {place: one for place, one in places if place[0] in schemas}
        connection = get_connection(context)
        dialect = get_dialect(connection.dialect.name)
        known.update(
            (place, models[place])
            for place, parts in dialect.recognise_tables(connection, models).items()
            if is_seen(context, place, parts)
        )

    return known

"""Server defaults: always compared, by what the server makes of them.

Alembic compares them only if ``compare_server_default`` says so, and then lets
PostgreSQL evaluate both, which never ends for a random value and fails for JSON. A
callable that is given there decides as before.
"""

from __future__ import annotations

import decimal
import re
import typing as t

import sqlalchemy as sa
from alembic.autogenerate.api import AutogenContext
from alembic.operations import ops
from alembic.runtime.plugins import Plugin
from alembic.util import DispatchPriority
from alembic.util import PriorityDispatchResult

from ....databases.rereading import reread_column
from ....revisions.operations.rendering import escape_parameters
from ..comparison import Comparison
from ..database import get_connection
from ..database import remember
from ..database import write_default
from ..database import write_type
from .expressions import simplify
from .expressions import unwrap

_BACKENDS = ("postgresql", "sqlite", "mysql", "mariadb")
_ALL_DIGITS = re.compile(r"'?([-+]?\d+(?:\.\d*)?|[-+]?\.\d+)'?")


def setup(plugin: Plugin) -> None:
    """Compare server defaults."""
    for backend in _BACKENDS:
        # A comparator of one backend runs before Alembic's own, which would stop here
        # as long as compare_server_default is not set.
        plugin.add_autogenerate_comparator(
            _compare,
            "column",
            "server_default",
            qualifier=backend,
            priority=DispatchPriority.FIRST,
        )


def _compare(
    context: AutogenContext,
    change: ops.AlterColumnOp,
    schema: str | None,
    table: str,
    name: str,
    live: sa.Column[t.Any],
    model: sa.Column[t.Any],
) -> PriorityDispatchResult:
    if callable(context.opts.get("compare_server_default")):
        return PriorityDispatchResult.CONTINUE

    if not _is_plain(live.server_default) or not _is_plain(model.server_default):
        return PriorityDispatchResult.CONTINUE

    if live.server_default is None and model.server_default is None:
        return PriorityDispatchResult.STOP

    change.existing_server_default = _escape(live.server_default)

    if not _is_same(context, live, model):
        change.modify_server_default = model.server_default

    return PriorityDispatchResult.STOP


def _is_plain(default: object) -> bool:
    """Tell whether it is a value: no identity, no expression, none unknown to us."""
    return default is None or isinstance(default, sa.DefaultClause)


def _escape(default: sa.FetchedValue | None) -> sa.DefaultClause | None:
    """Return a reflected default as a template: a colon in it names no parameter."""
    if not isinstance(default, sa.DefaultClause):
        return None

    return sa.DefaultClause(sa.text(escape_parameters(str(default.arg))))


def _is_same(
    context: AutogenContext, live: sa.Column[t.Any], model: sa.Column[t.Any]
) -> bool:
    there = None if live.server_default is None else str(live.server_default.arg)  # type: ignore[attr-defined]
    wanted = write_default(context, model)

    if _is_serial(there, model) or _simplify(there, live) == _simplify(wanted, live):
        return True

    # What differs in all columns of a kind is asked once.
    known = remember(context, "defaults")
    key = (write_type(context, model.type), there, wanted)

    if key not in known:
        known[key] = _ask(context, there, model, live)

    return bool(known[key])


def is_spelled_alike(
    context: AutogenContext,
    there: str,
    model: sa.Column[t.Any],
) -> bool:
    """Tell whether a default of the database is a model's, without asking the server.

    :param there: as reflection shows it.
    """
    if not isinstance(model.server_default, sa.DefaultClause):
        return False

    wanted = write_default(context, model)
    return _simplify(there, model) == _simplify(wanted, model)


def _ask(
    context: AutogenContext,
    there: str | None,
    model: sa.Column[t.Any],
    live: sa.Column[t.Any],
) -> bool:
    """Compare with what the server shows of the model's default."""
    # A type that the upgrade will make first is not there yet; its old one is.
    for type_ in (model.type, live.type):
        found = reread_column(get_connection(context), model, type_=type_)

        if found is not None:
            return _simplify(there, live) == _simplify(found["default"], live)

    if reread_column(get_connection(context), live) is not None or there is None:
        return False

    # The session may make no temporary tables: nobody knows.
    Comparison.find(context).notes.append(
        f"The default of {model.table.fullname}.{model.name} was not compared: the"
        " server lets this user make no temporary table."
    )
    return True


def _is_serial(there: str | None, model: sa.Column[t.Any]) -> bool:
    """Tell whether a key takes its numbers from the sequence that goes with it.

    Alembic hides that default, but not the one of a SMALLSERIAL.
    """
    default = there if there is not None else getattr(model.server_default, "arg", "")
    is_key = model.table._autoincrement_column is model
    return is_key and (default is None or str(default).startswith("nextval("))


def _simplify(text: str | None, column: sa.Column[t.Any]) -> object:
    """Return a default without what makes no difference."""
    if text is None:
        return None

    text = unwrap(text)
    number = _ALL_DIGITS.fullmatch(text)

    if number and issubclass(column.type._type_affinity or object, _NUMBERS):
        return decimal.Decimal(number[1])

    return simplify(text)


_NUMBERS = (sa.Integer, sa.Numeric, sa.Float)

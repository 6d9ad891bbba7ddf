"""A message for a revision that was given none: what it does, in a few words."""

from __future__ import annotations

import collections.abc as cabc
import dataclasses
import re

from alembic.operations import ops

from .columns import walk
from .counting import clean
from .fill_operations import FillRowsOp
from .fill_operations import FinishColumnsOps
from .statements import Statements

_WHOLE = (ops.CreateTableOp, ops.DropTableOp)

LIMIT = 60
"""How many letters a message may have, unless one name is longer."""

# The most important first; what is not named here comes last.
_ORDER = (
    "create",
    "rename",
    "drop",
    "add",
    "remove",
    "change type of",
    "require",
    "make optional",
    "change",
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What one operation does, ready to be joined with its like.

    :param verb: the beginning: ``add``.
    :param name: what it is done to: ``email``.
    :param end: the rest: `` to users``.
    """

    verb: str
    name: str
    end: str = ""


def propose_message(operations: cabc.Iterable[ops.MigrateOperation]) -> str:
    """Return what operations do: ``add email to users, drop posts and 3 more``.

    :param operations: of the upgrade; containers are opened.
    :return: empty where there are none.
    """
    own = [one for one in operations if not isinstance(one, FinishColumnsOps)]
    flat = list(walk(ops.OpContainer(own)))
    served = _list_served(flat)
    told = [deed for one in flat if not served(one) and (deed := _describe(one))]
    return _join(sorted(dict.fromkeys(told), key=_rank))


def _list_served(
    flat: list[ops.MigrateOperation],
) -> cabc.Callable[[ops.MigrateOperation], bool]:
    """Return what tells of a part of a table or column that comes or goes anyway."""
    tables = {one.table_name for one in flat if isinstance(one, _WHOLE)}
    columns = {
        (one.table_name, one.column.name)
        for one in flat
        if isinstance(one, ops.AddColumnOp)
    }

    def is_served(one: ops.MigrateOperation) -> bool:
        table = _get_table(one)
        own = getattr(one, "local_cols", None) or getattr(one, "columns", None) or ()
        is_part = bool(own) and all((table, str(each)) in columns for each in own)
        return not isinstance(one, _WHOLE) and (table in tables or is_part)

    return is_served


def _join(deeds: list[Deed]) -> str:
    """Return as many as fit, with the number of the others."""
    numbers = range(1, len(deeds) + 1)
    texts = [_write(deeds[:number], left=len(deeds) - number) for number in numbers]
    fitting = [text for text in texts if len(text) <= LIMIT]
    return fitting[-1] if fitting else "".join(texts[:1])


def _write(deeds: list[Deed], *, left: int) -> str:
    groups: dict[tuple[str, str], list[str]] = {}

    for one in deeds:
        groups.setdefault((one.verb, one.end), []).append(one.name)

    texts = [
        f"{verb} {_list(names, last=', ' if left else ' and ')}{end}"
        for (verb, end), names in groups.items()
    ]
    return ", ".join(texts) + (f" and {left} more" if left else "")


def _list(names: list[str], *, last: str) -> str:
    *first, end = names
    return f"{', '.join(first)}{last}{end}" if first else end


def _rank(deed: Deed) -> int:
    return _ORDER.index(deed.verb) if deed.verb in _ORDER else len(_ORDER)


def _describe(one: ops.MigrateOperation) -> Deed | None:
    """Return what one operation does; ``None`` for what only serves another one."""
    match one:
        case ops.CreateTableOp():
            return _make("create", one.table_name)
        case ops.DropTableOp():
            return _make("drop", one.table_name)
        case ops.RenameTableOp():
            return _make("rename", f"{one.table_name} to {one.new_table_name}")
        case ops.AddColumnOp():
            return _make("add", one.column.name, f" to {one.table_name}")
        case ops.DropColumnOp():
            return _make("remove", one.column_name, f" from {one.table_name}")
        case ops.AlterColumnOp():
            return _describe_alter(one)
        case FillRowsOp():
            return None
        case Statements():
            return _describe_statements(one)

    return _describe_other(one)


def _describe_alter(one: ops.AlterColumnOp) -> Deed | None:
    name = f"{one.table_name}.{one.column_name}"

    if one.modify_name is not None:
        return _make("rename", f"{name} to {one.modify_name}")

    if one.modify_type is not None:
        return _make("change type of", name)

    if one.modify_nullable is not None:
        return _make("make optional" if one.modify_nullable else "require", name)

    what = "comment" if one.modify_comment is not False else "default"
    return _make("change", f"{what} of {name}")


def _describe_statements(one: Statements) -> Deed:
    """Return what is made of what, or the first words of a statement without more."""
    verb, _, what = one.what.partition("_")

    if what:
        return _make(verb, f"{what} {one.name}")

    first, *words = one.name.split()
    return _make(first.lower(), " ".join(words[:2]))


def _describe_other(one: ops.MigrateOperation) -> Deed:
    """Return the words of the operation's class, which every operation has."""
    words = re.findall(r"[A-Z]+(?=[A-Z][a-z]|$)|[A-Z]?[a-z]+", type(one).__name__)
    verb, *rest = [word.lower() for word in words if word != "Op"] or ["change"]
    table = _get_table(one)
    name = getattr(one, "index_name", None) or getattr(one, "constraint_name", None)
    verb = {"create": "add", "drop": "remove"}.get(verb, verb)
    what = " ".join(rest) or "operation"
    return _make(
        verb, f"{what} {name}" if name else what, f" on {table}" if table else ""
    )


def _get_table(one: ops.MigrateOperation) -> str | None:
    return getattr(one, "table_name", None) or getattr(one, "source_table", None)


def _make(verb: str, name: str, end: str = "") -> Deed:
    return Deed(verb=verb, name=clean(name), end=clean(end))

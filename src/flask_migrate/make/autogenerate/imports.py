"""The types of other packages in a written file: their names are imported there.

Alembic writes ``myapp.types.Money()`` and leaves the import to the reader. What cannot
be imported by its name, or whose ``repr()`` is no expression, is written as the type
that it is made of, and that is said.
"""

from __future__ import annotations

import ast
import builtins
import collections.abc as cabc
import inspect
import sys
import typing as t

import sqlalchemy as sa
from alembic.autogenerate.render import _repr_type
from alembic.util import DispatchPriority
from alembic.util import PriorityDispatchResult

from .comparison import Comparison
from .counting import clean

if t.TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.operations import ops
    from alembic.runtime.plugins import Plugin

RenderItem = cabc.Callable[[str, t.Any, "AutogenContext"], "str | t.Literal[False]"]
"""Alembic's hook: returns the text of an object, or ``False`` for its own."""

_BUILTINS = frozenset(dir(builtins))


def setup(plugin: Plugin) -> None:
    """Register what stands between Alembic and the types of others."""
    plugin.add_autogenerate_comparator(
        install, "autogenerate", "imports", priority=DispatchPriority.FIRST
    )


def install(
    context: AutogenContext, upgrade_ops: ops.UpgradeOps
) -> PriorityDispatchResult:
    """Let the file of this comparison import what it names."""
    given = context.opts.get("render_item")

    if not isinstance(given, TypeRenderer):
        context.opts["render_item"] = TypeRenderer(given)

    return PriorityDispatchResult.CONTINUE


class TypeRenderer:
    """Renders the types that are not SQLAlchemy's; the user's own hook comes first.

    :param given: that hook.
    """

    def __init__(self, given: RenderItem | None) -> None:
        self._given = given

    def __call__(
        self, kind: str, item: t.Any, context: AutogenContext
    ) -> str | t.Literal[False]:
        """Return the text of an item, or ``False`` to leave it to Alembic."""
        text = self._given(kind, item, context) if self._given else False

        if text is not False or kind != "type" or _is_stock(item):
            return text

        prefix = context.opts.get("user_module_prefix")
        module = type(item).__module__ if prefix is None else prefix.rstrip(".")
        name = find_name(type(item), module)
        called = f"{module}.{name}"

        if name is None:
            # What a prefix means is imported by the template of the repository.
            called = "" if prefix is None else f"{prefix}{type(item).__name__}"

        text = write_call(item, name=called) if called else False

        if text is False:
            return self._replace(item, context)

        if name is not None:
            context.imports.add(f"import {module}")

        return text

    def _replace(self, item: t.Any, context: AutogenContext) -> str:
        named = clean(f"{type(item).__module__}.{type(item).__qualname__}")

        if isinstance(item, sa.TypeDecorator):
            # Alembic 1.20 has no public name for the text of a type.
            text = _repr_type(item.impl_instance, context)
            end = f"{text} is written instead."
        else:
            text = f"{context.opts['sqlalchemy_module_prefix'] or ''}types.NullType()"
            end = f"put it in the place of {text}, and add its import."

        note = f"The type {named} cannot be written by its name: {clean(end)}"
        context.imports.add(f"# {note}")

        notes = Comparison.find(context).notes

        if note not in notes:
            notes.append(note)

        return text


def find_name(cls: type, module: str) -> str | None:
    """Return the name of a class in a module, dotted where it is inside another one.

    :return: ``None`` where nobody could import it by a name.
    """
    found: object = sys.modules.get(module) if module != "__main__" else None

    for part in cls.__qualname__.split("."):
        found = getattr(found, part, None)

    return cls.__qualname__ if found is cls else None


def write_call(item: object, *, name: str) -> str | t.Literal[False]:
    """Return the expression that makes an object, by its ``repr()``.

    :param name: what its class is called in the file.
    :return: ``False`` where it is none, or has names in it that nobody imports.
    """
    text = repr(item)
    start = type(item).__name__

    if not text.startswith(f"{start}("):
        return False

    try:
        call = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError):
        return False

    names = {one.id for one in ast.walk(call) if isinstance(one, ast.Name)}
    is_known = not names - _BUILTINS - {start}
    is_call = isinstance(call, ast.Call) and _takes(item, call)
    return name + text[len(start) :] if is_known and is_call else False


def _takes(item: object, call: ast.Call) -> bool:
    """Tell whether the class can be called so.

    The ``repr()`` of a ``TypeDecorator`` shows what the type in it was made with, even
    where its own ``__init__`` takes something else.
    """
    keywords = [one.arg for one in call.keywords if one.arg]

    try:
        inspect.signature(type(item)).bind(*call.args, **dict.fromkeys(keywords))
    except (TypeError, ValueError):
        return False

    return True


def find_unbound(source: str) -> list[str]:
    """Return the names that a file uses and nobody in it defines, sorted.

    :return: empty where it imports ``*``, which may be anything.
    """
    bound = set(_BUILTINS) | {"__name__", "__file__", "__doc__"}
    used: set[str] = set()

    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Name(id=name, ctx=ast.Load()):
                used.add(name)
            case ast.alias(name="*"):
                return []
            case ast.alias(name=name, asname=other):
                bound.add(other or name.partition(".")[0])
            case ast.Name(id=name) | ast.arg(arg=name) | ast.ExceptHandler(name=name):
                bound.add(name or "")
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                bound.add(name)
            case ast.ClassDef(name=name):
                bound.add(name)

    return sorted(used - bound)


def _is_stock(item: object) -> bool:
    return type(item).__module__.partition(".")[0] == "sqlalchemy"

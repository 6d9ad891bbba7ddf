"""Which thing of a model is which of the database."""

from __future__ import annotations

import collections.abc as cabc
import dataclasses

from ....databases.dialects.definitions import Definition
from .inventory import Stock
from .inventory import Wanted


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """What became of the things of one table.

    :param removed: only in the database.
    :param added: only in the models.
    :param changed: in both, and not the same.
    :param renamed: in both, and the same under another name.
    """

    removed: tuple[Definition, ...] = ()
    added: tuple[Wanted, ...] = ()
    changed: tuple[tuple[Definition, Wanted], ...] = ()
    renamed: tuple[tuple[Definition, Wanted], ...] = ()


def pair(
    stock: Stock,
    kinds: cabc.Container[str],
    *,
    retyped: frozenset[str] = frozenset(),
) -> Pairing:
    """Compare some kinds of things of a table.

    A name says which is which; what has none on one of the sides is found by what it
    says.

    :param retyped: the columns that get a type of another family: a server writes a
        check of one in other words then.
    """
    live = [one for one in stock.live if one.kind in kinds and not one.is_inline]
    wanted = [one for one in stock.wanted if one.kind in kinds]
    changed = []
    added = []

    for one in wanted:
        same = next((found for found in live if _has_name_of(found, one)), None)

        if same is not None:
            live.remove(same)

            if not _is_same(same, one) or not retyped.isdisjoint(_list_read(same)):
                changed.append((same, one))
        else:
            added.append(one)

    renamed = []

    for one in tuple(added):
        same = next((found for found in live if _is_same(found, one)), None)

        if same is not None:
            live.remove(same)
            added.remove(one)

            # A name for what has none yet is not worth a rebuild.
            if one.is_named and same.name is not None:
                renamed.append((same, one))

    inline = [one for one in stock.live if one.kind in kinds and one.is_inline]
    new = [one for one in added if not any(_is_same(found, one) for found in inline)]
    return Pairing(
        removed=tuple(live),
        added=tuple(new),
        changed=tuple(changed),
        renamed=tuple(renamed),
    )


def _has_name_of(found: Definition, wanted: Wanted) -> bool:
    return wanted.is_named and found.name == wanted.name


def _list_read(found: Definition) -> tuple[str, ...]:
    return found.columns if found.kind == "check" else ()


def _is_same(found: Definition, wanted: Wanted) -> bool:
    made = wanted.definition
    return made is not None and (found.kind, found.text) == (made.kind, made.text)

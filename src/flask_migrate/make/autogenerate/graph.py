"""Tables in an order in which their foreign keys can be made."""

from __future__ import annotations

import collections.abc as cabc
import dataclasses

import sqlalchemy as sa


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A foreign key between two tables.

    :param table: the one that has it.
    :param target: the one that it points to.
    :param key: itself.
    """

    table: str
    target: str
    key: sa.ForeignKeyConstraint


def arrange(
    tables: cabc.Iterable[str], links: cabc.Iterable[Link], *, may_cut: bool
) -> tuple[list[str], list[Link]]:
    """Sort tables: what a foreign key points to comes before it.

    :param may_cut: foreign keys in a circle can be made apart from their tables.
    :return: the tables, by name where nothing else decides; and what must be cut.
    """
    waiting: dict[str, set[str]] = {one: set() for one in sorted(tables)}
    open_links = [one for one in links if one.table in waiting]
    cut = [one for one in open_links if may_cut and one.key.use_alter]

    for link in open_links:
        if link.target in waiting and link.target != link.table and link not in cut:
            waiting[link.table].add(link.target)

    order: list[str] = []

    while waiting:
        ready = next((one for one, targets in waiting.items() if not targets), None)

        if ready is None:
            stuck = next(one for one in waiting if one in _reach(one, waiting))
            circle = {
                one for one in waiting[stuck] if stuck in {one, *_reach(one, waiting)}
            }
            waiting[stuck] -= circle

            if may_cut:
                cut += [
                    one
                    for one in open_links
                    if one.table == stuck and one.target in circle and one not in cut
                ]

            continue

        order.append(ready)
        del waiting[ready]

        for targets in waiting.values():
            targets.discard(ready)

    return order, cut


def _reach(start: str, waiting: cabc.Mapping[str, cabc.Set[str]]) -> set[str]:
    """Return every table that a table waits for, also by way of others."""
    found: set[str] = set()
    todo = [start]

    while todo:
        new = waiting.get(todo.pop(), frozenset()) - found
        found |= new
        todo += new

    return found

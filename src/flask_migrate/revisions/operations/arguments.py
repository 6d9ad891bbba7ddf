"""What an operation asks for, as the keyword arguments that Alembic passes on."""

from __future__ import annotations

import collections.abc as cabc
import typing as t

UNCHANGED: dict[str, object] = {
    "name": None,
    "type_": None,
    "nullable": None,
    "server_default": False,
    "autoincrement": None,
    "comment": False,
}
"""The changes that ``alter_column`` takes, each with what says that there is none."""


def list_changes(arguments: cabc.Mapping[str, t.Any]) -> frozenset[str]:
    """Return what the arguments of an ``alter_column`` change."""
    return frozenset(
        key
        for key, nothing in UNCHANGED.items()
        if arguments.get(key, nothing) is not nothing
    )

"""The verbs of a ``Migrate``, loaded when the first of them is used.

A process that serves requests makes a ``Migrate`` and never uses it: the modules behind
the verbs, and all that they import, would be the greater part of its start.
"""

from __future__ import annotations

import importlib
import typing as t

MODULES: dict[str, tuple[str, tuple[str, ...]]] = {
    "base": ("Verbs", ()),
    "authoring": (
        "Authoring",
        ("list_templates", "init", "revision", "rename", "check", "merge", "edit"),
    ),
    "inspecting": (
        "Inspecting",
        (
            *("show", "history", "heads", "branches", "current", "status"),
            *("read_locks", "wait"),
        ),
    ),
    "planning": ("Planning", ("plan", "apply")),
    "applying": (
        "Applying",
        ("upgrade", "downgrade", "lock", "release_lock", "stamp", "ensure_version"),
    ),
    "existing": ("Existing", ("create", "name_database", "drop")),
    "repairing": ("Repairing", ("repair",)),
    "rollback": ("RollingBack", ("plan_rollback", "rollback", "redo")),
    "bookkeeping": ("Bookkeeping", ("log", "tag", "leave")),
    "amending": ("Amending", ("amend",)),
    "branching": (
        "Branching",
        ("check_heads", "check_base", "find_collisions", "write_head_file"),
    ),
    "rebasing": ("Rebasing", ("rebase",)),
    "templating": ("Templating", ("template",)),
    "preparing": ("Preparing", ("seed", "prepare")),
    "health": ("Answering", ("health", "health_blueprint")),
}
"""The class in each module beside this one, and its public names."""


class Verb:
    """Stands in a class for a verb whose module is not loaded yet.

    :param module: where it is.
    """

    def __init__(self, module: str) -> None:
        self._module = module

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: t.Any, owner: type) -> t.Any:
        load(self._module)
        # Not through the instance: a subclass that has its own may ask with `super()`.
        return vars(Loaded)[self._name].__get__(instance, owner)


class Loaded:
    """The base class of ``Migrate``; type checkers see the verbs themselves in it."""

    locals().update(
        {name: Verb(module) for module, (_, names) in MODULES.items() for name in names}
    )

    def __getattr__(self, name: str) -> t.Any:
        # The private parts of the verbs: what one of them needs of another.
        for module in MODULES:
            load(module)

        return object.__getattribute__(self, name)


def load(module: str) -> None:
    """Put the verbs of a module in the place of what stands for them."""
    kind, _ = MODULES[module]
    loaded = getattr(importlib.import_module(f".{module}", __package__), kind)

    for name, value in vars(loaded).items():
        if not name.startswith("__"):
            setattr(Loaded, name, value)

    if module != "base":
        load("base")

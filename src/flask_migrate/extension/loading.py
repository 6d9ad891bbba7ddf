"""The verbs of a ``Migrate``, loaded when the first of them is used.

A process that serves requests makes a ``Migrate`` and never uses it: the modules behind
the verbs, and all that they import, would be the greater part of its start.
"""

from __future__ import annotations

import typing as t

VERBS = (
    *("init", "revision", "check", "merge", "edit", "list_templates"),
    *("show", "history", "heads", "branches", "current", "status", "read_locks"),
    *("plan", "apply", "upgrade", "downgrade", "stamp", "ensure_version", "wait"),
    *("lock", "release_lock", "create", "drop", "name_database", "repair"),
    *("plan_rollback", "rollback", "redo", "log", "tag", "leave", "seed", "prepare"),
    *("health", "health_blueprint"),
)
"""The public names of the class that has them all."""


class Verb:
    """Stands in a class for a verb that is not loaded yet."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: t.Any, owner: type) -> t.Any:
        load()
        return getattr(owner if instance is None else instance, self._name)


class Loaded:
    """The base class of ``Migrate``; type checkers see the verbs themselves in it."""

    locals().update({name: Verb() for name in VERBS})

    def __getattr__(self, name: str) -> t.Any:
        # The private parts of the verbs, where somebody asks for one of them first.
        if load():
            return getattr(self, name)

        raise AttributeError(
            f"{type(self).__name__!r} object has no attribute {name!r}"
        )


def load() -> bool:
    """Put the verbs in the place of what stands for them.

    :return: whether they were not there before.
    """
    if "_open" in vars(Loaded):
        return False

    from .verbs import AllVerbs

    for parent in reversed(AllVerbs.__mro__[1:-1]):
        for name, value in vars(parent).items():
            if not name.startswith("__"):
                setattr(Loaded, name, value)

    return True

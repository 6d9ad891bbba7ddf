"""Our comparators by name, and which of them a comparison runs.

``flask_migrate.<name>`` is what a user writes to switch one off:
``Migrate(app, db, autogenerate_plugins=["~flask_migrate.checks"])``.
"""

from __future__ import annotations

import collections.abc as cabc
import importlib

from alembic.runtime.plugins import Plugin

PREFIX = "flask_migrate"

PLUGINS: tuple[tuple[str, str], ...] = (
    ("imports", "imports"),
    ("ownership", "coverage.ownership"),
    ("reflection", "coverage.reflection"),
    ("mysql_columns", "coverage.mysql_columns"),
    ("mysql_numbers", "coverage.mysql_numbers"),
    ("mysql_options", "coverage.mysql_options"),
    ("mysql_indexes", "coverage.mysql_indexes"),
    ("mysql_links", "coverage.mysql_links"),
    ("mysql_drops", "coverage.mysql_drops"),
    ("sqlite_columns", "coverage.sqlite_columns"),
    ("sqlite_options", "coverage.sqlite_options"),
    ("sequences", "coverage.sequences"),
    ("identity", "coverage.identity"),
    ("defaults", "coverage.defaults"),
    ("computed", "coverage.computed"),
    ("types", "coverage.types"),
    ("checks", "coverage.checks"),
    ("indexes", "coverage.indexes"),
    ("primary_keys", "coverage.primary_keys"),
    ("foreign_keys", "coverage.foreign_keys"),
    ("constraint_comments", "coverage.constraint_comments"),
    ("mass_drop", "mass_drop"),
    ("filling", "filling"),
    ("order", "order"),
    ("names", "names"),
    ("foreign_indexes", "coverage.foreign_indexes"),
    ("enums", "coverage.enums"),
    ("casts", "casts"),
    ("statements", "statements"),
    ("destruction", "destruction"),
    ("renames", "renames"),
    ("unchanged", "coverage.unchanged"),
)
"""Each name, and the module beside this one whose ``setup(plugin)`` registers it.

In the order in which they are asked, within one priority of Alembic's. What reads the
schema comes first; what rearranges the operations that were found comes last, as
``autogenerate`` comparators of the lowest priority.
"""

_ALEMBIC = "alembic.autogenerate.*"
_POSTGRESQL = ("postgresql",)
_OWN = {
    "mysql_": ("mysql", "mariadb"),
    "sqlite_": ("sqlite",),
    "sequences": _POSTGRESQL,
    "identity": _POSTGRESQL,
    "enums": _POSTGRESQL,
    "casts": _POSTGRESQL,
}
"""How the names of those begin that only some backends need, by SQLAlchemy's names."""
_registered: dict[str, Plugin] = {}
_set_up: set[str] = set()


def prepare(backend: str) -> None:
    """Import the comparators that a backend needs: most of the time goes there.

    :param backend: SQLAlchemy's name of it.
    """
    _register()

    for name, module in PLUGINS:
        others = (ours for begin, ours in _OWN.items() if name.startswith(begin))

        if name not in _set_up and backend in next(others, (backend,)):
            found = importlib.import_module(f".{module}", __package__)
            found.setup(_registered[name])
            _set_up.add(name)


def choose(given: cabc.Sequence[str] | None) -> list[str]:
    """Return the patterns of the plugins to run.

    :param given: the user's own ``autogenerate_plugins``; ours are added to those that
        do not name them.
    """
    _register()
    patterns = list(given or ())
    chosen = [one for one in patterns if not one.startswith("~")]

    if not chosen:
        patterns.insert(0, _ALEMBIC)

    ours = (f"{PREFIX}.", f"~{PREFIX}.*")

    # Alembic refuses a pattern that in the end no plugin is left for.
    if PLUGINS and not any(one.startswith(ours) for one in patterns):
        patterns.append(f"{PREFIX}.*")

    return patterns


def _register() -> None:
    """Enter all of ours into Alembic's registry, in their order, once in a process."""
    for name, _ in PLUGINS[len(_registered) :]:
        _registered[name] = Plugin(f"{PREFIX}.{name}")

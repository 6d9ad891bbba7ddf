"""The ``MIGRATE_*`` keys of ``app.config``: read once, checked, frozen."""

from __future__ import annotations

import collections.abc as cabc
import dataclasses
import typing as t

from .errors import BadOption

Policy = t.Literal["warn", "fail", "ignore"]
"""What to do about applied scripts that have changed."""

Against = t.Literal["auto", "scripts", "database"]
"""What autogenerate compares the models with."""

_Reader = cabc.Callable[[str, t.Any], t.Any]
"""Checks the value of one key that is set."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How the package behaves for one application. Times are seconds.

    :param connect_timeout: until a server that does not answer is given up; a driver's
        own setting in the URL wins.
    :param ddl_lock_timeout: that one attempt at a statement waits for the locks of
        other sessions, which wait behind it meanwhile; ``None`` for what suits the
        server: 0.2 on PostgreSQL, 1 on MySQL and MariaDB.
    :param ddl_deadline: how long a step is tried again when others hold what it needs.
    :param statement_timeout: that one statement may take; ``None`` has no limit.
    :param lock_timeout: that a run waits for another run on the same database.
    :param lock: how one run keeps others off the database: ``session``, a lock of its
        connection; ``lease``, a row that it renews; ``auto``, a lease where a pooler
        stands before a PostgreSQL server.
    :param lock_lease: after which the lease of a run that has died may be taken over.
    :param database_uri: the URL of a user that may change the schema, for migrations
        alone; or a mapping of bind keys to such URLs.
    :param history: whether the history table is kept.
    :param app_version: the version of the application, for the history.
    :param changed_scripts: what `upgrade` does about applied scripts that have changed.
    :param against: what autogenerate compares the models with: ``scripts``, what they
        build on a scratch database; ``database``, the application's own; ``auto``, the
        scripts wherever they can be replayed.
    :param verify: run what autogenerate wrote on a scratch database before it is kept.
    """

    connect_timeout: float = 10.0
    ddl_lock_timeout: float | None = None
    ddl_deadline: float = 60.0
    statement_timeout: float | None = None
    lock_timeout: float = 60.0
    lock: str = "auto"
    lock_lease: float = 15.0
    database_uri: t.Any = dataclasses.field(default=None, repr=False)
    history: bool = True
    app_version: str | None = None
    changed_scripts: Policy = "warn"
    against: Against = "auto"
    verify: bool = True

    @classmethod
    def from_config(cls, config: cabc.Mapping[str, t.Any]) -> Settings:
        """Read the settings of an application.

        :param config: ``app.config`` or any mapping with its keys.
        :raises BadOption: a value cannot be used.
        """
        values: dict[str, t.Any] = {}

        for field in dataclasses.fields(cls):
            key = f"MIGRATE_{field.name.upper()}"
            value = config.get(key)

            if value is not None:
                read: _Reader = _READERS.get(field.name, _read_seconds)
                values[field.name] = read(key, value)

        return cls(**values)


def _read_seconds(key: str, value: t.Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value <= 0:
        raise BadOption(
            f"{key} must be a positive number of seconds, not {value!r}.",
            hint=f"Set app.config[{key!r}] = 10, or remove it.",
        )

    return float(value)


def _read_flag(key: str, value: t.Any) -> bool:
    if not isinstance(value, bool):
        raise BadOption(
            f"{key} must be True or False, not {value!r}.",
            hint=f"Set app.config[{key!r}] = True, or remove it.",
        )

    return value


def _read_choice(*choices: str) -> _Reader:
    def read(key: str, value: t.Any) -> t.Any:
        if value not in choices:
            raise BadOption(
                f"{key} must be one of {', '.join(choices)}, not {value!r}.",
                hint=f"Set app.config[{key!r}] = {choices[0]!r}, or remove it.",
            )

        return value

    return read


def _read_text(key: str, value: t.Any) -> str:
    return str(value)


def _read_any(key: str, value: t.Any) -> t.Any:
    return value


_READERS: dict[str, _Reader] = {
    "app_version": _read_text,
    "against": _read_choice(*t.get_args(Against)),
    "changed_scripts": _read_choice(*t.get_args(Policy)),
    "database_uri": _read_any,
    "history": _read_flag,
    "lock": _read_choice("auto", "session", "lease"),
    "verify": _read_flag,
}
"""How the settings are read that are no seconds."""

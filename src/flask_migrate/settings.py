"""The ``MIGRATE_*`` keys of ``app.config``: read once, checked, frozen."""

from __future__ import annotations

import collections.abc as cabc
import dataclasses
import typing as t

from .errors import BadOption


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How the package behaves for one application.

    :param connect_timeout: seconds until a server that does not answer is given up;
        a driver's own setting in the URL wins.
    :param ddl_lock_timeout: seconds that one statement waits for a lock of another
        session, so that a forgotten transaction cannot hold up an upgrade for ever.
    :param lock_timeout: seconds that a run waits for another run on the same database.
    """

    connect_timeout: float = 10.0
    ddl_lock_timeout: float = 60.0
    lock_timeout: float = 60.0

    @classmethod
    def from_config(cls, config: cabc.Mapping[str, t.Any]) -> Settings:
        """Read the settings of an application.

        :param config: ``app.config`` or any mapping with its keys.
        :raises BadOption: a value is not a positive number.
        """
        values = {
            field.name: _read_seconds(config, f"MIGRATE_{field.name.upper()}")
            for field in dataclasses.fields(cls)
        }
        return cls(**{name: value for name, value in values.items() if value})


def _read_seconds(config: cabc.Mapping[str, t.Any], key: str) -> float | None:
    """Return a positive number of seconds, or ``None`` where the key is not set."""
    value = config.get(key)

    if value is None:
        return None

    if isinstance(value, bool) or not isinstance(value, (int, float)) or value <= 0:
        raise BadOption(
            f"{key} must be a positive number of seconds, not {value!r}.",
            hint=f"Set app.config[{key!r}] = 10, or remove it.",
        )

    return float(value)

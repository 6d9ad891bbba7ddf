"""Find the engines and the metadata of an application, whatever holds them.

Only this file knows how Flask-SQLAlchemy 3, Flask-SQLAlchemy-Lite, Alchemical, a plain
engine and a declarative base spell these two words. It looks at the objects' shapes and
imports none of those packages.
"""

from __future__ import annotations

import collections.abc as cabc
import dataclasses
import typing as t

import sqlalchemy as sa

from ..errors import NotConfigured
from .dialects import Dialect
from .dialects import get_dialect

if t.TYPE_CHECKING:
    # Importing it costs every process of the application 15 ms.
    from sqlalchemy.ext.asyncio import AsyncEngine

AnyEngine: t.TypeAlias = "sa.Engine | AsyncEngine"
"""An engine, synchronous or asynchronous."""

MetaDatas = tuple[sa.MetaData, ...]

DEFAULT_KEYS = (None, "", "default")
"""What a default database is called by the packages that have one."""

EXAMPLE = (
    "Migrate(app, db) with db = SQLAlchemy(), or"
    " Migrate(app, engines=engine, metadatas=Base.metadata)."
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """One database of an application.

    :param key: its bind key; ``None`` for the default one.
    :param engine: connects to it.
    :param metadatas: what its models say; several where the application has several.
    """

    key: str | None
    engine: AnyEngine
    metadatas: MetaDatas = ()

    @property
    def name(self) -> str:
        """The name that templates and revisions use: empty for the default one."""
        return self.key or ""

    @property
    def title(self) -> str:
        """The name in messages."""
        return self.key or "<default>"

    @property
    def sync_engine(self) -> sa.Engine:
        """The engine that carries SQLAlchemy's events."""
        if isinstance(self.engine, sa.Engine):
            return self.engine

        return self.engine.sync_engine

    @property
    def url(self) -> sa.URL:
        """Where it is; holds the password."""
        return self.engine.url

    @property
    def place(self) -> str:
        """Where it is, in words, without user or password."""
        return self.dialect.describe(self.url)

    @property
    def dialect(self) -> Dialect:
        """What is known of its backend."""
        return get_dialect(self.engine.dialect.name)


def find_databases(
    db: t.Any, *, engines: t.Any = None, metadatas: t.Any = None
) -> tuple[Database, ...]:
    """Return the databases of an application, the default one first.

    :param db: the object given to ``Migrate``: an extension, an engine, a declarative
        base, a ``MetaData``, or ``None``.
    :param engines: an engine, or a mapping of bind keys to engines; wins over ``db``.
    :param metadatas: a ``MetaData``, a sequence of them, or a mapping of bind keys to
        either; wins over ``db``.
    :raises NotConfigured: there is no engine, or the extension is not set up.
    """
    try:
        found = _engines_of(db) if engines is None else _by_key(engines)
        models = _metadatas_of(db) if metadatas is None else _by_key(metadatas)
    except RuntimeError as error:
        # Flask-SQLAlchemy: the app is not registered, or no app context is active.
        raise NotConfigured(
            str(error).strip().splitlines()[0],
            hint="Call db.init_app(app) in the application before its commands run.",
        ) from error

    if not found:
        raise NotConfigured(
            "No database engine was found for this application.", hint=EXAMPLE
        )

    keys = sorted(found, key=lambda key: key is not None)
    return tuple(
        Database(key=key, engine=found[key], metadatas=_as_tuple(models.get(key)))
        for key in keys
    )


def require_metadata(database: Database) -> MetaDatas:
    """Return the metadata of a database whose models are needed.

    :raises NotConfigured: there is none.
    """
    if database.metadatas:
        return database.metadatas

    raise NotConfigured(
        f"The models of the database {database.title} are not known: the object given"
        " to Migrate holds engines, and no metadata.",
        hint="Pass Migrate(app, db, metadatas=Base.metadata).",
    )


def _engines_of(db: t.Any) -> dict[str | None, AnyEngine]:
    if isinstance(db, sa.Engine) or hasattr(db, "sync_engine"):
        return {None: db}

    # Flask-SQLAlchemy-Lite has both; its synchronous engines win.
    several = {
        **_by_key(getattr(db, "async_engines", None)),
        **_by_key(getattr(db, "engines", None)),
    }

    if several:
        return several

    one = getattr(db, "engine", None)

    if one is None and hasattr(db, "get_engine"):
        one = db.get_engine()

    return {} if one is None else {None: one}


def _metadatas_of(db: t.Any) -> dict[str | None, t.Any]:
    if isinstance(db, sa.MetaData):
        return {None: db}

    several = getattr(db, "metadatas", None)

    if several:
        return _by_key(several)

    one = getattr(db, "metadata", None)
    return {} if one is None else {None: one}


def _by_key(value: t.Any) -> dict[str | None, t.Any]:
    """Return a mapping by bind key, each default key as ``None``."""
    if value is None:
        return {}

    if not isinstance(value, cabc.Mapping):
        return {None: value}

    return {
        None if key in DEFAULT_KEYS else key: item
        for key, item in value.items()
        if item is not None
    }


def _as_tuple(value: t.Any) -> MetaDatas:
    if value is None:
        return ()

    items = (
        tuple(value)
        if isinstance(value, cabc.Sequence) and not isinstance(value, str)
        else (value,)
    )
    # A declarative base stands for its metadata.
    return tuple(getattr(item, "metadata", item) for item in items)

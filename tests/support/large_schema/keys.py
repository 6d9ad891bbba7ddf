"""Primary keys and foreign keys of every shape, without options of one backend."""

from __future__ import annotations

import typing as t

import sqlalchemy as sa

_ACTIONS: dict[str, dict[str, t.Any]] = {
    "none": {},
    "cascade": {"ondelete": "CASCADE"},
    "restrict": {"ondelete": "RESTRICT", "onupdate": "RESTRICT"},
    "no_action": {"ondelete": "NO ACTION", "onupdate": "NO ACTION"},
    "set_null": {"ondelete": "SET NULL", "onupdate": "CASCADE"},
    "lower_case": {"ondelete": "cascade", "onupdate": "set null"},
}


def make_tables(metadata: sa.MetaData) -> None:
    """Add the tables."""
    _add_primary(metadata)
    _add_foreign(metadata)
    _add_composite(metadata)
    _add_cycle(metadata)
    _add_inheritance(metadata)


def _key(**options: t.Any) -> sa.Column[int]:
    return sa.Column("id", sa.Integer, primary_key=True, **options)


def _add_primary(metadata: sa.MetaData) -> None:
    sa.Table("key_text", metadata, sa.Column("code", sa.String(8), primary_key=True))
    sa.Table("key_large", metadata, sa.Column("id", sa.BigInteger, primary_key=True))
    sa.Table("key_uuid", metadata, sa.Column("id", sa.Uuid, primary_key=True))
    sa.Table("key_fixed", metadata, _key(autoincrement=False))
    sa.Table("key_none", metadata, sa.Column("a", sa.Integer), sa.Column("b", sa.Text))
    sa.Table(
        "key_named",
        metadata,
        sa.Column("id", sa.Integer),
        sa.PrimaryKeyConstraint("id", name="my_own_key"),
    )
    sa.Table(
        "key_three",
        metadata,
        sa.Column("c", sa.Date, primary_key=True),
        sa.Column("a", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("b", sa.String(5), primary_key=True),
    )


def _add_foreign(metadata: sa.MetaData) -> None:
    sa.Table("people", metadata, _key(), sa.Column("email", sa.String(50), unique=True))
    columns: list[sa.Column[t.Any]] = [
        sa.Column(f"{name}_id", sa.ForeignKey("people.id", **actions))
        for name, actions in _ACTIONS.items()
    ]
    sa.Table("visits", metadata, _key(), *columns)
    sa.Table(
        "named_visits",
        metadata,
        _key(),
        sa.Column("person", sa.Integer, index=True),
        sa.Column("email", sa.String(50), sa.ForeignKey("people.email")),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name="fk_person"),
    )
    sa.Table("tree", metadata, _key(), sa.Column("up", sa.ForeignKey("tree.id")))
    sa.Table(
        "friends",
        metadata,
        sa.Column("one", sa.ForeignKey("people.id"), primary_key=True),
        sa.Column("other", sa.ForeignKey("people.id"), primary_key=True, index=True),
    )
    sa.Table(
        "profiles",
        metadata,
        sa.Column("id", sa.ForeignKey("people.id"), primary_key=True),
        sa.Column("picture", sa.LargeBinary),
    )


def _add_composite(metadata: sa.MetaData) -> None:
    sa.Table(
        "places",
        metadata,
        sa.Column("country", sa.CHAR(2), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    )
    sa.Table(
        "shops",
        metadata,
        _key(),
        sa.Column("country", sa.CHAR(2), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.ForeignKeyConstraint(
            ["country", "number"],
            ["places.country", "places.number"],
            onupdate="CASCADE",
        ),
    )


def _add_cycle(metadata: sa.MetaData) -> None:
    for own, other in (("teams", "players"), ("players", "teams")):
        link = sa.ForeignKey(
            f"{other}.id", use_alter=own == "teams", name=f"fk_{own}_{other}"
        )
        sa.Table(own, metadata, _key(), sa.Column(f"{other}_id", sa.Integer, link))


def _add_inheritance(metadata: sa.MetaData) -> None:
    sa.Table("staff", metadata, _key(), sa.Column("kind", sa.String(20)))

    for name in ("managers", "engineers"):
        sa.Table(
            name,
            metadata,
            sa.Column(
                "id", sa.ForeignKey("staff.id", ondelete="CASCADE"), primary_key=True
            ),
            sa.Column("title", sa.String(20), nullable=False, server_default=name),
        )

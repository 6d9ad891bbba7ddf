"""Renamed tables and columns: written as renames, and the rows stay."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from flask_migrate.make.autogenerate.comparison import Answers
from tests.support.roundtrip import Schema
from tests.support.roundtrip import Trip
from tests.support.roundtrip import try_change


def _rename(
    url: str,
    before: Schema,
    after: Schema,
    *renamed: str,
    statements: tuple[str, ...] = (),
) -> Trip:
    """Rename, and demand that nothing is dropped, left over or lost."""
    answers = Answers(renames="auto", renamed=renamed)
    trip = try_change(url, before, after, answers=answers, statements=statements)
    text = trip.upgrade + trip.downgrade
    assert "drop_table" not in text, text
    assert "drop_column" not in text, text
    assert trip.left == "", trip.upgrade
    assert trip.describe_loss() == [], trip.downgrade
    return trip


def _read(url: str, sql: str) -> list[tuple[object, ...]]:
    engine = sa.create_engine(url)

    with engine.connect() as connection:
        rows = [tuple(row) for row in connection.exec_driver_sql(sql)]

    engine.dispose()
    return rows


def _users(metadata: sa.MetaData, name: str, size: int = 50) -> None:
    sa.Table(
        "orgs",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
    )
    sa.Table(
        "users",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("email", sa.String(100), nullable=False),
        sa.Column(name, sa.String(size), server_default="nobody", index=True),
        sa.Column("org_id", sa.ForeignKey("orgs.id", name="fk_users_org")),
        sa.UniqueConstraint("email", name, name="uq_users"),
        sa.CheckConstraint(f"{name} <> ''", name="ck_users"),
        sa.CheckConstraint("email <> 'name'", name="ck_email"),
    )


ROWS = (
    "INSERT INTO orgs (id) VALUES (7)",
    "INSERT INTO users (id, email, name, org_id) VALUES (1, 'a@b', 'Ada', 7)",
)


def test_column(database_url: str) -> None:
    """A column with a default, an index, a unique key and a check keeps them all."""
    trip = _rename(
        database_url,
        lambda metadata: _users(metadata, "name"),
        lambda metadata: _users(metadata, "full_name"),
        "users.name:full_name",
        statements=ROWS,
    )
    assert _read(database_url, "SELECT id, full_name FROM users") == [(1, "Ada")]
    assert "# rename: declared" in trip.upgrade


def test_column_that_changes_too(database_url: str) -> None:
    """A column that becomes longer with its new name is renamed, then altered."""
    trip = _rename(
        database_url,
        lambda metadata: _users(metadata, "name"),
        lambda metadata: _users(metadata, "full_name", 80),
        "users.name:full_name",
        statements=ROWS,
    )
    text = trip.upgrade
    assert text.index("new_column_name") < text.index("type_=sa.String(length=80)")
    assert _read(database_url, "SELECT id, full_name FROM users") == [(1, "Ada")]


def _blog(metadata: sa.MetaData, posts: str, title: str, *, convention: bool) -> None:
    if convention:
        metadata.naming_convention = {
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }

    key = f"{posts.removesuffix('s')}_id"
    sa.Table(
        posts,
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column(title, sa.String(80), nullable=False, index=True),
        sa.Column("slug", sa.String(80), nullable=False, unique=True),
        sa.Column("parent_id", sa.ForeignKey(f"{posts}.id"), index=True),
    )
    sa.Table(
        "comments",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column(key, sa.ForeignKey(f"{posts}.id"), nullable=False),
        sa.Column("body", sa.Text),
    )


POSTS = (
    "INSERT INTO posts (id, title, slug) VALUES (1, 'One', 'one')",
    "INSERT INTO posts (id, title, slug, parent_id) VALUES (2, 'Two', 'two', 1)",
    "INSERT INTO comments (id, post_id, body) VALUES (5, 2, 'yes')",
)


@pytest.mark.parametrize("convention", [False, True])
def test_table(database_url: str, convention: bool) -> None:
    """A table, a column of it, and the keys that point to it get new names."""
    trip = _rename(
        database_url,
        lambda metadata: _blog(metadata, "posts", "title", convention=convention),
        lambda metadata: _blog(metadata, "articles", "headline", convention=convention),
        "posts:articles",
        "posts.title:headline",
        "comments.post_id:article_id",
        statements=POSTS,
    )
    assert _read(
        database_url,
        "SELECT headline, body FROM articles JOIN comments"
        " ON comments.article_id = articles.id",
    ) == [("Two", "yes")]
    assert "drop_index('" not in trip.upgrade, trip.upgrade


@pytest.mark.backends("postgresql")
@pytest.mark.parametrize("convention", [False, True])
def test_every_name_follows(database_url: str, convention: bool) -> None:
    """Sequences, keys, indexes: all have the names that a new table would give them."""

    def after(metadata: sa.MetaData) -> None:
        _blog(metadata, "articles", "headline", convention=convention)

    trip = _rename(
        database_url,
        lambda metadata: _blog(metadata, "posts", "title", convention=convention),
        after,
        "posts:articles",
        "posts.title:headline",
        "comments.post_id:article_id",
    )
    assert "drop_" not in trip.upgrade
    assert _describe(database_url) == _describe(database_url, after)


def _describe(url: str, schema: Schema | None = None) -> list[str]:
    """Return the names of everything, in a schema that is made anew if one is given."""
    engine = sa.create_engine(url)
    names = "SELECT relname FROM pg_class UNION SELECT conname FROM pg_constraint"

    with engine.begin() as connection:
        if callable(schema):
            connection.exec_driver_sql("DROP SCHEMA public CASCADE")
            connection.exec_driver_sql("CREATE SCHEMA public")
            schema(metadata := sa.MetaData())
            metadata.create_all(connection)

        found = sorted(connection.exec_driver_sql(names).scalars())

    engine.dispose()
    return [one for one in found if not one.startswith(("pg_", "_"))]

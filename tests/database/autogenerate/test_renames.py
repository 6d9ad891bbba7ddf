"""Renamed tables and columns: written as renames, and the rows stay."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from flask_migrate.databases.dialects.renaming import PostgreSQLRenaming
from flask_migrate.databases.snapshot import take_snapshot
from flask_migrate.errors import RenameUnanswered
from flask_migrate.errors import UsageError
from flask_migrate.make.autogenerate.comparison import Answers
from tests.support.roundtrip import Case
from tests.support.roundtrip import check_case
from tests.support.roundtrip import compare
from tests.support.roundtrip import Schema
from tests.support.roundtrip import Trip
from tests.support.roundtrip import try_change


def _rename(
    url: str,
    before: Schema,
    after: Schema,
    *renamed: str,
    statements: tuple[str, ...] = (),
    schemas: tuple[str, ...] = (),
    batch: bool = True,
) -> Trip:
    """Rename, and demand that nothing is dropped, left over or lost."""
    trip = try_change(
        url,
        before,
        after,
        answers=Answers(renames="auto", renamed=renamed),
        statements=statements,
        schemas=schemas,
        options={"render_as_batch": batch},
    )
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


def _pairs(metadata: sa.MetaData, *names: str, table: str = "pairs") -> None:
    key = sa.Column("id", sa.Integer, primary_key=True)
    columns = (sa.Column(name, sa.String(20)) for name in names)
    sa.Table(table, metadata, key, *columns)


def test_columns_change_places(database_url: str) -> None:
    """Two columns swap their names, which only flags can say; the values stay."""
    _rename(
        database_url,
        lambda metadata: _pairs(metadata, "a", "b"),
        lambda metadata: _pairs(metadata, "a", "b"),
        "pairs.a:b",
        "pairs.b:a",
        statements=("INSERT INTO pairs (id, a, b) VALUES (1, 'was a', 'was b')",),
    )
    assert _read(database_url, "SELECT a, b FROM pairs") == [("was b", "was a")]


def test_new_table_with_the_old_name(database_url: str) -> None:
    """A table moves aside for a new one that has its name."""

    def after(metadata: sa.MetaData) -> None:
        _pairs(metadata, "a", "b", table="old_pairs")
        sa.Table("pairs", metadata, sa.Column("x", sa.Integer, primary_key=True))

    trip = try_change(
        database_url,
        lambda metadata: _pairs(metadata, "a", "b"),
        after,
        answers=Answers(renamed=("pairs:old_pairs",)),
        statements=("INSERT INTO pairs (id, a) VALUES (1, 'kept')",),
    )
    assert trip.left == ""
    assert trip.describe_loss() == []
    assert _read(database_url, "SELECT a FROM old_pairs") == [("kept",)]


def test_without_batch(database_url: str) -> None:
    """The same is written without batches, where nobody has asked for them."""
    trip = _rename(
        database_url,
        lambda metadata: _pairs(metadata, "name"),
        lambda metadata: _pairs(metadata, "full_name", table="people"),
        "pairs:people",
        "pairs.name:full_name",
        statements=("INSERT INTO pairs (id, name) VALUES (1, 'Ada')",),
        batch=False,
    )
    assert "batch" not in trip.upgrade + trip.downgrade
    assert _read(database_url, "SELECT full_name FROM people") == [("Ada",)]


def test_hostile_names(database_url: str) -> None:
    """Names with quotes, colons and words of SQL are quoted, and are never code."""
    before, after = "it's a :name", 'select "x" -- y'

    def make(table: str, column: str) -> Schema:
        def add(metadata: sa.MetaData) -> None:
            index = sa.Index(f"ix {table}", column)
            _pairs(metadata, column, table=table)
            metadata.tables[table].append_constraint(index)

        return add

    _rename(
        database_url,
        make("from", before),
        make("Order Items", after),
        "from:Order Items",
        f"from.{before}:{after}",
    )


def test_model_says_it(database_url: str) -> None:
    """A hint in a model is enough, whatever the policy is, and is only used once."""

    def after(metadata: sa.MetaData) -> None:
        sa.Table(
            "people",
            metadata,
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("nick", sa.String(20), info={"renamed_from": "a"}),
            info={"renamed_from": "pairs"},
        )

    trip = try_change(
        database_url,
        lambda metadata: _pairs(metadata, "a"),
        after,
        answers=Answers(renames="never"),
        statements=("INSERT INTO pairs (id, a) VALUES (1, 'Ada')",),
    )
    assert trip.left == ""
    assert trip.describe_loss() == []
    assert _read(database_url, "SELECT nick FROM people") == [("Ada",)]


def test_sure_ones_are_taken(database_url: str) -> None:
    """With ``auto`` what nobody doubts is renamed, and the file says why."""
    trip = _rename(
        database_url,
        lambda metadata: _users(metadata, "name"),
        lambda metadata: _users(metadata, "full_name"),
    )
    assert "# rename: same" in trip.upgrade


def test_nothing_is_guessed(database_url: str) -> None:
    """What nobody has answered is an error with the flags and the rows at stake."""
    with pytest.raises(RenameUnanswered) as caught:
        try_change(
            database_url,
            lambda metadata: _users(metadata, "name"),
            lambda metadata: _users(metadata, "label"),
            statements=ROWS,
        )

    (question,) = caught.value.questions
    assert (question.old, question.new, question.rows) == ("users.name", "label", 1)
    assert "1 row would be lost otherwise" in caught.value.message


def test_hidden_column(database_url: str) -> None:
    """A column or a table that the user's filter hides is not asked about."""

    def include(
        item: object, name: str, kind: str, reflected: bool, other: object
    ) -> bool:
        return name not in ("name", "pairs")

    def before(metadata: sa.MetaData) -> None:
        _pairs(metadata, "name", table="users")
        _pairs(metadata, "a", "b")

    def after(metadata: sa.MetaData) -> None:
        _pairs(metadata, "full_name", table="users")
        _pairs(metadata, "a", "b", table="couples")

    options = {"include_object": include}
    trip = try_change(database_url, before, after, options=options)
    assert sorted(trip.operations) == ["AddColumnOp", "CreateTableOp"]


def test_never(database_url: str) -> None:
    """With ``never`` a column is dropped and another one added, as ever."""
    trip = try_change(
        database_url,
        lambda metadata: _pairs(metadata, "name"),
        lambda metadata: _pairs(metadata, "full_name"),
        answers=Answers(renames="never"),
    )
    assert "AddColumnOp" in trip.operations
    assert "DropColumnOp" in trip.operations


@pytest.mark.backends("postgresql")
def test_enum_type(database_url: str) -> None:
    """A column and the enum type that is named after its table are renamed."""

    def make(table: str, column: str) -> Schema:
        def add(metadata: sa.MetaData) -> None:
            _pairs(metadata, "name", table=table)
            kind = sa.Enum("new", "done", name=f"{table}_state")
            metadata.tables[table].append_column(sa.Column(column, kind))

        return add

    trip = _rename(
        database_url,
        make("jobs", "state"),
        make("tasks", "status"),
        "jobs:tasks",
        "jobs.state:status",
        statements=("INSERT INTO jobs (id, state) VALUES (1, 'done')",),
    )
    assert "ALTER TYPE jobs_state RENAME TO tasks_state" in trip.upgrade
    assert _read(database_url, "SELECT status FROM tasks") == [("done",)]


@pytest.mark.backends("postgresql")
def test_schema_and_serial(database_url: str) -> None:
    """A table of another schema keeps its schema; its numbers go on."""

    def make(table: str, key: str) -> Schema:
        def add(metadata: sa.MetaData) -> None:
            sa.Table(
                table,
                metadata,
                sa.Column(key, sa.Integer, primary_key=True),
                sa.Column("body", sa.Text, unique=True),
                schema="blog",
            )

        return add

    trip = _rename(
        database_url,
        make("posts", "id"),
        make("articles", "article_id"),
        "blog.posts:articles",
        "blog.posts.id:article_id",
        statements=("INSERT INTO blog.posts (body) VALUES ('x')",),
        schemas=("blog",),
    )
    assert "ALTER SEQUENCE blog.posts_id_seq RENAME TO" in trip.upgrade
    rows = "INSERT INTO blog.articles (body) VALUES ('y') RETURNING article_id"
    assert _read(database_url, rows) == [(2,)]


def test_index_with_another_name(database_url: str) -> None:
    """An index that only has another name is renamed where the backend can."""

    trip = try_change(database_url, _index("ix_old"), _index("ix_new"))
    assert trip.left == ""
    assert trip.describe_loss() == []
    can = not database_url.startswith("sqlite")
    assert ("DropIndexOp" not in trip.operations) == can


def _index(name: str) -> Schema:
    def add(metadata: sa.MetaData) -> None:
        _pairs(metadata, "a", "b")
        sa.Index(name, *metadata.tables["pairs"].columns["a", "b"])

    return add


CASES = (
    Case(
        row="Rename table",
        before=lambda metadata: _pairs(metadata, "a"),
        after=lambda metadata: _pairs(metadata, "a", table="couples"),
        answers=Answers(renamed=("pairs:couples",)),
    ),
    Case(
        row="Rename column",
        before=lambda metadata: _pairs(metadata, "a"),
        after=lambda metadata: _pairs(metadata, "b"),
        answers=Answers(renamed=("pairs.a:b",)),
    ),
    Case(row="Index renamed", before=_index("ix_old"), after=_index("ix_new")),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_change(database_url: str, case: Case) -> None:
    """The change is found, converges, and goes back."""
    check_case(database_url, case)


def test_same_columns_other_index(database_url: str) -> None:
    """An index that changes with its name is made anew."""

    def make(index: str, *, unique: bool) -> Schema:
        def add(metadata: sa.MetaData) -> None:
            _pairs(metadata, "a")
            sa.Index(index, metadata.tables["pairs"].c.a, unique=unique)

        return add

    trip = try_change(
        database_url, make("ix_old", unique=False), make("ix_new", unique=True)
    )
    assert sorted(trip.operations) == ["CreateIndexOp", "DropIndexOp"]
    assert trip.left == ""


@pytest.mark.parametrize("level", ["AUTOCOMMIT", None])
def test_comparison_changes_nothing(database_url: str, level: str | None) -> None:
    """What is tried for the comparison is undone, in a transaction and outside."""
    options = {} if level is None else {"isolation_level": level}
    engine = sa.create_engine(database_url, **options)
    answers = Answers(renamed=("users.name:full_name", "orgs:teams"))
    after = sa.MetaData()
    _users(after, "full_name")
    metadata = sa.MetaData()
    _users(metadata, "name")

    with engine.connect() as connection:
        metadata.create_all(connection)
        connection.commit()
        before = take_snapshot(connection)
        names = sa.inspect(connection).get_schema_names()
        trip = compare(connection, after, answers=answers)
        assert "new_column_name='full_name'" in trip.upgrade
        assert take_snapshot(connection) == before
        assert sa.inspect(connection).get_schema_names() == names

    engine.dispose()


@pytest.mark.backends("postgresql")
def test_table_in_use(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where another session reads the table, the comparison refuses to wait for it."""
    limit = "SET LOCAL lock_timeout = '20ms'"
    monkeypatch.setattr(PostgreSQLRenaming, "trial_limit", limit)
    engine = sa.create_engine(database_url)
    answers = Answers(renamed=("pairs.name:full_name",))
    before, after = sa.MetaData(), sa.MetaData()
    _pairs(before, "name")
    _pairs(after, "full_name")
    before.create_all(engine)

    with engine.connect() as other, engine.connect() as connection:
        other.exec_driver_sql("SELECT * FROM pairs")

        with pytest.raises(UsageError, match="cannot be done here"):
            compare(connection, after, answers=answers)

    engine.dispose()

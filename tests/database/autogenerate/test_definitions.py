"""How a server is asked what it makes of a model."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from flask_migrate.databases.dialects import get_dialect
from tests.support.roundtrip import compare
from tests.support.roundtrip import try_change


def _make(text: str = "a > 0") -> sa.MetaData:
    metadata = sa.MetaData()
    sa.Table(
        "things",
        metadata,
        sa.Column("a", sa.Integer),
        sa.Column("b", sa.Integer),
        sa.CheckConstraint(text, name="positive"),
    )
    return metadata


@pytest.mark.parametrize("isolation", ["AUTOCOMMIT", None])
@pytest.mark.backends("postgresql", "mariadb")
def test_nothing_stays(database_url: str, isolation: str | None) -> None:
    """The trial leaves no table, and no broken transaction, however it ends."""
    options = {"isolation_level": isolation} if isolation else {}
    engine = sa.create_engine(database_url, **options)
    _make().create_all(engine)
    metadata = _make("a > 0 AND nowhere = 1")

    with engine.connect() as connection:
        trip = compare(connection, metadata)
        assert trip.operations == ["DropConstraintOp", "CreateCheckConstraintOp"]
        backend = get_dialect(connection.dialect.name)
        items = [
            one
            for one in metadata.tables["things"].constraints
            if isinstance(one, sa.CheckConstraint)
        ]
        tried = backend.try_definitions(connection, {(None, "things"): items}, live={})
        assert tried == {(None, "things"): (None,)}
        again = backend.try_definitions(connection, {(None, "things"): items}, live={})
        assert again == tried

    engine.dispose()


@pytest.mark.backends("postgresql", "mariadb")
def test_a_table_that_cannot_be_copied_is_left_out(database_url: str) -> None:
    """Where there is nothing to copy, nothing is said, and no error stays."""
    engine = sa.create_engine(database_url)
    _make().create_all(engine)

    with engine.connect() as connection:
        backend = get_dialect(connection.dialect.name)
        items = sorted(_make().tables["things"].constraints, key=str)
        missing = {(None, "nowhere"): items}
        assert backend.try_definitions(connection, missing, live={}) == {}
        assert connection.scalar(sa.text("SELECT 1")) == 1

    engine.dispose()


@pytest.mark.backends("postgresql")
def test_a_session_that_may_not_write_compares_as_alembic_does(
    database_url: str,
) -> None:
    """Without a trial, Alembic's own comparison of indexes is used, and no check."""
    engine = sa.create_engine(database_url)
    _make().create_all(engine)
    metadata = _make("a > 1")
    sa.Index("ix_a", metadata.tables["things"].c.a)

    with engine.connect() as connection:
        connection.execute(sa.text("SET TRANSACTION READ ONLY"))
        trip = compare(connection, metadata)

    engine.dispose()
    assert trip.operations == ["CreateIndexOp"]


def test_checks_can_be_switched_off(database_url: str) -> None:
    """A plugin that is named with ``~`` finds nothing any more."""
    after = _make()
    sa.Index("ix_one", after.tables["things"].c.a)
    before = sa.MetaData()
    sa.Table("things", before, sa.Column("a", sa.Integer), sa.Column("b", sa.Integer))
    chosen = {"autogenerate_plugins": ["~flask_migrate.checks"]}
    trip = try_change(database_url, before, after, options=chosen)

    assert trip.operations == ["CreateIndexOp"]

"""Our comparators can be switched off, one by one and all together."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from flask_migrate.make.autogenerate.plugins import PLUGINS
from tests.support.roundtrip import compare

_ALEMBIC = "alembic.autogenerate.*"


@pytest.mark.parametrize("name", ["*", *(name for name, _ in PLUGINS)])
def test_one_is_switched_off(database_url: str, name: str) -> None:
    """A comparison without one, or without all, finds what is left to find."""
    engine = sa.create_engine(database_url)
    metadata = sa.MetaData()
    key = sa.Column("id", sa.Integer, primary_key=True)
    table = sa.Table("t", metadata, key)
    options = {"autogenerate_plugins": [_ALEMBIC, f"~flask_migrate.{name}"]}

    with engine.connect() as connection:
        metadata.create_all(connection)
        table.append_column(sa.Column("a", sa.String(5), server_default="x"))
        trip = compare(connection, metadata, options=options)

    engine.dispose()
    assert trip.operations == ["AddColumnOp"]


def test_a_default_is_not_compared_without_its_plugin(database_url: str) -> None:
    """With it the default is found, without it not."""
    engine = sa.create_engine(database_url)
    before, after = sa.MetaData(), sa.MetaData()

    for metadata, default in ((before, "x"), (after, "y")):
        column = sa.Column("a", sa.String(5), server_default=default)
        sa.Table("t", metadata, sa.Column("id", sa.Integer), column)

    without = {"autogenerate_plugins": [_ALEMBIC, "~flask_migrate.defaults"]}

    with engine.connect() as connection:
        before.create_all(connection)
        assert compare(connection, after).is_detected
        assert not compare(connection, after, options=without).is_detected

    engine.dispose()

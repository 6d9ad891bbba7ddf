"""Whatever the text is, the facts answer, and do not raise."""

from __future__ import annotations

import collections.abc as cabc

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import HealthCheck
from hypothesis import settings
from hypothesis import strategies as st

from flask_migrate.databases.dialects import get_dialect
from flask_migrate.databases.dialects.facts.statements import MYSQL
from flask_migrate.databases.dialects.facts.statements import POSTGRESQL
from flask_migrate.databases.dialects.tokens import DefinitionError
from flask_migrate.databases.dialects.tokens import join
from flask_migrate.databases.dialects.tokens import read_tokens
from flask_migrate.plan import Effect

TEXT = """
    ALTER TABLE ADD DROP COLUMN CONSTRAINT CREATE UNIQUE INDEX CONCURRENTLY ON t a ( )
    , . ; 'x' "q" `b` 1 FOREIGN KEY REFERENCES CHECK PRIMARY NOT NULL DEFAULT TYPE SET
    USING RENAME TO IF EXISTS INSERT INTO SELECT FROM WHERE UPDATE DELETE = AS VALUES
    MODIFY CHANGE int varchar VALIDATE TRUNCATE REINDEX GENERATED ALWAYS IDENTITY
    COMMENT GRANT VACUUM LOCK PRAGMA DO $$ -- /* ENGINE ALGORITHM COLLATE DOMAIN VIEW
    TRIGGER CASCADE PARTITION OF ATTACH [ ] % :x
"""
WORDS = TEXT.split()
STATEMENTS = st.one_of(
    st.text(max_size=60),
    st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join),
    st.lists(st.sampled_from(WORDS), max_size=14).map(
        lambda words: " ".join(["ALTER TABLE t", *words])
    ),
)


@pytest.fixture
def connection(database_url: str) -> cabc.Iterator[sa.Connection]:
    """A database with two tables."""
    engine = sa.create_engine(database_url)

    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE a (a int PRIMARY KEY, t int)")
        connection.exec_driver_sql(
            "CREATE TABLE t (a int, q varchar(9), b int,"
            " FOREIGN KEY (a) REFERENCES a (a))"
        )
        connection.commit()
        yield connection

    engine.dispose()


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(texts=st.lists(STATEMENTS, min_size=1, max_size=3))
def test_any_text(texts: list[str], connection: sa.Connection) -> None:
    """Any texts, one after the other, have an effect each, which has a source."""
    facts = get_dialect(connection.dialect.name).make_facts(connection)

    for text in texts:
        effect = facts.describe(text)
        assert isinstance(effect, Effect)
        assert effect.source
        assert effect.to_dict()["impact"]

    # No question has broken the transaction.
    assert connection.exec_driver_sql("SELECT 1").scalar() == 1


@pytest.mark.parametrize("pattern", [POSTGRESQL, MYSQL], ids=["postgresql", "mysql"])
@given(text=STATEMENTS)
def test_tokens_are_the_text(pattern: object, text: str) -> None:
    """The tokens, joined again, are the text, but for spaces at its end."""
    try:
        tokens = read_tokens(text, pattern)  # type: ignore[arg-type]
    except DefinitionError:
        return

    assert text.startswith(join(tokens))

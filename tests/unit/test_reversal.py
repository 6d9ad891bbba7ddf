"""What `repair --undo` makes of a backend that it does not know."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from flask_migrate.databases.dialects import Dialect
from flask_migrate.databases.reversal import Reversal
from flask_migrate.errors import UsageError


def test_unknown_backend() -> None:
    """Nobody guesses the SQL of a backend; the hint names the way by hand."""
    with (
        sa.create_engine("sqlite://").connect() as connection,
        pytest.raises(UsageError, match="cannot be undone here") as raised,
    ):
        Reversal(connection, Dialect(), ())

    assert "--mark-reverted" in (raised.value.hint or "")

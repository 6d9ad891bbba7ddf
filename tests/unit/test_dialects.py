"""What the backends say in words, and what they never say."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from flask_migrate.databases.dialects import get_dialect
from flask_migrate.databases.dialects.base import hide_password
from flask_migrate.databases.dialects.base import hide_secrets
from flask_migrate.databases.dialects.sqlite import file_of_name

SECRET = "s3kret"


@pytest.mark.parametrize(
    "text",
    [
        f"CREATE ROLE x PASSWORD '{SECRET}'",
        f"create user x identified by '{SECRET}'",
        f"postgresql+psycopg://u:{SECRET}@host/db",
        f"could not parse postgresql://u:{SECRET}@h@ost/db",
        f"password={SECRET} host=x",
        f"ALTER USER x WITH PASSWORD '{SECRET}' LOGIN",
    ],
)
def test_secrets_are_hidden(text: str) -> None:
    """A password in a statement, a URL or a parameter becomes three asterisks."""
    hidden = hide_secrets(text)
    assert SECRET not in hidden
    assert "***" in hidden


@pytest.mark.parametrize(
    "text", ["SELECT * FROM password_reset", "column password does not exist"]
)
def test_ordinary_text_stays(text: str) -> None:
    """A table that is only called after passwords is not touched."""
    assert hide_secrets(text) == text


def test_url_parameters() -> None:
    """Secrets among the parameters of a URL are hidden too."""
    url = sa.make_url(f"postgresql://u:{SECRET}@h/d?sslpassword={SECRET}&sslmode=on")
    assert SECRET not in hide_password(url)
    assert "sslmode=on" in hide_password(url)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        (None, None),
        ("", None),
        (":memory:", None),
        ("file:x?mode=memory&uri=true", None),
        ("/a/b.db", "/a/b.db"),
        ("file:/a/b.db?uri=true", "/a/b.db"),
    ],
)
def test_file_of_name(name: str | None, path: str | None) -> None:
    """Only a name that means a file has one."""
    found = file_of_name(name)
    assert (str(found) if found else None) == path


@pytest.mark.parametrize(
    ("statement", "leaves"),
    [
        ("INSERT INTO `other`.`users` VALUES (1)", True),
        ("insert into other . users values (1)", True),
        ("ALTER TABLE other.users ADD COLUMN x INT", True),
        ("CREATE TABLE IF NOT EXISTS other.users (id INT)", True),
        ("CREATE UNIQUE INDEX `ix` ON `other`.`users` (id)", True),
        ("DELETE FROM other.users", True),
        ("USE other", True),
        ("DROP TABLE `own`.`users`", False),
        ("SHOW CREATE TABLE other.users", False),
        ("UPDATE users JOIN pets ON users.id = pets.user SET users.x = 1", False),
        ("SELECT users.id FROM users WHERE users.id = 1.5", False),
        ("SELECT 1 FROM information_schema.tables", False),
        ("ALTER TABLE users ADD INDEX ix (id), COMMENT 'ON a.b'", False),
    ],
)
def test_other_databases(statement: str, leaves: bool) -> None:
    """A statement for another MySQL database is told from one with an alias."""
    assert get_dialect("mysql").leaves_database(statement, "own") is leaves

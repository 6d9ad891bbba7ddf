"""The applications that the scenarios use; each is the text of an ``app.py``."""

from __future__ import annotations

import typing as t

PARTS = """\
import os
from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy

here = os.path.dirname(os.path.abspath(__file__))
app = Flask(__name__, instance_path=here)
app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{{here}}/blog.db"
{settings}
db = SQLAlchemy()
{migrate}
db.init_app(app)

{models}
"""

MODEL = """
class {name}(db.Model):
    __tablename__ = {table!r}
{bind}
    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String(50))
"""


def make_app(
    *tables: str,
    arguments: str = "",
    binds: t.Mapping[str, t.Sequence[str]] | None = None,
    migrate: str = "migrate = Migrate(app, db{arguments})",
) -> str:
    """Return an application with one model for each table.

    :param arguments: what to give to ``Migrate`` beside the application and ``db``.
    :param binds: the further databases, each a SQLite file of its name, and their
        tables.
    :param migrate: the statements that make and initialise ``Migrate``.
    """
    models = [_make_model(table) for table in tables]
    settings = ""
    if binds is not None:
        urls = ", ".join(f'{key!r}: f"sqlite:///{{here}}/{key}.db"' for key in binds)
        settings = f'app.config["SQLALCHEMY_BINDS"] = {{{urls}}}'
        models += [
            _make_model(table, bind=key)
            for key, names in binds.items()
            for table in names
        ]

    return PARTS.format(
        settings=settings,
        migrate=migrate.replace("{arguments}", f", {arguments}" if arguments else ""),
        models="".join(models),
    )


def _make_model(table: str, *, bind: str | None = None) -> str:
    return MODEL.format(
        name=table.title(),
        table=table,
        bind="" if bind is None else f"    __bind_key__ = {bind!r}",
    )


BLOG = make_app("users", "posts", "tags")
"""The application whose models are the tables of `histories.LINEAR`."""

TWO_DATABASES = make_app("users", "posts", binds={"audit": ["events"]})
"""The application of `histories.TWO_DATABASES`."""

PLAIN = """\
import os
import sqlalchemy as sa
from flask import Flask
from flask_migrate import Migrate

here = os.path.dirname(os.path.abspath(__file__))
app = Flask(__name__)


class Database:
    engine = sa.create_engine(f"sqlite:///{here}/blog.db")
    metadata = sa.MetaData()


for name in ("users", "posts", "tags"):
    sa.Table(
        name,
        Database.metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(50)),
    )

migrate = Migrate(app, Database())
"""
"""The same, with nothing but an engine and its metadata."""

ASYNC = PLAIN.replace(
    "import sqlalchemy as sa\n",
    "import sqlalchemy as sa\nfrom sqlalchemy.ext.asyncio import create_async_engine\n",
).replace(
    'sa.create_engine(f"sqlite:///',
    'create_async_engine(f"sqlite+aiosqlite:///',
)
"""The same, with an asynchronous engine."""

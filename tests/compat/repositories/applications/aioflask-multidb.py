"""A blog that grew, with its events in a second database, both asynchronous."""

import os

import sqlalchemy as sa
from flask import Flask
from flask_migrate import Migrate
from sqlalchemy.ext.asyncio import create_async_engine

STAGE = int(os.environ["STAGE"])


class Database:
    def __init__(self):
        self.metadata = sa.MetaData()
        self.engines = {
            None: create_async_engine("sqlite+aiosqlite:///" + os.environ["BLOG"]),
            "audit": create_async_engine("sqlite+aiosqlite:///" + os.environ["AUDIT"]),
        }

    def get_engine(self, bind=None):
        return self.engines[bind]

    def bind_names(self):
        return ["audit"]


app = Flask(__name__)
db = Database()
migrate = Migrate(app, db)

users = sa.Table(
    "user",
    db.metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(50), nullable=False),
)
events = sa.Table(
    "event",
    db.metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("what", sa.String(100), nullable=False),
    info={"bind_key": "audit"},
)
if STAGE >= 2:
    events.append_column(sa.Column("level", sa.Integer))
    posts = sa.Table(
        "post",
        db.metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("user_id", sa.Integer, sa.ForeignKey("user.id"), nullable=False),
    )
if STAGE >= 3:
    users.append_column(sa.Column("email", sa.String(120), index=True))
if STAGE >= 4:
    posts.append_column(sa.Column("body", sa.Text))

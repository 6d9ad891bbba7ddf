"""A blog that grew, on an asynchronous engine and nothing but SQLAlchemy."""

import os

import sqlalchemy as sa
from flask import Flask
from flask_migrate import Migrate
from sqlalchemy.ext.asyncio import create_async_engine

STAGE = int(os.environ["STAGE"])


class Database:
    def __init__(self):
        self.metadata = sa.MetaData()
        self.engine = create_async_engine("sqlite+aiosqlite:///" + os.environ["BLOG"])

    def get_engine(self):
        return self.engine


app = Flask(__name__)
db = Database()
migrate = Migrate(app, db)

users = sa.Table(
    "user",
    db.metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(50), nullable=False),
)
if STAGE >= 2:
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

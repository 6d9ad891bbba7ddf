"""A blog that grew, with its events in a second database."""

import os

from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy

STAGE = int(os.environ["STAGE"])

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite:///" + os.environ["BLOG"]
app.config["SQLALCHEMY_BINDS"] = {"audit": "sqlite:///" + os.environ["AUDIT"]}
app.config["SQLALCHEMY_TRACK_MODIFICATIONS"] = False
db = SQLAlchemy(app)
migrate = Migrate(app, db)


class User(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String(50), nullable=False)
    if STAGE >= 3:
        email = db.Column(db.String(120), index=True)


class Event(db.Model):
    __bind_key__ = "audit"
    id = db.Column(db.Integer, primary_key=True)
    what = db.Column(db.String(100), nullable=False)
    if STAGE >= 2:
        level = db.Column(db.Integer)


if STAGE >= 2:

    class Post(db.Model):
        id = db.Column(db.Integer, primary_key=True)
        title = db.Column(db.String(200), nullable=False)
        user_id = db.Column(db.Integer, db.ForeignKey("user.id"), nullable=False)
        if STAGE >= 4:
            body = db.Column(db.Text)

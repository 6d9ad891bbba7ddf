"""The application that both packages migrate, each in processes of its own.

Its environment says where the database and the repository are, and when it is killed.
"""

from __future__ import annotations

import os
import typing as t

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from tests.support.kills import kill_at
from tests.support.kills import listening

from flask_migrate import Migrate

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["DATABASE_URL"]
options: dict[str, t.Any] = {}

if "PER_MIGRATION" in os.environ:
    options["transaction_per_migration"] = True

Migrate(app, SQLAlchemy(app), directory=os.environ["REPOSITORY"], **options)

if "COUNT" in os.environ:
    counter = os.open(os.environ["COUNT"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    counting = listening(lambda: os.write(counter, b"."), lambda: None)
    counting.__enter__()

if "MOMENT" in os.environ:
    kill_at(
        int(os.environ["MOMENT"]),
        after_sending="SENT" in os.environ,
        delay=float(os.environ.get("DELAY", 0)),
    )()

"""A small shop: users, products, and the orders that bring them together."""

from __future__ import annotations

import datetime
import sqlite3
import typing as t

import click
import sqlalchemy as sa
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.orm import Mapped
from sqlalchemy.orm import mapped_column

from flask_migrate import Migrate


class Base(DeclarativeBase):
    """What every table has in common."""

    id: Mapped[int] = mapped_column(primary_key=True, sort_order=-1)


class User(Base):
    """Somebody who buys."""

    __tablename__ = "users"

    name: Mapped[str] = mapped_column(sa.String(80))
    email: Mapped[str] = mapped_column(sa.String(40), unique=True)


class Product(Base):
    """Something to be bought."""

    __tablename__ = "products"

    name: Mapped[str] = mapped_column(sa.String(80))
    cents: Mapped[int]


class Order(Base):
    """One user bought some of one product."""

    __tablename__ = "orders"

    user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"))
    product_id: Mapped[int] = mapped_column(sa.ForeignKey("products.id"))
    amount: Mapped[int]
    day: Mapped[datetime.date]


db = SQLAlchemy(model_class=Base)
migrate = Migrate()


def create_app() -> Flask:
    """Return the shop, with its database in the instance folder."""
    app = Flask(__name__)
    app.config.setdefault("SQLALCHEMY_DATABASE_URI", "sqlite:///shop.db")
    app.config.from_prefixed_env()
    db.init_app(app)
    migrate.init_app(app, db)
    app.cli.add_command(fill)
    return app


@sa.event.listens_for(sa.Engine, "connect")
def enforce_foreign_keys(connection: t.Any, _record: object) -> None:
    """Make SQLite do what every other database does unasked."""
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA foreign_keys = ON")


@click.command
def fill() -> None:
    """Put a few users, products and orders into the shop."""
    people = ("Ada", "Grace", "Hedy")
    goods = {"lantern": 2400, "compass": 1250, "map": 700}
    users = [User(name=name, email=f"{name.lower()}@example.org") for name in people]
    products = [Product(name=name, cents=cents) for name, cents in goods.items()]
    db.session.add_all([*users, *products])
    db.session.flush()
    for number in range(5):
        order = Order(
            user_id=users[number % 3].id,
            product_id=products[number // 2].id,
            amount=number + 1,
            day=datetime.date(2026, 5, number + 1),
        )
        db.session.add(order)

    db.session.commit()
    click.echo("The shop has 3 users, 3 products and 5 orders.")

"""Which template is chosen, and which names are ours."""

from __future__ import annotations

import pathlib
import typing as t

import sqlalchemy as sa

from flask_migrate.databases.dialects.templates import parse_name
from flask_migrate.databases.template import choose
from flask_migrate.databases.template import Template
from flask_migrate.databases.template import TemplateName
from flask_migrate.databases.template import Templates


class Known(Templates):
    """Templates of some digests."""

    def __init__(self, *digests: str) -> None:
        run: t.Any = None
        super().__init__(sa.make_url("sqlite://"), folder=pathlib.Path(), run=run)
        self._digests = digests

    def find(self, owner: str) -> tuple[Template, ...]:
        """Return all of them."""
        return tuple(
            Template(place=one, digest=one, fingerprint="") for one in self._digests
        )


def test_choose() -> None:
    """The one that stands furthest, among those on the way."""
    templates = Known("b", "x", "a")
    chosen = choose(templates, "", digests=["a", "b", "c"])
    assert chosen is not None
    assert chosen.digest == "b"
    assert choose(templates, "", digests=["c"]) is None
    assert choose(templates, "", digests=[]) is None


def test_names() -> None:
    """What a name says; a name of something else says nothing."""
    name = TemplateName("0" * 12, "1" * 24)
    assert parse_name(str(name)) == name
    assert parse_name(f"{name}_abcd") == name
    assert len(f"{name}_01234567") == 64
    assert parse_name("whimbrel_scratch_1_2") is None
    assert parse_name("whimbrel_template_") is None

"""What autogenerate wrote without a word, and what it says now."""

from __future__ import annotations

import pathlib
import sys
import types

import pytest
import sqlalchemy as sa

from tests.support.apps import make_shop


@pytest.mark.row(76)
def test_models_that_nobody_imported(tmp_path: pathlib.Path) -> None:
    """A revision that would drop every table is not written."""
    shop = make_shop(tmp_path)
    shop.run_well("upgrade")
    before = set(shop.versions.iterdir())
    result = shop.run("migrate", "-m", "x")
    assert result.exit_code == 2
    assert "3 of the 3 tables would be dropped (t1, t2, t3)" in result.stderr
    assert "--allow-mass-drop" in result.stderr
    assert set(shop.versions.glob("*.py")) <= before


@pytest.mark.row(78)
def test_type_of_the_application(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The module of a custom type is imported by the file that names the type."""
    module = types.ModuleType("mytypes")

    class Money(sa.TypeDecorator[int]):
        impl = sa.Integer
        cache_ok = True

    Money.__module__, Money.__qualname__ = "mytypes", "Money"
    module.__dict__["Money"] = Money
    monkeypatch.setitem(sys.modules, "mytypes", module)
    metadata = sa.MetaData()

    for name in ("t1", "t2", "t3"):
        sa.Table(name, metadata, sa.Column("id", sa.Integer))

    sa.Table("prices", metadata, sa.Column("amount", Money()))
    shop = make_shop(tmp_path, metadata=metadata)
    shop.run_well("migrate", "-m", "x", "--rev-id", "b1")
    assert "import mytypes" in (shop.versions / "b1_x.py").read_text()
    shop.run_well("upgrade")

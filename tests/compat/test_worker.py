"""The instrument itself: two packages, equal surroundings, one process per command."""

from __future__ import annotations

from .places import Pair

VERSIONS = """
from importlib.metadata import version
names = ("alembic", "click", "flask", "flask-sqlalchemy", "mako", "sqlalchemy")
value = {name: version(name) for name in names}
"""


def test_libraries_are_equal(pair: Pair) -> None:
    """Both packages stand on the same versions, so that a difference is theirs."""
    assert pair.python(VERSIONS)["alembic"]


def test_commands_share_nothing(pair: Pair) -> None:
    """What one command changes in its process and its environment the next sees not."""
    pair.python("import os, sys; os.environ['A'] = sys.changed = 'yes'", B="here")
    code = "import os, sys; value = [hasattr(sys, 'changed'), *map(os.getenv, 'AB')]"
    assert pair.python(code, B="there") == [False, None, "there"]


def test_exit_codes_and_streams_are_seen(pair: Pair) -> None:
    """A command's exit code, its stdout and its stderr arrive apart."""
    pair.write("app.py", "from flask import Flask\napp = Flask('app')\n")
    assert pair.flask("routes").stdout.startswith("Endpoint")
    result = pair.flask("no-such-thing", code=2, says="No such command 'no-such-thing'")
    assert result.stdout == ""
    assert pair.original.python("raise SystemExit('done')").stderr == "done\n"
    assert pair.original.python("raise SystemExit(7)").exit_code == 7
    assert pair.original.python("1 / 0").exit_code == 1

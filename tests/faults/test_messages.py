"""The text of a message is text: whatever it says, no line of it is ever run.

A job in CI may take the message from a ticket, so whoever writes tickets could run code
there: with Flask-Migrate 4.1 each of these payloads does, at the moment the file is
made.
"""

from __future__ import annotations

import ast
import pathlib
import shutil
import typing as t

import pytest
import sqlalchemy as sa

from tests.faults.rows import check_answer
from tests.faults.rows import observe
from tests.support.apps import make_shop
from tests.support.apps import make_table
from tests.support.forks import run_flask
from tests.support.projects import Project

OLD = pathlib.Path(__file__).parents[1] / "compat" / "repositories"
MARK = "OWNED"
CODE = f"open({MARK!r}, 'w').close()"
PAYLOADS = {
    "closes the docstring": f'"""\n{CODE}\n"""',
    "closes the docstring on one line": f'""";{CODE};"""',
    "adds to the docstring": f'x"""+str({CODE})+"""',
    "ends with a quote": f'x"\n{CODE}\n"',
    "ends with a backslash": f"x\\\n{CODE}\n\\",
    "escapes the end": f'\\""";{CODE};"""',
    "escapes the escape": f'\\\\""";{CODE};"""',
    "single quotes": f"'''\n{CODE}\n'''",
    "expression of the template": f"${{{CODE}}}",
    "control of the template": f"% if {CODE}:\n% endif\n",
    "block of the template": f"<% {CODE} %>",
    "module block of the template": f"<%! {CODE} %>",
    "end of a line": f"x\n{CODE}",
    "carriage return": f"x\r{CODE}",
    "form feed": f"x\x0c{CODE}",
    "line separator": f"x\u2028{CODE}",
    "coding comment": f"-*- coding: utf-7 -*-\n+AAo-{CODE}",
    "encoding that hides code": f"-*- coding: utf-7 -*- +AAo-{CODE}+AAo-",
    "f-string": f"{{{CODE}}}",
    "assigns the id": '"""\nrevision = "evil"\n"""',
}
HARMLESS = {
    "backslash and a capital U": "fix C:\\Users\\new",
    "backslash and a small u": "fix C:\\users\\new",
    "backslash and an x": "regex \\x fix",
    "backslash and an N": "path \\New",
    "docstring quotes": '"""',
    "percent sign": "100 % of %(rev)s",
    "Unicode": "второй 🐦 ‮ ﷽",
    "long": "x" * 20000,
    "path": "../../etc/passwd",
    "path from the root": "/etc/passwd",
    "blank": "   ",
    "control characters": "a\x01\x1b[31mb",
}


def replace_template(shop: Project, name: str) -> None:
    """Give the shop the template of revisions that another tool has written."""
    target = shop.folder / "script.py.mako"
    if name in TEXTS:
        target.write_text(TEXTS[name] + target.read_text())
    else:
        shutil.copyfile(OLD / name / "migrations" / "script.py.mako", target)


TEXTS = {
    "message in a comment": "# ${message}\n",
    "message in a string": 'title = "${message}"\n',
    "message in a formatted string": 'title = f"${message}"\n',
    "message as a name": "def step_${message}():\n    pass\n",
}
TEMPLATES = ["flask", "flask-multidb", "2.0.0-flask", "4.1.0-flask", *TEXTS]
COMMANDS = ["revision", "migrate", "merge"]
WAYS = [
    *(("revision", template) for template in TEMPLATES),
    ("migrate", "flask-multidb"),
    ("migrate", "4.1.0-flask"),
    ("merge", "flask"),
    ("merge", "message in a comment"),
]


def make_message_shop(folder: pathlib.Path, template: str) -> Project:
    """Make a shop with two heads and a template."""
    ours = template.startswith("flask")
    metadata = sa.MetaData()
    for name in ("t1", "t2", "t3", "new"):
        sa.Table(name, metadata, sa.Column("id", sa.Integer))

    tables = [make_table(1), make_table(2), make_table(3)]
    shop = make_shop(
        folder,
        None,
        *tables,
        template=template if ours else "flask",
        metadata=metadata,
    )
    if not ours:
        replace_template(shop, template)

    return shop


def type_message(shop: Project, command: str, message: str) -> t.Any:
    """Write a revision with a message, by one of the commands that do."""
    words = [command, "-m", message]
    if command == "merge":
        shop.write_revision("b3", down="a2")
        words += ["a3", "b3"]
    elif command == "migrate":
        shop.run_well("upgrade")

    before = observe(shop)
    return shop.run(*words), before


@pytest.mark.parametrize("message", PAYLOADS.values(), ids=list(PAYLOADS))
@pytest.mark.parametrize(("command", "template"), WAYS)
def test_payload(
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    template: str,
    message: str,
) -> None:
    """The code never runs: the file holds it as text, or the message is refused."""
    monkeypatch.chdir(tmp_path)
    shop = make_message_shop(tmp_path, template)
    result, before = type_message(shop, command, message)
    if result.exit_code == 0:
        written = set(shop.versions.glob("*.py")) - set(map(pathlib.Path, before))
        assert len(written) >= 1
        for path in written:
            docstring = ast.get_docstring(ast.parse(path.read_bytes()), clean=False)
            assert docstring or template in TEXTS
    else:
        check_answer(
            result, says=("The message cannot be written into script.py.mako",)
        )
        assert template in TEXTS
        assert observe(shop) == before

    shop.run_well("history", "-v")
    shop.run_well("upgrade", "heads")
    assert not list(tmp_path.rglob(MARK))


@pytest.mark.parametrize("message", HARMLESS.values(), ids=list(HARMLESS))
@pytest.mark.parametrize("template", ["flask", "4.1.0-flask"])
def test_harmless(tmp_path: pathlib.Path, template: str, message: str) -> None:
    """A message that breaks the tree with Flask-Migrate reads back as it was typed."""
    shop = make_message_shop(tmp_path, template)
    shop.run_well("revision", "-m", message, "--rev-id", "new")
    path = next(shop.versions.glob("new*.py"))
    docstring = ast.get_docstring(ast.parse(path.read_bytes()), clean=False)
    assert docstring is not None
    assert docstring.startswith(message)
    assert path.parent == shop.versions
    assert "new" in shop.run_well("heads").stdout
    shop.run_well("upgrade")


@pytest.mark.parametrize("template", list(TEXTS)[:-1])
def test_custom_template(tmp_path: pathlib.Path, template: str) -> None:
    """A template that writes the message elsewhere takes an ordinary one."""
    shop = make_message_shop(tmp_path, template)
    shop.run_well("revision", "-m", "add prices", "--rev-id", "new")
    assert "add prices" in next(shop.versions.glob("new*.py")).read_text()
    shop.run_well("upgrade")


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("message", ["a\udcffb", "a\0b"])
def test_no_text(tmp_path: pathlib.Path, command: str, message: str) -> None:
    """Bytes that are no text, as a terminal of another encoding sends, are refused."""
    shop = make_message_shop(tmp_path, "flask")
    result, before = type_message(shop, command, message)
    check_answer(result, exit_code=2, says=("The text given to --message",))
    assert observe(shop) == before


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "ascii"])
def test_encoding_of_the_repository(tmp_path: pathlib.Path, encoding: str) -> None:
    """A repository in another encoding refuses what Python could not read back."""
    shop = make_message_shop(tmp_path, "flask")
    (shop.folder / "alembic.ini").write_text(
        f"[alembic]\noutput_encoding = {encoding}\n"
    )
    before = observe(shop)
    for message in ("второй", "café"):
        result = shop.run("revision", "-m", message)
        if encoding == "utf-8":
            assert result.exit_code == 0, result.output
        else:
            check_answer(result, exit_code=2, says=("The message cannot", encoding))
            assert observe(shop) == before

    shop.run_well("revision", "-m", "third")


@pytest.mark.parametrize("locale", ["C", "POSIX"])
def test_poor_locale(tmp_path: pathlib.Path, locale: str) -> None:
    """Where the locale knows ASCII only, files are UTF-8 all the same."""
    shop = make_message_shop(tmp_path, "flask")
    ini = shop.folder / "alembic.ini"
    ini.write_text("# второй\n" + ini.read_text())
    environment = {"LC_ALL": locale, "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    outcome = run_flask(
        *("db", "revision", "-m", "второй", "--rev-id", "new"),
        app=shop.app,
        environment=environment,
    )
    assert outcome.exit_code == 0, outcome.output
    assert "второй" in next(shop.versions.glob("new*.py")).read_text("utf-8")
    outcome = run_flask("db", "history", app=shop.app, environment=environment)
    assert outcome.exit_code == 0, outcome.output

"""The private servers come when asked, answer, and leave nothing behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import typing as t
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.support.server_process import PgBouncer
from tests.support.server_process import ServerFailed
from tests.support.server_process import SERVERS
from tests.support.servers import Backend
from tests.support.servers import BACKENDS
from tests.support.servers import Databases
from tests.support.servers import PrivateServer
from tests.support.servers import select_backends
from tests.support.servers import ServerMissing

ROOT = Path(__file__).parents[2]

PATIENCE = 15.0
"""Seconds until something that must vanish has to be gone."""

NAMES = [
    pytest.param(
        name,
        marks=pytest.mark.skipif(
            not kind.find_program(), reason=str(ServerMissing(kind))
        ),
    )
    for name, kind in SERVERS.items()
]


def is_alive(pid: int) -> bool:
    """Return whether a process runs; a zombie does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False

    return state != "Z"


def assert_vanishes(facts: dict[str, t.Any]) -> None:
    """Wait until the process and the folder of a server are gone."""
    deadline = time.monotonic() + PATIENCE
    while is_alive(facts["pid"]) or Path(facts["folder"]).exists():
        assert time.monotonic() < deadline, f"{facts} is still there"
        time.sleep(0.02)


def other_servers() -> dict[int, str]:
    """Return the database servers of this machine that no test run started."""
    found = {}
    for path in Path("/proc").glob("[0-9]*"):
        try:
            command = (path / "cmdline").read_bytes().decode(errors="replace")
            started = (path / "stat").read_text().rpartition(")")[2].split()[19]
        except (FileNotFoundError, ProcessLookupError):
            continue

        program = Path(command.partition("\0")[0]).name
        is_server = program in {"postgres", "mariadbd", "mysqld", "pgbouncer"}
        if is_server and "/whimbrel-" not in command:
            found[int(path.name)] = started

    return found


def run_pytest(
    folder: Path, code: str, *, settings: str = "", **environment: str
) -> subprocess.Popen[str]:
    """Start a pytest of its own on one file of tests, with the real plugins.

    :param settings: code that runs after the plugins were imported.
    :param environment: variables on top of this process's own.
    """
    (folder / "test_inner.py").write_text(code)
    (folder / "inner_settings.py").write_text(settings)
    plugins = ["tests.support.databases", "tests.support.leaks", "inner_settings"]
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]
    for plugin in plugins:
        command += ["-p", plugin]

    return subprocess.Popen(
        [*command, "-c", str(ROOT / "pyproject.toml"), str(folder / "test_inner.py")],
        cwd=folder,
        env={
            **os.environ,
            "CI": "",
            "PYTHONPATH": f"{ROOT}:{folder}",
            "PYTHONDONTWRITEBYTECODE": "1",
            **environment,
        },
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_stopped_server_leaves_nothing(name: str) -> None:
    """After `stop` its process, its watcher and its folder are gone at once."""
    server = PrivateServer(name)
    facts = server.facts
    watcher = server.supervisor_pid
    assert is_alive(facts["pid"])

    server.stop()

    assert not is_alive(facts["pid"])
    assert not is_alive(watcher)
    assert not Path(facts["folder"]).exists()


@pytest.mark.parametrize("name", NAMES)
def test_a_killed_owner_takes_its_server_along(name: str) -> None:
    """Even ``kill -9`` of the process that asked for a server ends the server."""
    code = (
        "import json, time\n"
        "from tests.support.servers import PrivateServer\n"
        f"server = PrivateServer({name!r})\n"
        "print(json.dumps(server.facts), flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        facts = json.loads(owner.stdout.readline())
        assert is_alive(facts["pid"])
        owner.kill()

    assert_vanishes(facts)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_run_leaves_nothing(
    tmp_path: Path, number: signal.Signals, postgresql_url: str, mariadb_url: str
) -> None:
    """Ctrl-C in the terminal, which reaches the whole group, ends both servers."""
    code = (
        "import json, pathlib, time\n"
        "def test_slow(databases, postgresql_url, mariadb_url):\n"
        "    facts = [each.facts for each in databases.servers.values()]\n"
        "    note = pathlib.Path(__file__).with_name('note')\n"
        "    note.with_suffix('.new').write_text(json.dumps(facts))\n"
        "    note.with_suffix('.new').rename(note)\n"
        "    time.sleep(60)\n"
    )
    run = run_pytest(tmp_path, code)
    note = tmp_path / "note"
    deadline = time.monotonic() + PATIENCE
    while not note.exists():
        assert run.poll() is None, run.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.02)

    os.killpg(run.pid, number)
    run.communicate()

    assert run.returncode
    for facts in json.loads(note.read_text()):
        assert_vanishes(facts)


@pytest.mark.parametrize("name", NAMES)
def test_a_server_that_runs_already_is_left_alone(
    name: str, databases: Databases
) -> None:
    """Another server of the same kind keeps its process, its port and its clients."""
    before = other_servers()
    backend = next(each for each in BACKENDS.values() if each.server == name)
    engine = sa.create_engine(databases.server_url(backend))
    with engine.connect() as connection:
        server = PrivateServer(name)
        assert server.facts["port"] != databases.servers[name].facts["port"]
        server.stop()
        assert connection.scalar(sa.text("SELECT 1")) == 1

    engine.dispose()
    assert other_servers() == before


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("name", NAMES)
def test_a_server_never_runs_as_root(name: str, databases: Databases) -> None:
    """Where the tests run as root, the servers run as somebody who owns nothing."""
    server = databases.servers[name]
    owner = Path(f"/proc/{server.facts['pid']}").stat().st_uid

    assert owner != 0


def test_a_server_that_cannot_start_shows_its_log(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The reason is in the error, and the folder of the attempt is gone."""
    # The servers' user must reach it, and pytest's own folders are private.
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    for name in ("initdb", "postgres"):
        (folder / name).write_text('#!/bin/sh\necho "no room in $TMPDIR"\nexit 1\n')
        (folder / name).chmod(0o755)

    server = PrivateServer("postgresql")
    with pytest.raises(ServerFailed, match="no room in") as caught:
        _ = server.facts

    server.stop()
    shutil.rmtree(folder)
    place = str(caught.value).partition("no room in ")[2].strip()
    assert place
    assert not Path(place).exists()


@pytest.mark.parametrize(("ci", "outcome"), [("", "2 skipped"), ("true", "2 error")])
def test_a_missing_server_is_counted_and_named(
    tmp_path: Path, ci: str, outcome: str
) -> None:
    """A developer is told what to install; a judge fails."""
    code = (
        "def test_one(mariadb_url): pass\n"
        "def test_two(mariadb_url): pass\n"
        "def test_other(): pass\n"
    )
    settings = "from tests.support import server_process\nserver_process.PLACES = ()\n"

    run = run_pytest(tmp_path, code, settings=settings, PATH="/nowhere", CI=ci)
    output = run.communicate()[0]

    assert "2 tests went without: MariaDB is not installed here" in output
    assert "apt-get install mariadb-client-core mariadb-server-core" in output
    assert outcome in output.splitlines()[-1]
    assert "1 passed" in output.splitlines()[-1]
    assert run.returncode == (1 if ci else 0)


needs_pooler = pytest.mark.skipif(
    not (SERVERS["postgresql"].find_program() and PgBouncer.find_program()),
    reason=str(ServerMissing(PgBouncer)),
)


@needs_pooler
@pytest.mark.parametrize(("ci", "outcome"), [("", "skipped"), ("true", "error")])
def test_a_missing_pooler_is_counted_and_named(
    tmp_path: Path, ci: str, outcome: str
) -> None:
    """It is missed as a server is: told to a developer, refused by a judge."""
    code = (
        "import pytest\n"
        "@pytest.mark.backends('postgresql')\n"
        "def test_one(pooled_url): pass\n"
    )
    settings = (
        "from tests.support import server_process\n"
        "server_process.PgBouncer.find_program = lambda: None\n"
    )
    output = run_pytest(tmp_path, code, settings=settings, CI=ci).communicate()[0]
    assert "1 tests went without: PgBouncer is not installed here" in output
    assert "apt-get install pgbouncer" in output
    assert outcome in output.splitlines()[-1]


@needs_pooler
def test_a_stopped_pooler_leaves_nothing() -> None:
    """It goes as its server does."""
    server = PrivateServer("postgresql")
    pooler = PrivateServer("pgbouncer", str(server.facts["port"]))
    facts = pooler.facts
    assert is_alive(facts["pid"])
    pooler.stop()
    server.stop()
    assert not is_alive(facts["pid"])
    assert not Path(facts["folder"]).exists()


def test_every_leak_is_an_error(tmp_path: Path) -> None:
    """Contexts, loggers, files and folders: what a test leaves behind fails it."""
    code = """
import flask, logging, os, pathlib, pytest

def test_clean(tmp_path, monkeypatch, caplog):
    caplog.set_level("DEBUG")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    with flask.Flask("shop").app_context():
        pass

def test_context(): flask.Flask("shop").app_context().push()
def test_after_it(): assert not flask.has_app_context()
def test_handler(): logging.getLogger().addHandler(logging.NullHandler())
def test_level(): logging.getLogger().setLevel(5)
def test_disabled():
    logging.getLogger("shop").disabled = True
def test_file(): pathlib.Path("left").touch()
def test_folder(tmp_path): os.chdir(tmp_path)
"""
    settings = (
        "import pathlib\n"
        "from tests.support import leaks\n"
        "leaks.ROOT = pathlib.Path(__file__).parent\n"
    )
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)

    output = run_pytest(tmp_path, code, settings=settings).communicate()[0]

    assert "8 passed, 6 errors" in output.splitlines()[-1]
    assert "left application contexts pushed: ['shop']" in output
    assert "changed the handlers of the root logger" in output
    assert "changed the level of the root logger" in output
    assert "changed the loggers that are disabled" in output
    assert "changed the files in the current folder" in output
    assert "The test stayed in" in output
    assert "appeared in the repository: left" in output


def test_each_test_has_an_empty_database(
    database_url: str, make_database: t.Callable[[], str]
) -> None:
    """Two databases of one test are different, empty and writable."""
    urls = {database_url, make_database()}
    assert len(urls) == 2
    for url in urls:
        engine = sa.create_engine(url)
        assert sa.inspect(engine).get_table_names() == []
        with engine.begin() as connection:
            connection.execute(sa.text("CREATE TABLE bird (name VARCHAR(20))"))

        engine.dispose()


@pytest.mark.server
def test_a_database_goes_although_somebody_is_connected(
    backend: Backend, databases: Databases, tmp_path: Path
) -> None:
    """A test that forgets a connection does not keep its database alive."""
    url = databases.create(backend, folder=tmp_path)
    forgotten = sa.create_engine(url)
    connection = forgotten.connect()

    databases.drop(backend, url)

    again = sa.create_engine(url)
    with pytest.raises(sa.exc.OperationalError, match=sa.make_url(url).database):
        again.connect()
    connection.invalidate()
    connection.close()
    forgotten.dispose()


@pytest.mark.two_phase
def test_a_transaction_can_be_prepared(database_url: str) -> None:
    """The servers are set up for two-phase commit."""
    engine = sa.create_engine(database_url)
    with engine.connect() as connection:
        transaction = connection.begin_twophase()
        connection.execute(sa.text("SELECT 1"))
        transaction.prepare()
        transaction.commit()

    engine.dispose()


@pytest.mark.parametrize(
    ("marks", "names"),
    [
        ([], ["sqlite", "postgresql", "mariadb"]),
        ([pytest.mark.backends("mariadb", "sqlite")], ["sqlite", "mariadb"]),
        ([pytest.mark.transactional_ddl], ["sqlite", "postgresql"]),
        ([pytest.mark.transactional_ddl, pytest.mark.server], ["postgresql"]),
        ([pytest.mark.without("transactional_ddl")], ["mariadb"]),
        ([pytest.mark.usefixtures("tmp_path")], ["sqlite", "postgresql", "mariadb"]),
    ],
)
def test_marks_choose_backends(
    marks: list[pytest.MarkDecorator], names: list[str]
) -> None:
    """By name, by what a backend can do and by what it cannot; all must agree."""
    chosen = select_backends(each.mark for each in marks)

    assert [backend.name for backend in chosen] == names


@pytest.mark.parametrize(
    ("marks", "complaint"),
    [
        ([pytest.mark.backends("postgres")], "choose from"),
        ([pytest.mark.without("transactions")], "choose from"),
        ([pytest.mark.backends("sqlite"), pytest.mark.schemas], "no backend"),
    ],
)
def test_marks_that_choose_nothing_are_mistakes(
    marks: list[pytest.MarkDecorator], complaint: str
) -> None:
    """A wrong name must not quietly switch a test off."""
    with pytest.raises(ValueError, match=complaint):
        select_backends(each.mark for each in marks)

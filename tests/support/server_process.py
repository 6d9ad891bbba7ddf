"""One private database server: made, watched over, and always taken away.

A program of its own, so that it outlives a pytest that is killed::

    python -I server_process.py run postgresql
    python -I server_process.py run pgbouncer 5432
    python -I server_process.py missing

``run`` makes a server in a new temporary folder, prints one line of JSON when the
server answers, and keeps it until the standard input ends. However the process at
the other end of that pipe dies, its end of the pipe closes; so the server and the
folder always go. A pooler is told the port of its server. ``missing`` prints the
Debian packages that this machine lacks.

It knows only the servers that it started, by their own process, and needs nothing
but the standard library.
"""

from __future__ import annotations

import abc
import glob
import json
import os
import pwd
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import typing as t
from pathlib import Path

USER = "whimbrel"

PASSWORD = "se%cr@et"
"""A password that must be quoted in a URL, so that every test proves the quoting."""

ROOM = 2 * 1024**3
"""Free bytes that a folder must have; containers often give ``/dev/shm`` 64 MiB."""

START_SECONDS = 60.0
STOP_SECONDS = 10.0

PLACES = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/local/bin",
    "/usr/local/sbin",
    "/usr/bin",
    "/usr/sbin",
    "/opt/homebrew/bin",
)
"""Where distributions put server programs that are not on everybody's ``PATH``."""


class ServerFailed(Exception):
    """The server did not start; the message ends with its own log."""


def find_program(name: str) -> Path | None:
    """Return the newest program of this name on ``PATH`` or in `PLACES`."""
    if on_path := shutil.which(name):
        return Path(on_path).resolve()

    folders = [folder for place in PLACES for folder in glob.glob(place)]
    found = [Path(folder, name) for folder in folders if Path(folder, name).is_file()]
    return max(found, key=_version_in, default=None)


def _version_in(path: Path) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", str(path.parent))]


class Server(abc.ABC):
    """One kind of server, and the one of it that this process runs.

    :param folder: everything that it writes goes in here.
    :param account: the user that it runs as, as keywords of :class:`subprocess.Popen`.
    """

    packages: t.ClassVar[str]
    """The Debian packages, separated by spaces, that bring its programs."""

    initializer: t.ClassVar[str]
    """The program that makes an empty data folder."""

    ready_sign: t.ClassVar[str]
    """What the log says when clients may connect."""

    stop_signal: t.ClassVar[signal.Signals]
    """The quickest end that leaves no process; nobody wants the data."""

    def __init__(self, folder: Path, *, account: dict[str, t.Any]) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.log = folder / "server.log"
        self.account = account
        self.process: subprocess.Popen[bytes] | None = None
        self.port = 0

    @classmethod
    @abc.abstractmethod
    def find_program(cls) -> Path | None:
        """Return the server's program, or nothing where it is not installed."""

    @abc.abstractmethod
    def _initialize_arguments(self) -> list[str]: ...

    @abc.abstractmethod
    def _serve_arguments(self) -> list[str]: ...

    def initialize(self) -> None:
        """Make the empty data folder, or raise `ServerFailed`."""
        self.process = self._spawn(self._initialize_arguments())
        if self.process.wait():
            raise ServerFailed(self._explain("could not make its data folder"))

    def start(self) -> None:
        """Start the server and wait until it answers, or raise `ServerFailed`."""
        # Another program may take the port between our look and the server's.
        for _ in range(3):
            self.port = _free_port()
            self.process = self._spawn(self._serve_arguments())
            if self._wait_until_ready(self.process):
                return

        raise ServerFailed(self._explain("stopped while it was starting"))

    def stop(self) -> None:
        """Stop the server, if it runs, and wait for its end."""
        if self.process is None or self.process.poll() is not None:
            return

        self.process.send_signal(self.stop_signal)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _spawn(self, arguments: list[str]) -> subprocess.Popen[bytes]:
        # No PGHOST, no ~/.my.cnf: the machine's own servers must not be reached.
        environment = {
            "HOME": str(self.folder),
            "LC_ALL": "C",
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "TMPDIR": str(self.folder),
        }
        with self.log.open("wb") as log:
            return subprocess.Popen(
                arguments,
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                **self.account,
            )

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> bool:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.ready_sign in self.log.read_text(errors="replace"):
                return True

            if process.poll() is not None:
                return False

            time.sleep(0.02)

        raise ServerFailed(self._explain(f"did not answer in {START_SECONDS:.0f} s"))

    def _explain(self, what: str) -> str:
        log = self.log.read_text(errors="replace")[-2000:]
        return f"The private {type(self).__name__} server {what}.\n{log}"


class PostgreSQL(Server):
    """A PostgreSQL that forgets everything when the machine does."""

    packages = "postgresql"
    initializer = "initdb"
    ready_sign = "database system is ready to accept connections"
    stop_signal = signal.SIGQUIT

    @classmethod
    def find_program(cls) -> Path | None:
        # A `postgres` on PATH may be a wrapper; the real one is beside `initdb`.
        initializer = find_program(cls.initializer)
        program = initializer.parent / "postgres" if initializer else None
        return program if program and program.is_file() else None

    def _initialize_arguments(self) -> list[str]:
        password_file = self.folder / "password"
        password_file.write_text(PASSWORD)
        password_file.chmod(0o644)  # The folder around it is private.
        return [
            str(find_program(self.initializer)),
            f"--pgdata={self.data}",
            f"--pwfile={password_file}",
            f"--username={USER}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        ]

    def _serve_arguments(self) -> list[str]:
        settings = {
            "autovacuum": "off",
            "fsync": "off",
            "full_page_writes": "off",
            "listen_addresses": "127.0.0.1",
            "max_connections": "60",
            # Flask-Migrate makes thousands of tables in one transaction.
            "max_locks_per_transaction": "512",
            "max_prepared_transactions": "20",
            "max_wal_senders": "0",
            "port": str(self.port),
            "shared_buffers": "64MB",
            "synchronous_commit": "off",
            "unix_socket_directories": "",
            "wal_level": "minimal",
        }
        options = [f"--{name}={value}" for name, value in settings.items()]
        return [str(self.find_program()), "-D", str(self.data), *options]


class MariaDB(Server):
    """A MariaDB that forgets everything when the machine does."""

    # Unlike `mariadb-server` these two start nothing when they are installed.
    packages = "mariadb-client-core mariadb-server-core"
    initializer = "mariadb-install-db"
    ready_sign = "ready for connections"
    stop_signal = signal.SIGKILL

    @classmethod
    def find_program(cls) -> Path | None:
        # The script that makes the data folder calls the last of them.
        names = ("mariadbd", cls.initializer, "my_print_defaults")
        found = [find_program(name) for name in names]
        return found[0] if all(found) else None

    def _initialize_arguments(self) -> list[str]:
        return [
            str(find_program(self.initializer)),
            "--no-defaults",
            f"--datadir={self.data}",
            "--auth-root-authentication-method=normal",
            "--skip-name-resolve",
            "--skip-test-db",
            "--innodb-log-file-size=8M",
        ]

    def _serve_arguments(self) -> list[str]:
        # One user with a password instead of the `root` without one.
        first = self.folder / "first.sql"
        first.write_text(
            "DELETE FROM mysql.global_priv;\n"
            "FLUSH PRIVILEGES;\n"
            f"CREATE USER '{USER}'@'%' IDENTIFIED BY '{PASSWORD}';\n"
            f"GRANT ALL ON *.* TO '{USER}'@'%' WITH GRANT OPTION;\n"
        )
        first.chmod(0o644)
        return [
            str(self.find_program()),
            "--no-defaults",
            f"--datadir={self.data}",
            f"--init-file={first}",
            f"--pid-file={self.folder}/server.pid",
            f"--port={self.port}",
            f"--socket={self.folder}/server.sock",
            f"--tmpdir={self.folder}",
            "--bind-address=127.0.0.1",
            "--character-set-server=utf8mb4",
            "--innodb-buffer-pool-size=64M",
            "--innodb-doublewrite=0",
            "--innodb-flush-log-at-trx-commit=0",
            "--innodb-log-file-size=8M",
            "--skip-log-bin",
            "--skip-name-resolve",
            # `loose`: other versions may not know these; they only save time.
            "--loose-innodb-flush-method=nosync",
            "--loose-innodb-use-native-aio=0",
            "--loose-sync-frm=0",
        ]


class PgBouncer(Server):
    """A PgBouncer that gives each transaction any session of a private PostgreSQL."""

    packages = "pgbouncer"
    initializer = "pgbouncer"
    ready_sign = "process up"
    # Some versions wait for the clients to leave after every other signal.
    stop_signal = signal.SIGKILL

    server_port = 0

    @classmethod
    def find_program(cls) -> Path | None:
        return find_program(cls.initializer)

    def initialize(self) -> None:
        users = self.folder / "users.txt"
        users.write_text(f'"{USER}" "{PASSWORD}"\n')
        users.chmod(0o644)

    def _initialize_arguments(self) -> list[str]:
        return []

    def _serve_arguments(self) -> list[str]:
        settings = {
            "auth_file": self.folder / "users.txt",
            "auth_type": "scram-sha-256",
            # Few of them, so that clients often meet another's.
            "default_pool_size": 4,
            "listen_addr": "127.0.0.1",
            "listen_port": self.port,
            "max_client_conn": 200,
            "pool_mode": "transaction",
            "unix_socket_dir": "",
        }
        lines = [f"{name} = {value}" for name, value in settings.items()]
        place = f"* = host=127.0.0.1 port={self.server_port}"
        text = "\n".join(["[databases]", place, "[pgbouncer]", *lines, ""])
        path = self.folder / "pgbouncer.ini"
        path.write_text(text)
        path.chmod(0o644)
        return [str(self.find_program()), str(path)]


SERVERS: dict[str, type[Server]] = {"postgresql": PostgreSQL, "mariadb": MariaDB}
POOLERS: dict[str, type[Server]] = {"pgbouncer": PgBouncer}
KINDS: dict[str, type[Server]] = {**SERVERS, **POOLERS}


def missing_packages() -> list[str]:
    """Return the Debian packages of the servers that are not installed."""
    return [kind.packages for kind in KINDS.values() if not kind.find_program()]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _account() -> dict[str, t.Any]:
    """Return the user to run as: both servers refuse to run as root."""
    if os.geteuid() != 0:
        return {}

    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _make_folder(account: dict[str, t.Any]) -> Path:
    for place in ("/dev/shm", tempfile.gettempdir(), "/tmp", "/var/tmp"):
        if _is_usable(Path(place), by_others=bool(account)):
            folder = Path(tempfile.mkdtemp(prefix="whimbrel-", dir=place))
            if account:
                os.chown(folder, account["user"], account["group"])
            return folder

    raise ServerFailed("There is no temporary folder that the servers could use.")


def _is_usable(place: Path, *, by_others: bool) -> bool:
    """Return whether a server can live there: room, a short path, a way in."""
    if not os.access(place, os.W_OK) or shutil.disk_usage(place).free < ROOM:
        return False

    # The path of a socket has at most 107 characters.
    return len(str(place)) < 60 and (not by_others or _is_reachable(place))


def _is_reachable(path: Path) -> bool:
    return all(each.stat().st_mode & 0o001 for each in (path, *path.parents))


def run(name: str, server_port: int = 0) -> None:
    """Run one server until the standard input ends.

    :param name: a key of `KINDS`.
    :param server_port: for a pooler, the port of its server.
    :raises ServerFailed: it did not start; nothing is left of it.
    """
    account = _account()
    folder = _make_folder(account)
    server = KINDS[name](folder, account=account)
    if isinstance(server, PgBouncer):
        server.server_port = server_port

    try:
        server.initialize()
        server.start()
        _announce(server)
        _wait(server)
    finally:
        server.stop()
        shutil.rmtree(folder)


def _announce(server: Server) -> None:
    assert server.process is not None
    facts = {
        "folder": str(server.folder),
        "host": "127.0.0.1",
        "password": PASSWORD,
        "pid": server.process.pid,
        "port": server.port,
        "user": USER,
    }
    print(json.dumps(facts), flush=True)


def _wait(server: Server) -> None:
    """Return when the standard input has something to say, or ends."""
    assert server.process is not None
    while server.process.poll() is None:
        if select.select([sys.stdin], [], [], 0.5)[0]:
            return


def _end(number: int, frame: object) -> t.NoReturn:
    sys.exit(128 + number)


def main(arguments: list[str]) -> None:
    """Do what the module's docstring says."""
    if arguments == ["missing"]:
        print(*missing_packages())
        return

    # Ctrl-C is for pytest, which then closes the pipe.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGHUP, _end)
    try:
        run(arguments[1], *map(int, arguments[2:]))
    except ServerFailed as error:
        print(json.dumps({"error": str(error)}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])

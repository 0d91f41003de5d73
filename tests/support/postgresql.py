"""A throw-away PostgreSQL for the tests: a real server of Debian's package, in a temporary folder, with fsync on.

Nothing is mocked and nothing is skipped: where PostgreSQL is missing, starting it fails and says what to install.
"""

import getpass
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Self

import psycopg
from psycopg import sql

MISSING = "PostgreSQL is not installed. Install it with: sudo apt-get install postgresql"
START_SECONDS = 30
PORT_ATTEMPTS = 5  # another process may take the free port between our look and the server's start


class PostgresqlMissing(RuntimeError):
    """No PostgreSQL server program was found on this machine."""


class PostgresqlServer:
    """One cluster for a whole test session; each test takes a database of its own."""

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0
        self._template = "template0"

    def start(self) -> Self:
        """Make the cluster and wait until it answers."""
        programs = find_programs()
        self._folder = Path(tempfile.mkdtemp(prefix="sync-server-postgresql-"))
        if os.getuid() == 0:
            shutil.chown(self._folder, _server_user())
        self._run_initdb(programs)
        for _attempt in range(PORT_ATTEMPTS):
            if self._try_start(programs, _free_port()):
                return self
        log = (self._folder / "server.log").read_text()
        self.stop()
        raise RuntimeError(f"PostgreSQL did not start:\n{log[-2000:]}")

    def stop(self) -> None:
        """Stop the server by its process id and delete its folder."""
        if self._process is not None:
            self._end(self._process)
            self._process = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def new_database(self) -> str:
        """Make an empty database (or a copy of the template) and return its SQLAlchemy URL."""
        name = f"test_{uuid.uuid4().hex[:12]}"
        self._execute("CREATE DATABASE {} TEMPLATE {}", name, self._template)
        return self.url(name)

    def new_empty_database(self) -> str:
        """Make a database without tables, whatever the template."""
        name = f"test_{uuid.uuid4().hex[:12]}"
        self._execute("CREATE DATABASE {} TEMPLATE {}", name, "template0")
        return self.url(name)

    def new_database_in_english(self) -> str:
        """Make a database without tables that sorts text as a dictionary does, as most operators' databases do."""
        name = f"test_{uuid.uuid4().hex[:12]}"
        statement = "CREATE DATABASE {} TEMPLATE {} LOCALE_PROVIDER icu ICU_LOCALE 'en-US'"
        self._execute(statement, name, "template0")
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Drop a database, closing whatever is still connected to it."""
        self._execute("DROP DATABASE IF EXISTS {} WITH (FORCE)", url.rsplit("/", 1)[1])

    def use_template(self, fill: Callable[[str], object]) -> None:
        """Fill one database (run the migrations, say); every later new_database() is a copy of it."""
        url = self.new_database()
        fill(url)  # must leave no connection open: PostgreSQL copies a database only when nobody uses it
        self._template = url.rsplit("/", 1)[1]

    def url(self, database: str) -> str:
        """Return the SQLAlchemy URL of a database of this server."""
        return f"postgresql+psycopg://postgres@127.0.0.1:{self._port}/{database}"

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def _run_initdb(self, programs: Path) -> None:
        assert self._folder is not None
        # --no-sync: only the making of the cluster goes unsynced; the running server syncs every commit.
        command = [programs / "initdb", "-D", self._folder / "cluster", "-U", "postgres", "--auth=trust"]
        command += ["--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        done = subprocess.run(
            [*_as_server_user(), *map(str, command)], cwd=self._folder, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise RuntimeError(f"initdb failed:\n{done.stdout}{done.stderr}")

    def _try_start(self, programs: Path, port: int) -> bool:
        assert self._folder is not None
        options = {
            "listen_addresses": "127.0.0.1",
            "port": port,
            "unix_socket_directories": self._folder,
            "fsync": "on",
            "max_connections": 200,
            "shared_buffers": "64MB",
        }
        command = [*_as_server_user(), str(programs / "postgres"), "-D", str(self._folder / "cluster")]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(command, cwd=self._folder, stdout=log, stderr=log)
        self._port = port
        return self._wait_until_answering(self._process)

    def _wait_until_answering(self, process: subprocess.Popen[bytes]) -> bool:
        deadline = time.monotonic() + START_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            try:
                self._connect().close()
                return True
            except psycopg.OperationalError:
                time.sleep(0.05)
        self._end(process)
        return False

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        for how in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):  # fast, immediate, by force
            if process.poll() is None:
                process.send_signal(how)
                try:
                    process.wait(timeout=10)
                except subprocess.TimeoutExpired:
                    continue

    def _connect(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            host="127.0.0.1", port=self._port, user="postgres", dbname="postgres", autocommit=True, connect_timeout=5
        )

    def _execute(self, statement: str, *names: str) -> None:
        with self._connect() as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def find_programs() -> Path:
    """Return the folder of the newest PostgreSQL's programs, or say what to install."""
    debian = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = sorted(debian, key=lambda initdb: float(initdb.parts[-3]), reverse=True)
    on_path = [Path(found) for found in [shutil.which("initdb")] if found]
    for initdb in [*newest, *on_path]:
        return initdb.resolve().parent
    raise PostgresqlMissing(MISSING)


def _as_server_user() -> list[str]:
    """Return the words before a command: PostgreSQL refuses to run as root, and must not outlive the tests."""
    words = ["setpriv", "--pdeathsig", "INT"]
    if os.getuid() == 0:
        words += ["--reuid", _server_user(), "--regid", _server_user(), "--init-groups"]
    return [*words, "--"]


def _server_user() -> str:
    return "postgres" if os.getuid() == 0 else getpass.getuser()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port

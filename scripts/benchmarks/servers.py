"""Start and stop the servers that are measured: the node as an operator starts it, and the floor.

Each runs in processes of its own, on a free port, with settings from the environment and nothing from this machine's
own SYNC_ variables.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests
from sqlalchemy import func, select

from sync_server.store import checkpoints
from sync_server.store.engine import Database
from sync_server.store.tables import receipts, submissions

START_SECONDS = 60
STOP_SECONDS = 30
CONSUMERS = ("resolve", "warehouse")
EMAIL, PASSWORD = "alice@example.org", "benchmark only, never served"


@dataclass(frozen=True)
class Server:
    """A running server: where it takes submissions, and what it costs."""

    name: str
    process: subprocess.Popen[bytes]
    submission_url: str
    log: Path

    def memory_mb(self) -> float:
        """Memory of all its processes, shared pages counted once (PSS)."""
        return round(sum(_pss_kilobytes(pid) for pid in _family(self.process.pid)) / 1024, 1)

    def cpu_seconds(self) -> float:
        return sum(_cpu_seconds(pid) for pid in _family(self.process.pid))

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@dataclass(frozen=True)
class NodeServer(Server):
    """The node under test, whose database can be looked into."""

    database: Database
    url: str

    def count_behind(self) -> int:
        """Changes that the slowest consumer has still to handle."""
        with self.database.read() as session:
            return max(checkpoints.count_behind(session, name) for name in CONSUMERS)

    def sign_in(self) -> dict[str, str]:
        """Return the header that lets the administrator in."""
        login = {"email": EMAIL, "password": PASSWORD}
        answer = requests.post(f"{self.url}/v1/sessions", json=login, timeout=60)
        answer.raise_for_status()
        return {"Authorization": f"Bearer {answer.json()['token']}"}

    def count_receipts(self) -> int:
        with self.database.read() as session:
            return session.execute(select(func.count()).select_from(receipts)).scalar_one()

    def count_flagged(self) -> int:
        """Submissions with something wrong: none, unless the form has changed since attendance.xml was filled."""
        with self.database.read() as session:
            return sum(bool(flags) for (flags,) in session.execute(select(submissions.c.flags)))

    def stop(self) -> None:
        self.database.close()
        super().stop()


@contextmanager
def running_floor(folder: Path, *, threads: int, parser: str) -> Iterator[Server]:
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.floor", "--port", str(port), "--threads", str(threads)]
    command += ["--parser", parser]
    log = folder / f"floor-{parser}.log"
    server = Server(f"floor-{parser}", _start(command, {}, log), f"http://127.0.0.1:{port}/submission", log)
    try:
        _wait_until_listening(server, port)
        yield server
    finally:
        server.stop()


@contextmanager
def running_node(folder: Path, *, settings: dict[str, str]) -> Iterator[NodeServer]:
    """Serve a new node in `folder` with the forms that come along and one tablet."""
    port = free_port()
    environ = {"SYNC_DATA": str(folder / "data"), "SYNC_PORT": str(port), **settings}
    environ.setdefault("SYNC_PUBLIC_URL", f"http://127.0.0.1:{port}")
    environ |= {"SYNC_ADMIN_EMAIL": EMAIL, "SYNC_ADMIN_PASSWORD": PASSWORD}
    log = folder / "node.log"
    process = _start([_sync_server(), "serve"], environ, log)
    url = settings.get("SYNC_DATABASE_URL") or f"sqlite:///{folder / 'data' / 'sync.db'}"
    starting = Server("node", process, "", log)
    try:
        _wait_until_listening(starting, port)
        tablet_url = f"{_tablet_url(environ)}/submission"
        node = NodeServer("node", process, tablet_url, log, Database(url), f"http://127.0.0.1:{port}")
    except BaseException:
        starting.stop()
        raise
    try:
        yield node
    finally:
        node.stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _tablet_url(environ: dict[str, str]) -> str:
    """Add a device; the address of its door is the last line that the command prints."""
    added = subprocess.run(
        [_sync_server(), "device", "add", "bench", "--project", "1"],
        env=inherit(environ),
        capture_output=True,
        text=True,
        check=False,
    )
    if added.returncode:
        raise RuntimeError(f"device add failed: {added.stdout}{added.stderr}")
    return added.stdout.splitlines()[-1].strip()


def _sync_server() -> str:
    return str(Path(sys.executable).with_name("sync-server"))


def inherit(settings: dict[str, str]) -> dict[str, str]:
    """The environment of this process without settings of this machine's own node, and with these."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("SYNC_")}
    return inherited | settings


def _start(command: list[str], settings: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("wb") as output:
        return subprocess.Popen(command, env=inherit(settings), stdout=output, stderr=subprocess.STDOUT)


def _wait_until_listening(server: Server, port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"{server.name} does not answer:\n{server.log.read_text()[-4000:]}")


def _family(pid: int) -> list[int]:
    """The process and all below it."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    try:
        below = [int(child) for child in children.read_text().split()]
    except OSError:
        below = []
    return [pid, *(descendant for child in below for descendant in _family(child))]


def _pss_kilobytes(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def _cpu_seconds(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

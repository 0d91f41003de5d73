"""The HTTP server under the conditions of the field: slow links, long addresses, many at once, several processes."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
import requests
from sqlalchemy import func, select

from sync_server.node import Node
from sync_server.services.devices import add_device
from sync_server.settings import Settings
from sync_server.store.tables import receipts, submission_versions
from tests.support.new_folder import new_folder
from tests.support.postgresql import PostgresqlServer
from tests.support.samples import publish_visit, visit
from tests.support.senders import ACKNOWLEDGED, post
from tests.support.server import LiveServer

FEW_THREADS = {"SYNC_THREADS": "4"}


@pytest.fixture
def tablet(tmp_path: Path) -> Iterator[tuple[LiveServer, str]]:
    """A live server with few threads, and a tablet's address on it."""
    settings = Settings(data=new_folder(tmp_path / "node"), min_free_bytes=0)
    path = prepare(settings)
    with LiveServer(settings.data, environ=FEW_THREADS) as server:
        yield server, server.url + path


def prepare(settings: Settings) -> str:
    with Node.open(settings) as node:
        publish_visit(node)
        _, token = add_device(node, None, "tablet", 1)
    return f"/v1/key/{token}/projects/1"


def test_the_same_submission_from_64_clients_is_one_version_with_64_receipts(tablet: tuple[LiveServer, str]) -> None:
    server, url = tablet

    def send(_: int) -> int | None:
        with requests.Session() as session:
            return post(session, f"{url}/submission", visit(photo="p.jpg"), {"p.jpg": b"jpeg"})

    with ThreadPoolExecutor(64) as pool:
        answers = list(pool.map(send, range(64)))
    assert all(answer in ACKNOWLEDGED for answer in answers)
    with Node.open(Settings(data=server.data)) as node, node.database.read() as session:
        assert session.scalar(select(func.count()).select_from(submission_versions)) == 1
        assert session.scalar(select(func.count()).select_from(receipts)) == 64


def test_stalled_uploads_do_not_keep_others_waiting(tablet: tuple[LiveServer, str]) -> None:
    server, url = tablet
    head = f"POST {url.removeprefix(server.url)}/submission HTTP/1.1\r\nHost: hub\r\nContent-Length: 900000\r\n\r\n"
    stalled = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(20)]
    for connection in stalled:
        connection.sendall(head.encode() + b"x" * 1000)
    with requests.Session() as session:
        assert post(session, f"{url}/submission", visit(), {}) == 201
    for connection in stalled:
        connection.close()


def test_a_request_line_with_ten_thousand_ids_is_read(tablet: tuple[LiveServer, str]) -> None:
    ids = ",".join(f"{n:08x}-0000-4000-8000-000000000000" for n in range(10_000))
    answer = requests.get(f"{tablet[1]}/formList", params={"id": ids}, timeout=30)
    assert len(ids) > 360_000
    assert answer.status_code == 200


def test_a_second_start_on_the_same_port_is_refused(tablet: tuple[LiveServer, str], tmp_path: Path) -> None:
    other = {**os.environ, "SYNC_DATA": str(tmp_path / "other"), "SYNC_PORT": str(tablet[0].port)}
    second = subprocess.run([sys.executable, "-m", "sync_server", "serve"], env=other, capture_output=True, text=True)
    assert second.returncode == 1
    assert "running already" in second.stderr
    assert not (tmp_path / "other" / "sync.db").exists()


def test_two_processes_serve_one_centre_and_one_that_dies_is_replaced(
    tmp_path: Path, postgresql: PostgresqlServer
) -> None:
    url = postgresql.new_database()
    settings = Settings(data=tmp_path / "centre", database_url=url, min_free_bytes=0)
    path = prepare(settings)
    with LiveServer(settings.data, environ={"SYNC_DATABASE_URL": url, "SYNC_PROCESSES": "2"}) as server:
        serving = wait_for_children(server.pid, 2)
        os.kill(serving[0], signal.SIGKILL)
        replaced = wait_for_children(server.pid, 2, without=serving[0])
        assert set(replaced) != set(serving)
        with requests.Session() as session:
            assert post(session, f"{server.url}{path}/submission", visit(), {}) == 201
        everyone = [server.pid, *replaced]
        os.kill(server.pid, signal.SIGKILL)  # only the parent: the others must not live on with port and database
        wait_until(lambda: all(is_zombie(pid) for pid in everyone))
    postgresql.drop_database(url)


def wait_for_children(pid: int, count: int, *, without: int = 0) -> list[int]:
    def serving() -> list[int]:
        alive = [child for child in psutil.Process(pid).children() if not is_zombie(child.pid)]
        return [c.pid for c in alive if c.pid != without and "spawn_main" in " ".join(c.cmdline())]

    wait_until(lambda: len(serving()) == count)
    return serving()


def is_zombie(pid: int) -> bool:
    """Dead, or dead and not yet asked after by its parent."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def wait_until(is_so: object, *, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():  # type: ignore[operator]
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.05)


def test_a_body_the_disk_cannot_take_is_refused_before_it_is_set_down(tmp_path: Path) -> None:
    """Whoever sends it: the reserve is what the database needs to finish what it began."""
    with LiveServer(tmp_path / "node", environ={"SYNC_MIN_FREE_BYTES": str(10**17)}) as server:
        for path, told in (
            ("/submission", "Keep it on the tablet"),
            ("/replication/v1/take", "Make space"),
        ):
            answer = requests.post(f"{server.url}{path}", data=b"x" * 30_000_000, timeout=60)
            assert answer.status_code == 507
            assert told in answer.text
        assert answer.json()["code"] == 507.91
        assert requests.get(f"{server.url}/", timeout=30).status_code == 200

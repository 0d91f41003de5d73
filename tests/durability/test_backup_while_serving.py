"""Back up a server while submissions arrive, and kill it meanwhile: every back-up that is there is whole."""

import itertools
import os
import random
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from sync_server.node import Node
from sync_server.services.backup import back_up
from sync_server.services.devices import add_device
from sync_server.services.digest_node import digest_node
from sync_server.services.prove_backup import prove_backup
from sync_server.services.verify_node import verify_node
from sync_server.settings import Settings
from tests.support.backups import PASSPHRASE, restored
from tests.support.postgresql import PostgresqlServer
from tests.support.samples import publish_visit, visit
from tests.support.senders import post
from tests.support.server import ALICE_PASSWORD, LiveServer

SEED = 20261123
A_SECOND = 50
SECONDS = 4


class Stream(threading.Thread):
    """Fifty submissions a second, every fifth with a photo, until told to stop."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self.answers: list[int | None] = []
        self._url = url
        self._chance = random.Random(SEED)
        self._stop_now = threading.Event()

    def run(self) -> None:
        began = time.monotonic()
        with requests.Session() as session, ThreadPoolExecutor(8) as pool:
            for number in itertools.count():
                if self._stop_now.wait(max(0.0, began + number / A_SECOND - time.monotonic())):
                    break
                files = {"a.jpg": self._chance.randbytes(40_000)} if number % 5 == 0 else {}
                xml = visit(str(uuid.UUID(int=self._chance.getrandbits(128))), photo="a.jpg" if files else "")
                pool.submit(lambda xml, files: self.answers.append(post(session, self._url, xml, files)), xml, files)

    def finish(self) -> int:
        """Return how many were acknowledged; none may be answered otherwise."""
        self._stop_now.set()
        self.join(60)
        assert set(self.answers) == {201}
        return len(self.answers)


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    url = request.getfixturevalue("postgresql").new_database() if request.param == "postgresql" else ""
    (tmp_path / "disk").mkdir()
    return Settings(data=tmp_path / "node", database_url=url, min_free_bytes=0, backup_passphrase=PASSPHRASE)


@pytest.fixture
def token(settings: Settings) -> str:
    with Node.open(settings) as node:
        publish_visit(node)
        return add_device(node, None, "tablet", 1)[1]


@pytest.fixture
def server(settings: Settings, token: str) -> Iterator[LiveServer]:
    with LiveServer(settings.data, environ={"SYNC_DATABASE_URL": settings.database_url}) as running:
        yield running


def test_a_back_up_under_load_is_one_moment_of_the_node(
    settings: Settings, server: LiveServer, token: str, tmp_path: Path, postgresql: PostgresqlServer
) -> None:
    print(f"seed {SEED}")
    stream = Stream(f"{server.url}/v1/key/{token}/projects/1/submission")
    stream.start()
    until = time.monotonic() + SECONDS
    made = []
    with Node.open(settings) as node:
        while time.monotonic() < until or len(made) < 2:
            made.append(back_up(node, tmp_path / "disk"))
        sent = stream.finish()
        print(f"{len(made)} back-ups while {sent} submissions arrived in {SECONDS} s")
        counts = [each.header.submissions for each in made]
        assert counts[-1] > counts[0]
        assert sent > A_SECOND * SECONDS / 2
        newest = made[-1]
        assert prove_backup(node, newest.path).faults == ()
        assert digest_node(node)["versions"] != newest.header.digests["versions"] or counts[-1] == sent
    url = postgresql.new_empty_database() if settings.database_url else ""
    with restored(newest.path, tmp_path / "elsewhere", url) as again:
        assert digest_node(again) == newest.header.digests
        assert list(verify_node(again)) == []


def test_a_restored_older_state_fools_no_cache(
    settings: Settings, server: LiveServer, token: str, tmp_path: Path, postgresql: PostgresqlServer
) -> None:
    """The feed comes to the same number with other content: what was remembered for that number is not taken."""
    base = f"/v1/key/{token}/projects/1"
    with requests.Session() as session, Node.open(settings) as node:
        assert post(session, f"{server.url}{base}/submission", visit("before"), {}) == 201
        older = back_up(node, tmp_path / "disk").path
        assert post(session, f"{server.url}{base}/submission", visit("lost"), {}) == 201
        known = _etags(server, base)
    server.stop()
    url = postgresql.new_empty_database() if settings.database_url else ""
    with restored(older, tmp_path / "elsewhere", url):
        pass
    with LiveServer(tmp_path / "elsewhere", environ={"SYNC_DATABASE_URL": url}) as again, requests.Session() as session:
        assert post(session, f"{again.url}{base}/submission", visit("other"), {}) == 201
        for (path, headers), etag in zip(_resources(again, base), known, strict=True):
            answer = session.get(again.url + path, headers={**headers, "If-None-Match": etag}, timeout=60)
            assert answer.status_code == 200
            assert answer.headers["ETag"] != etag
        assert "uuid:other" in answer.text
        assert "uuid:lost" not in answer.text


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_killing_a_back_up_never_harms_those_before_it(settings: Settings, token: str, tmp_path: Path) -> None:
    kill_and_prove(settings, tmp_path / "disk", kills=6)


@pytest.mark.long
@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_killing_fifty_back_ups_never_harms_those_before_them(settings: Settings, token: str, tmp_path: Path) -> None:
    kill_and_prove(settings, tmp_path / "disk", kills=50)


def kill_and_prove(settings: Settings, disk: Path, *, kills: int) -> None:
    chance = random.Random(SEED)
    with Node.open(settings) as node:
        _fill(node, chance, count=40)
        began = time.monotonic()
        assert _run_backup(settings, disk).wait(60) == 0
        took = time.monotonic() - began
        for _ in range(kills):
            _fill(node, chance, count=40)
            process = _run_backup(settings, disk)
            time.sleep(chance.uniform(0.3, 1.0) * took)  # the random moment
            process.send_signal(signal.SIGKILL)
            process.wait(20)
            for backup in disk.rglob("*.backup"):
                assert prove_backup(node, backup).faults == ()
        left = len(list(disk.rglob("*.backup")))
        assert prove_backup(node, back_up(node, disk).path).faults == ()
        print(f"{kills} kills, {left - 1} came too late; every back-up proven")


def _resources(server: LiveServer, base: str) -> list[tuple[str, dict[str, str]]]:
    """What a cache may hold: the address, and the header that lets its reader in."""
    login = {"email": "alice@example.org", "password": ALICE_PASSWORD}
    token = requests.post(f"{server.url}/v1/sessions", json=login, timeout=60).json()["token"]
    return [(f"{base}/formList", {}), (EXPORT, {"Authorization": f"Bearer {token}"})]


def _etags(server: LiveServer, base: str) -> list[str]:
    return [
        requests.get(server.url + path, headers=headers, timeout=60).headers["ETag"]
        for path, headers in _resources(server, base)
    ]


EXPORT = "/v1/projects/1/forms/visit/submissions.csv"


def _fill(node: Node, chance: random.Random, *, count: int) -> None:
    for _ in range(count):
        node.blobs.put(chance.randbytes(50_000))


def _run_backup(settings: Settings, disk: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "sync_server", "--data", str(settings.data), "backup", str(disk)]
    environ = {**os.environ, "SYNC_BACKUP_PASSPHRASE": PASSPHRASE, "SYNC_MIN_FREE_BYTES": "0"}
    return subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

"""kill -9 of a hub, its centre or a round between them at random moments, while tablets send to both with photos.

Real processes over a real socket. After the last kill one calm round must do: both hold and show the same, nothing
that was acknowledged is lost, and `verify` has nothing to say.
"""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import requests
from sqlalchemy import select
from sqlalchemy.orm import Session

from sync_server.node import Node
from sync_server.services import consumers
from sync_server.services.accept_pairing import accept_pairing
from sync_server.services.devices import add_device
from sync_server.services.digest_node import digest_for_peer
from sync_server.services.peer_offers import offer_pairing
from sync_server.services.verify_node import verify_node
from sync_server.settings import Settings
from sync_server.store import awaited_files, holdings, projects
from sync_server.store.tables import submission_attachments, submission_versions
from tests.support.by_code import EVERYTHING, peer_at, posting_to
from tests.support.postgresql import PostgresqlServer
from tests.support.samples import publish_visit
from tests.support.senders import Sender
from tests.support.server import LiveServer

HUB_SENDERS, CENTRE_SENDERS = 2, 1
LONGEST_ROUND_SECONDS = 300


def test_both_ends_are_equal_after_kills_during_sync(tmp_path: Path, postgresql: PostgresqlServer) -> None:
    kill_and_check(tmp_path, postgresql.new_database(), kills=3)  # the hub's is SQLite: both databases are hit


@pytest.mark.long
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_both_ends_are_equal_after_fifty_kills_during_sync(
    tmp_path: Path, database: str, postgresql: PostgresqlServer
) -> None:
    kill_and_check(tmp_path, postgresql.new_database() if database == "postgresql" else "", kills=50)


class PausingSender(Sender):
    """A tablet that rests between two submissions, so that a round has to move photos most of the time and not all."""

    def _send_until_acknowledged(self, session: requests.Session) -> None:
        super()._send_until_acknowledged(session)
        self._stop_now.wait(self._chance.uniform(0.2, 0.8))


class Rounds(threading.Thread):
    """`sync-server sync` again and again, each in a process of its own."""

    def __init__(self, data: Path) -> None:
        super().__init__(daemon=True)
        self._data, self._over = data, threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self.ended = 0

    def run(self) -> None:
        while not self._over.is_set():
            self._process = process = start_round(self._data)
            process.wait()
            self.ended += 1

    def kill(self) -> None:
        if self._process is not None:
            kill_group(self._process)

    def finish(self) -> None:
        self._over.set()
        self.join(LONGEST_ROUND_SECONDS)


def start_round(data: Path) -> subprocess.Popen[bytes]:
    environ = {**os.environ, "SYNC_DATA": str(data), "SYNC_MIN_FREE_BYTES": "0"}
    with data.with_name("rounds.log").open("ab") as log:
        command = [sys.executable, "-m", "sync_server", "sync"]
        return subprocess.Popen(command, env=environ, stdout=log, stderr=log, start_new_session=True)


def kill_group(process: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def kill_and_check(folder: Path, database_url: str, *, kills: int) -> None:
    seed = int(os.environ.get("KILL_SEED", "0")) or random.SystemRandom().randrange(10**9)
    print(f"seed {seed} (KILL_SEED={seed} goes the same way again)")
    chance = random.Random(seed)
    hub = Settings(data=folder / "hub", min_free_bytes=0)
    centre = Settings(data=folder / "centre", database_url=database_url, min_free_bytes=0)
    at_centre = LiveServer(centre.data, environ={"SYNC_DATABASE_URL": database_url})
    at_hub = LiveServer(hub.data, environ={"SYNC_SYNC_QUIET_SECONDS": "1"})
    tokens = prepare(hub, centre, at_centre.url)
    senders = make_senders(at_hub, at_centre, tokens, seed)
    rounds = Rounds(hub.data)
    with running([at_centre, at_hub], [rounds, *senders]):
        busy = 0
        for number in range(kills):
            time.sleep(chance.uniform(0.1, 2.0))  # the random moment
            busy += is_round_under_way(hub.data)
            kill_one((at_centre, at_hub, rounds)[number % 3 if kills < 10 else chance.randrange(3)])
    at_centre.start()
    try:
        assert start_round(hub.data).wait(LONGEST_ROUND_SECONDS) == 0, (folder / "rounds.log").read_text()[-4000:]
    finally:
        at_centre.stop()
    acknowledged = check(hub, centre, senders)
    print(f"{kills} kills ({busy} in a round, {rounds.ended} rounds), {acknowledged} acknowledged, none lost")
    assert busy > 0
    assert acknowledged > kills / 2


@contextmanager
def running(servers: list[LiveServer], threads: list[threading.Thread]) -> Iterator[None]:
    """Start everything; at the end whoever sends ends first: a round goes on while there is more."""
    with ExitStack() as stack:
        for server in servers:
            stack.enter_context(server)
        for thread in threads:
            thread.start()
            stack.callback(thread.finish)  # type: ignore[attr-defined]
        yield


def kill_one(victim: LiveServer | Rounds) -> None:
    victim.kill()
    if isinstance(victim, LiveServer):
        victim.start()


def prepare(hub: Settings, centre: Settings, url: str) -> dict[str, str]:
    """Pair a hub that may have everything; return the tokens of a tablet at each."""
    with Node.open(centre) as at_centre, Node.open(hub) as at_hub:
        tokens = {}
        for name, node in (("hub", at_hub), ("centre", at_centre)):
            publish_visit(node)
            tokens[name] = add_device(node, None, "tablet", 1)[1]
        code = offer_pairing(at_centre, None, "Sinjar office", EVERYTHING).code
        accept_pairing(at_hub, None, url, code, post=posting_to(at_centre))
    return tokens


def make_senders(hub: LiveServer, centre: LiveServer, tokens: dict[str, str], seed: int) -> list[Sender]:
    places = [(hub, tokens["hub"])] * HUB_SENDERS + [(centre, tokens["centre"])] * CENTRE_SENDERS
    return [
        PausingSender(f"{server.url}/v1/key/{token}/projects/1/submission", seed + number)
        for number, (server, token) in enumerate(places)
    ]


def is_round_under_way(data: Path) -> bool:
    with sqlite3.connect(f"file:{data / 'sync.db'}?mode=ro", uri=True) as database:
        return database.execute("SELECT count(*) FROM peer_rounds WHERE busy_token IS NOT NULL").fetchone()[0] > 0


def check(hub: Settings, centre: Settings, senders: list[Sender]) -> int:
    """Everything acknowledged is at both with its files, both digests are equal, and verify has nothing to say."""
    files = {i: set(f.items()) for sender in senders for i, f in sender.acknowledged.files.items()}
    with Node.open(hub) as at_hub, Node.open(centre) as at_centre:
        digests = []
        for node, other in ((at_hub, at_centre), (at_centre, at_hub)):
            consumers.catch_up(node)
            with node.database.read() as session:
                uid = projects.iter_homes(session)[0][1]
                held = {instance for _, instance in holdings.iter_instances(session, 1)}
                assert awaited_files.count_awaited(session).files == 0
                assert files_of(session, files) == {(i, *file) for i, named in files.items() for file in named}
            assert files.keys() <= held
            assert list(verify_node(node)) == []
            assert list((node.settings.data / "incoming").glob("*")) == []
            digests.append(digest_for_peer(node, peer_at(node, other), uid))
        assert digests[0] == digests[1]
    return len(files)


def files_of(session: Session, wanted: dict[str, set[tuple[str, str]]]) -> set[tuple[str, str, str]]:
    """What is here of the files of these instances, as (instance, name, sha256)."""
    v, a = submission_versions.c, submission_attachments.c
    query = select(v.instance_id, a.name, a.sha256).join_from(submission_attachments, submission_versions)
    return {(instance, name, sha256) for instance, name, sha256 in session.execute(query) if instance in wanted}

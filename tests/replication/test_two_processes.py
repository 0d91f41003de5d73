"""A hub and a centre as operators run them, each a process of its own, and between them a line that breaks.

`scripts/bench replicate` does the same with thousands, and measures.
"""

import os
import random
import subprocess
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from sync_server.services.devices import add_device
from sync_server.store.peers import change_peer
from tests.support.paired_nodes import held, open_node, pair
from tests.support.postgresql import PostgresqlServer
from tests.support.samples import publish_visit, visit
from tests.support.senders import ACKNOWLEDGED, post
from tests.support.server import LiveServer
from tests.support.watched_line import WatchedLine

SEED = 20261130
COMMAND_SECONDS = 900


def test_everything_comes_over_a_line_that_breaks(tmp_path: Path, postgresql: PostgresqlServer) -> None:
    line = replicate(tmp_path, postgresql.new_database(), submissions=100, photos=15, delay=0.02, cut_after=100_000)
    assert min(line.cuts, line.lost, line.repeated) > 0, "it was bad enough"


@pytest.mark.long
def test_thousands_come_over_a_line_that_breaks(tmp_path: Path, postgresql: PostgresqlServer) -> None:
    line = replicate(tmp_path, postgresql.new_database(), submissions=2_000, photos=500, delay=0.3, cut_after=300_000)
    assert line.cuts > 50


def replicate(
    folder: Path, centre_database: str, *, submissions: int, photos: int, delay: float, cut_after: int
) -> WatchedLine:
    """Take submissions at the hub, go one round, compare; no cut made more come twice than what was under way."""
    off = {"SYNC_SYNC_MINUTES": "0"}
    hub = LiveServer(folder / "hub", environ=off)
    centre = LiveServer(folder / "centre", environ={**off, "SYNC_DATABASE_URL": centre_database})
    line = WatchedLine(target=("127.0.0.1", centre.port), delay_seconds=delay, cut_after_bytes=cut_after, seed=SEED)
    line.lose_answer_every, line.repeat_request_every = 5, 4
    with line:
        token = pair_folders(hub.data, centre.data, centre_database, line.url)
        with hub, centre:
            send_all(f"{hub.url}/v1/key/{token}/projects/1/submission", submissions, photos)
            run(hub.data, "sync")
            assert line.repeated_batches + line.repeated_pieces <= line.cuts
            line.cut_after_bytes = line.lose_answer_every = line.repeat_request_every = 0
            run(hub.data, "digest", "--project", "1", "--peer", "centre")
    assert len(held_in(hub.data)) == len(held_in(centre.data, centre_database)) == photos
    return line


def pair_folders(hub: Path, centre: Path, centre_database: str, url: str) -> str:
    """Pair two new nodes, of which the hub reaches the centre at `url`; return the token of the hub's tablet."""
    with open_node(hub) as at_hub, open_node(centre, centre_database) as at_centre:
        publish_visit(at_hub)
        publish_visit(at_centre)
        pair(at_hub, at_centre)
        at_hub.write(lambda session: change_peer(session, at_centre.id, url=url))
        return add_device(at_hub, None, "tablet", 1)[1]


def send_all(url: str, submissions: int, photos: int) -> None:
    """Send submissions, some with a photo, from four tablets; each has enough to say to be worth a batch."""
    chance = random.Random(SEED)
    made = []
    for number in range(submissions):
        photo = {"a.jpg": chance.randbytes(chance.randint(10_000, 40_000))} if number < photos else {}
        instance, place = uuid.UUID(int=chance.getrandbits(128)), chance.randbytes(600).hex()
        made.append((visit(str(instance), place=place, photo="a.jpg" if photo else ""), photo))
    with requests.Session() as session, ThreadPoolExecutor(4) as tablets:
        answers = list(tablets.map(lambda each: post(session, url, *each), made))
    assert set(answers) <= set(ACKNOWLEDGED)


def run(data: Path, *arguments: str) -> None:
    """Run the command at a node that is served; fail with what it said."""
    command = [sys.executable, "-m", "sync_server", *arguments]
    done = subprocess.run(
        command, env={**os.environ, "SYNC_DATA": str(data)}, capture_output=True, text=True, timeout=COMMAND_SECONDS,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def held_in(data: Path, database_url: str = "") -> set[tuple[str, str]]:
    with open_node(data, database_url) as node:
        return held(node).files

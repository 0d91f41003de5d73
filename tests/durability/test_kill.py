"""kill -9 at random moments while four tablets send: what was acknowledged is there, whole and once.

The page cache outlives a killed process, so this alone would pass without a single fsync: that the sync calls come
before the answer is shown in test_sync_order.py.
"""

import random
import time
from pathlib import Path

import pytest
from sqlalchemy import select

from sync_server.node import Node
from sync_server.services.devices import add_device
from sync_server.services.verify_node import verify_node
from sync_server.settings import Settings
from sync_server.store.tables import submission_attachments, submission_versions
from tests.support.postgresql import PostgresqlServer
from tests.support.samples import publish_visit
from tests.support.senders import Sender
from tests.support.server import LiveServer

SEED = 20261123
SENDERS = 4


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_nothing_acknowledged_is_lost_by_killing(
    tmp_path: Path, database: str, request: pytest.FixtureRequest, postgresql: PostgresqlServer
) -> None:
    kill_and_check(tmp_path, postgresql.new_database() if database == "postgresql" else "", kills=3)


@pytest.mark.long
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_nothing_acknowledged_is_lost_by_killing_a_hundred_times(
    tmp_path: Path, database: str, postgresql: PostgresqlServer
) -> None:
    kill_and_check(tmp_path, postgresql.new_database() if database == "postgresql" else "", kills=100)


def kill_and_check(folder: Path, database_url: str, *, kills: int) -> None:
    print(f"seed {SEED}")
    chance = random.Random(SEED)
    settings = Settings(data=folder / "node", database_url=database_url, min_free_bytes=0)
    with Node.open(settings) as node:
        publish_visit(node)
        _, token = add_device(node, None, "tablet", 1)
    server = LiveServer(settings.data, environ={"SYNC_DATABASE_URL": database_url})
    senders = [Sender(f"{server.url}/v1/key/{token}/projects/1/submission", SEED + n) for n in range(SENDERS)]
    server.start()
    for sender in senders:
        sender.start()
    try:
        for _ in range(kills):
            time.sleep(chance.uniform(0.05, 1.0))  # the random moment
            server.kill()
            check(settings, senders)
            server.start()
    finally:
        for sender in senders:
            sender.finish()
        server.stop()
    acknowledged = check(settings, senders)
    print(f"{kills} kills, {acknowledged} submissions acknowledged, none lost")
    assert acknowledged >= kills


def check(settings: Settings, senders: list[Sender]) -> int:
    """Every acknowledged instance and file is there, no instance twice, and verify has nothing to say."""
    acknowledged = {i: f for sender in senders for i, f in dict(sender.acknowledged.files).items()}
    with Node.open(settings) as node:
        with node.database.read() as session:
            v, a = submission_versions.c, submission_attachments.c
            instances = list(session.scalars(select(v.instance_id)))
            query = select(v.instance_id, a.name, a.sha256).join_from(submission_attachments, submission_versions)
            files = {(instance, name, sha256) for instance, name, sha256 in session.execute(query)}
        assert list(verify_node(node)) == []
    assert len(instances) == len(set(instances))
    assert acknowledged.keys() <= set(instances)
    wanted = {(instance, name, sha256) for instance, named in acknowledged.items() for name, sha256 in named.items()}
    assert wanted <= files
    return len(acknowledged)

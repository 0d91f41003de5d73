"""Fill one of two nodes that hold the same: `python -m benchmarks.twins DATA --submissions N --newest TIME --seed S`.

The same arguments make the same submissions and receipts, so two nodes can be filled at once, and neither has to send
the other anything. What then differs is planted by hand.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

from benchmarks.filled import run_apart
from benchmarks.two_nodes import CENTRE, HUB
from sync_server.core.ids import BlobId, InstanceId, VersionId, sha256_hex
from sync_server.core.roles import PEER
from sync_server.node import Node
from sync_server.replication.compare_nodes import FILE_HERE, FILE_THERE, MISSING_HERE, MISSING_THERE
from sync_server.services import consumers
from sync_server.services.mark_versions import MarkVersions
from sync_server.services.resolve_submissions import ResolveSubmissions
from sync_server.settings import Settings
from sync_server.store.submissions import ReceivedFile, ReceivedVersion, add_versions, get_xml
from sync_server.store.version_marks import MarksPart, describe_versions, find_members
from tests.support.paired_nodes import pair
from tests.support.samples import publish_visit, send, visit

Planted = tuple[str, str, str]
"""What a comparison at the hub must say of it, the instance, and the file's name."""

AT_ONCE, SLICE_SECONDS = 500, 2.0
SPAN = timedelta(days=100)
AUDIT_NAME = "audit.csv"
AUDIT = b"event,node,start,end\nform start,,1,\n"
PHOTO = b"a photo of a meeting " * 10_000


def fill_both(folder: Path, submissions: int, seed: int, centre_database: str) -> dict[str, Any]:
    """Fill hub and centre below a folder, each in a process of its own; return what each of them took."""
    newest = datetime.now(UTC).isoformat()

    def fill_one(name: str) -> dict[str, Any]:
        (folder / name).mkdir()
        given = ("--submissions", submissions, "--seed", seed, "--newest", newest)
        url = centre_database if name == CENTRE else ""
        return run_apart(
            "benchmarks.twins", folder / name / "data", *given, settings={**os.environ, "SYNC_DATABASE_URL": url}
        )

    with ThreadPoolExecutor(2) as pool:
        return dict(zip((HUB, CENTRE), pool.map(fill_one, (HUB, CENTRE)), strict=True))


@contextmanager
def opened(folder: Path, centre_database: str) -> Iterator[tuple[Node, Node]]:
    with ExitStack() as stack:
        hub = stack.enter_context(Node.open(Settings(data=folder / HUB / "data")))
        data = Settings(data=folder / CENTRE / "data", database_url=centre_database)
        yield hub, stack.enter_context(Node.open(data))


def part(hub: Node, centre: Node) -> set[Planted]:
    """Pair both and plant seventeen differences of every kind; return what must be found."""
    pair(hub, centre, role=PEER)
    planted: set[Planted] = set()
    for node, what in ((centre, MISSING_HERE), (hub, MISSING_THERE)):
        planted |= {(what, _send_new(node, f"new {what} {number}"), "") for number in range(4)}
    known = _find_some(hub, 9)
    for node, what, some in ((centre, MISSING_HERE, known[:3]), (hub, MISSING_THERE, known[3:5])):
        planted |= {(what, _send_edit(node, f"edit of {instance}", instance), "") for instance, _ in some}
    for node, what, some in ((centre, FILE_HERE, known[5:7]), (hub, FILE_THERE, known[7:9])):
        for instance, xml in some:
            send(node, xml, {"late.jpg": PHOTO})
            planted.add((what, instance, "late.jpg"))
    for node in (hub, centre):
        consumers.mark_received(node, seconds=3600)
    return planted


def _send_new(node: Node, instance: str) -> str:
    send(node, _visit(instance), {AUDIT_NAME: AUDIT})
    return f"uuid:{instance}"


def _send_edit(node: Node, instance: str, original: str) -> str:
    xml = visit(instance, photo=AUDIT_NAME, deprecates=original.removeprefix("uuid:"))
    send(node, xml, {AUDIT_NAME: AUDIT})
    return f"uuid:{instance}"


def _find_some(node: Node, count: int) -> list[tuple[str, bytes]]:
    """Find submissions that both hold, spread over all of them."""
    with node.database.read() as session:
        rows = list(find_members(session, MarksPart(project_id=1), 0, 2**60).values())
        chosen = describe_versions(session, rows[:: max(len(rows) // count, 1)][:count])
        return [(held.instance_id, get_xml(session, 1, held.version) or b"") for held in chosen.values()]


def _visit(instance: str) -> bytes:
    return visit(instance, photo=AUDIT_NAME)


def _fill(node: Node, count: int, *, seed: int, newest: datetime) -> dict[str, Any]:
    """Store so many submissions, received evenly over a hundred days from fifty tablets, each with a file."""
    spool = node.blobs.spool()
    spool.write(AUDIT)
    file = ReceivedFile(AUDIT_NAME, BlobId(spool.keep()), len(AUDIT), "text/csv")
    chance, first = random.Random(seed), newest - SPAN
    made = (_upload(chance, number, first + SPAN * ((number + 1) / count), file) for number in range(count))
    received = timed(lambda: _store(node, made))
    resolved = timed(lambda: _follow(node, ResolveSubmissions()))
    marked = timed(lambda: _follow(node, MarkVersions(), follows=ResolveSubmissions.name))
    built = timed(lambda: consumers.catch_up(node))
    return {
        **{"rows": count, "receive_seconds": received, "resolve_seconds": resolved, "mark_seconds": marked},
        "warehouse_seconds": built,
    }


def _store(node: Node, made: Iterator[ReceivedVersion]) -> None:
    while some := list(islice(made, AT_ONCE)):
        node.write(partial(add_versions, received=some))


def _follow(node: Node, consumer: consumers.Consumer, follows: str | None = None) -> None:
    """Bring a consumer to the head in long slices: nobody waits for the processor here."""
    runner = consumers.Runner(node, consumer, follows=follows, slice_seconds=SLICE_SECONDS)
    while runner.run_slice() is not None:
        pass


def _upload(chance: random.Random, number: int, moment: datetime, file: ReceivedFile) -> ReceivedVersion:
    instance = str(UUID(int=chance.getrandbits(128), version=4))
    xml = _visit(instance)
    return ReceivedVersion(
        project_id=1, sha256=VersionId(sha256_hex(xml)), form_id="visit", form_version="1",
        instance_id=InstanceId(f"uuid:{instance}"), deprecated_id=None, is_sealed=False, xml=xml, files=(file,),
        receipt_id=f"{instance}-{number}", received_at=moment, door="bench", device_id=f"collect:{number % 50:02d}",
        actor_id=None, is_revoked=False, held_for=None, clock_offset_seconds=None,
    )  # fmt: skip


def timed(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    return round(time.perf_counter() - began, 3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--submissions", type=int, required=True)
    parser.add_argument("--newest", type=datetime.fromisoformat, required=True)
    parser.add_argument("--seed", type=int, required=True)
    options = parser.parse_args()
    settings = Settings(data=options.folder, database_url=os.environ.get("SYNC_DATABASE_URL", ""))
    with Node.open(settings) as node:
        publish_visit(node)
        print(json.dumps(_fill(node, options.submissions, seed=options.seed, newest=options.newest)))


if __name__ == "__main__":
    main()

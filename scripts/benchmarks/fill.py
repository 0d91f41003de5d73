"""Fill a node with attendance submissions as fast as it stores them: `python -m benchmarks.fill DATA --submissions N`.

Through the node's own code, many in one transaction, without the network; the consumers are brought to the head and
small segments joined, as the server does in the background. The submissions were received evenly over the last hundred
days, so that a day is a hundredth of the data.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from sqlalchemy.orm import Session

from benchmarks.meetings import FORM_ID, Meetings
from sync_server.core.ids import InstanceId, VersionId, sha256_hex
from sync_server.node import Node
from sync_server.services import consumers, maintain_warehouse
from sync_server.services.publish_folder import publish_folder
from sync_server.services.shipped_forms import shipped_forms
from sync_server.settings import Settings
from sync_server.store.submissions import ReceivedVersion, add_versions

AT_ONCE = 500
# Consumers follow in steps, as they do while tablets send: what waits is then never more than this.
STEP = 20_000
SPAN = timedelta(days=100)


@dataclass(frozen=True, slots=True)
class Filled:
    """What filling took; `changes_per_second` is of all consumers together."""

    submissions: int
    repeat_rows: int
    xml_mb: float
    receive_seconds: float
    catch_up_seconds: float
    compact_seconds: float
    data_mb: float

    def as_figure(self) -> dict[str, object]:
        return {
            "figure": "fill",
            "rows": self.submissions,
            "repeat_rows": self.repeat_rows,
            "seconds": round(self.receive_seconds + self.catch_up_seconds + self.compact_seconds, 1),
            "receive_per_second": round(self.submissions / max(self.receive_seconds, 1e-9)),
            "consume_per_second": round(self.submissions / max(self.catch_up_seconds, 1e-9)),
            "compact_seconds": round(self.compact_seconds, 1),
            "xml_mb": round(self.xml_mb),
            "data_mb": round(self.data_mb),
        }


def publish(node: Node) -> None:
    """Publish the forms that come along, once."""
    publish_folder(node, shipped_forms())


def fill(
    node: Node,
    count: int,
    *,
    seed: int,
    newest: datetime | None = None,
    span: timedelta = SPAN,
    progress: Callable[[int], None] = lambda done: None,
) -> Filled:
    """Store `count` submissions received evenly over `span`, the last one at `newest`; bring the consumers along."""
    made = _uploads(seed, count, (newest or datetime.now(UTC)) - span, span)
    rows, size, received, consumed, done = 0, 0, 0.0, 0.0, 0
    while step := list(islice(made, STEP)):
        rows += sum(upload.xml.count(b"</new_p>") + upload.xml.count(b"</actions>") for upload in step)
        size += sum(len(upload.xml) for upload in step)
        began = time.perf_counter()
        for start in range(0, len(step), AT_ONCE):
            _store(node, step[start : start + AT_ONCE])
        then = time.perf_counter()
        consumers.catch_up(node)
        received, consumed = received + then - began, consumed + time.perf_counter() - then
        done += len(step)
        progress(done)
    began = time.perf_counter()
    if count > AT_ONCE:  # a few are joined with others in the background, later
        maintain_warehouse.compact(node)
    compacted = time.perf_counter() - began
    return Filled(done, rows, size / 1e6, received, consumed, compacted, folder_mb(node.settings.data))


def _store(node: Node, uploads: list[ReceivedVersion]) -> None:
    def write(session: Session) -> None:
        add_versions(session, uploads)

    node.write(write)


def _uploads(seed: int, count: int, first: datetime, span: timedelta) -> Iterator[ReceivedVersion]:
    meetings = Meetings(seed)
    for number in range(count):
        instance_id, xml = meetings.next_xml()
        moment = first + span * ((number + 1) / count)
        yield ReceivedVersion(
            project_id=1,
            sha256=VersionId(sha256_hex(xml)),
            form_id=FORM_ID,
            form_version="2026113002",
            instance_id=InstanceId(instance_id),
            deprecated_id=None,
            is_sealed=False,
            xml=xml,
            files=(),
            receipt_id=f"{int(moment.timestamp() * 1e6):014x}{seed % 2**32:08x}{number:010x}",
            received_at=moment,
            door="bench",
            device_id=f"collect:bench{number % 50:02d}",
            actor_id=None,
            is_revoked=False,
            held_for=None,
            clock_offset_seconds=None,
        )


def folder_mb(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def fill_folder(folder: Path, count: int, *, seed: int, database_url: str = "") -> Filled:
    """Fill a data folder and close it again."""
    with Node.open(Settings(data=folder, database_url=database_url)) as node:
        publish(node)
        return fill(node, count, seed=seed, progress=lambda done: print(f"{done} stored", file=sys.stderr, flush=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--submissions", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    url = os.environ.get("SYNC_DATABASE_URL", "")
    filled = fill_folder(options.folder, options.submissions, seed=options.seed, database_url=url)
    print(json.dumps(filled.as_figure()))


if __name__ == "__main__":
    main()

"""kill -9 while the warehouse is built, compacted, exported or backed up: no reader ever sees a half-state.

Another process reads every manifest it can get meanwhile. After each kill the node is whole, what is published is some
moment that was acknowledged, and an export is either not there or complete.
"""

import random
import time
import zipfile
from pathlib import Path

import pytest

from sync_server.node import Node
from sync_server.services import consumers
from sync_server.services.verify_node import verify_node
from sync_server.store.segments import get_manifest
from tests.support.revisions import FORM, Revisions, acknowledged, check_moment, check_whole, number_of, prepare
from tests.support.warehouse_rows import read_manifest, shown_submissions
from tests.support.warehouse_work import KINDS, Work, settings_of, watched

SEED = 20261123
SMALL = 7  # submissions followed at once: many small segments, so that there is something to compact


@pytest.mark.parametrize("kind", KINDS)
def test_killing_the_work_leaves_no_half_state(tmp_path: Path, kind: str) -> None:
    kill_and_look(tmp_path, kind, kills=3)


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_killing_the_work_fifty_times_leaves_no_half_state(tmp_path: Path, kind: str) -> None:
    kill_and_look(tmp_path, kind, kills=50)


def kill_and_look(folder: Path, kind: str, *, kills: int) -> None:
    print(f"seed {SEED}")
    chance = random.Random(SEED)
    out = folder / "out"
    out.mkdir()
    settings = settings_of(folder / "node")
    with Node.open(settings) as node:
        prepare(node)
        sent = Revisions({})
        happen(node, sent, chance, kind)
        took = run_to_the_end(kind, settings.data, out)
        with watched(settings.data) as count_read:
            for _ in range(kills):
                happen(node, sent, chance, kind)
                work = Work(kind, settings.data, out)
                time.sleep(chance.uniform(0, 1.5) * took)  # the random moment; some come too late
                work.kill()
                look(node, out)
                if chance.random() < 0.5:  # else the next one begins where this one was killed
                    consumers.catch_up(node)
            consumers.catch_up(node)
            look(node, out)
            read = count_read()
        found = {number_of(one): check_whole(one) for one in shown_submissions(node, FORM)}
        with node.database.read() as session:
            assert found == acknowledged(session, None) == sent.last
    print(f"{kills} kills during {kind} of {took:.2f} s, {len(found)} submissions, {read} different manifests read")


def happen(node: Node, sent: Revisions, chance: random.Random, kind: str) -> None:
    """Send new submissions and edits of old ones; all but the builder's are followed, a few at a time."""
    for _ in range(6):
        sent.add(node, SMALL)
        for number in chance.sample(sorted(sent.last), 3):
            sent.edit(node, number)
        if kind != "build":
            consumers.catch_up(node)


def run_to_the_end(kind: str, data: Path, out: Path) -> float:
    """Return the seconds that the work takes when nobody kills it."""
    work = Work(kind, data, out)
    began = time.monotonic()
    work.finish()
    return time.monotonic() - began


def look(node: Node, out: Path) -> None:
    assert list(verify_node(node)) == []
    with node.database.read() as session:
        manifest = get_manifest(session, 1, FORM)
        check_moment(session, manifest.seq, read_manifest(node, manifest))
    for path in out.glob("*.zip"):
        with zipfile.ZipFile(path) as export:
            assert export.testzip() is None

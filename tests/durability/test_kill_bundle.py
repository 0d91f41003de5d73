"""kill -9 while a bundle is made, and while it is taken: repeated, either goes on, and nothing is lost or doubled."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from sync_server.replication.bundle_take import take_bundle
from sync_server.services import consumers
from sync_server.services.verify_node import verify_node
from tests.support.paired_nodes import held, open_node, pair
from tests.support.samples import publish, send, submission
from tests.support.stick import Stick

SUBMISSIONS, PHOTO_BYTES = 60, 300_000
LONGEST_SECONDS = 300


def start(data: Path, *arguments: str) -> "subprocess.Popen[bytes]":
    environ = {**os.environ, "SYNC_DATA": str(data), "SYNC_MIN_FREE_BYTES": "0"}
    command = [sys.executable, "-m", "sync_server", "bundle", *arguments]
    return subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def kill_when(process: "subprocess.Popen[bytes]", marks: list[Path], pattern: str, chance: random.Random) -> bool:
    """Kill a process a moment after one more file of a pattern appeared; False when it had ended before."""
    before = count(marks, pattern)
    deadline = time.monotonic() + LONGEST_SECONDS
    while count(marks, pattern) <= before and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)
    time.sleep(chance.uniform(0, 0.01))
    is_over = process.poll() is not None
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return not is_over


def count(folders: list[Path], pattern: str) -> int:
    return sum(1 for folder in folders for _ in folder.glob(pattern))


def finish(process: "subprocess.Popen[bytes]") -> str:
    output, _ = process.communicate(timeout=LONGEST_SECONDS)
    assert process.returncode == 0, output.decode()
    return output.decode()


def test_a_bundle_survives_kills_of_who_makes_it_and_who_takes_it(tmp_path: Path) -> None:
    seed = int(os.environ.get("KILL_SEED", "0")) or random.SystemRandom().randrange(10**9)
    print(f"seed {seed} (KILL_SEED={seed} goes the same way again)")
    chance = random.Random(seed)
    hub, centre, stick = (tmp_path / name for name in ("hub", "centre", "stick"))
    prepare(hub, centre, stick, chance)
    make = ("make", str(stick / "up"), "--for", "centre", "--volume-mb", "1")
    killed = kill_when(start(hub, *make), [stick], "up.0??", chance)
    assert not (stick / "up").exists()
    assert "Went on after" in finish(start(hub, *make))
    taking = [centre / "blobs", centre / "incoming"]
    killed += kill_when(start(centre, "take", str(stick / "up")), taking, "**/*", chance)
    finish(start(centre, "take", str(stick / "up")))
    assert killed == 2
    with open_node(hub) as at_hub, open_node(centre) as at_centre:
        for node in (at_hub, at_centre):
            consumers.resolve_received(node)
            assert list(verify_node(node)) == []
        assert held(at_hub) == held(at_centre)
        assert len(held(at_centre).files) == SUBMISSIONS
        assert take_bundle(at_centre, stick / "up").stored == 0


def prepare(hub: Path, centre: Path, stick: Path, chance: random.Random) -> None:
    with open_node(hub) as at_hub, open_node(centre) as at_centre:
        publish(at_centre, "1", {"/place": "string", "/photo": "binary"})
        pair(at_hub, at_centre)
        Stick(stick).carry(at_centre, at_hub)
        for number in range(SUBMISSIONS):
            xml = submission(f"uuid:{number}", f"<place>{number}</place><photo>{number}.jpg</photo>")
            send(at_hub, xml, {f"{number}.jpg": chance.randbytes(PHOTO_BYTES)})

"""A stick that is slow: it is said how far it is, nothing gives up, nobody else waits, and no half bundle is there."""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from sync_server.cli.progress_bar import LINE_SECONDS
from sync_server.replication.bundle_make import make_bundle
from sync_server.replication.bundle_take import take_bundle
from tests.support.paired_nodes import held, open_node, pair
from tests.support.samples import publish, send, submission
from tests.support.slow_stick import SlowStick
from tests.support.stick import Stick

PHOTOS = 4
PHOTO = os.urandom(700_000)
PATIENCE_SECONDS = 120
WRITTEN = ".up.bundle.part"


@dataclass(frozen=True)
class Places:
    """A hub's and a centre's data folders, and a stick."""

    hub: Path
    centre: Path
    stick: Path
    peer: str

    @property
    def bundle(self) -> Path:
        return self.stick / "up.bundle"


@pytest.fixture
def places(tmp_path: Path) -> Places:
    with open_node(tmp_path / "hub") as hub, open_node(tmp_path / "centre") as centre:
        publish(centre, "1", {"/place": "string", "/photo": "binary"})
        pair(hub, centre)
        Stick(tmp_path / "first").carry(centre, hub)
        for number in range(PHOTOS):
            xml = submission(f"uuid:{number}", f"<place>{number}</place><photo>{number}.jpg</photo>")
            send(hub, xml, {f"{number}.jpg": PHOTO + bytes([number])})
        stick = tmp_path / "stick"
        stick.mkdir()
        made = Places(tmp_path / "hub", tmp_path / "centre", stick, centre.id)
    return made


def test_it_is_told_how_far_it_is_and_nothing_gives_up(places: Places) -> None:
    stick = SlowStick(places.stick, seconds=0.35)
    words = ("bundle", "make", str(places.bundle), "--for", "centre")
    began = time.monotonic()
    with stick.start(places.hub, *words, files=[WRITTEN]) as making:
        _out, told = making.communicate(timeout=PATIENCE_SECONDS)
    assert making.returncode == 0, told
    assert time.monotonic() - began > LINE_SECONDS
    lines = [line for line in told.splitlines() if line.startswith("records ")]
    assert lines, "somebody who waits is told something"
    assert all(f"of {PHOTOS}" in line for line in lines if "files" in line)
    with open_node(places.centre) as centre:
        assert take_bundle(centre, places.bundle).files == PHOTOS
        assert len(held(centre).files) == PHOTOS


def test_meanwhile_the_office_receives_and_there_is_no_bundle_until_it_is_whole(places: Places) -> None:
    """Whoever pulls out a stick that has not taken all has no bundle on it, and loses nothing by that."""
    stick = SlowStick(places.stick, seconds=600.0)
    making = stick.start(places.hub, "bundle", "make", str(places.bundle), "--for", "centre", files=[WRITTEN])
    try:
        wait_until((places.stick / WRITTEN).exists)
        with open_node(places.hub) as hub:
            send(hub, submission("uuid:late", "<place>late</place>"))  # does not wait for the stick
        assert making.poll() is None
        assert not places.bundle.exists()
    finally:
        os.killpg(making.pid, signal.SIGKILL)
        making.communicate()
    with open_node(places.hub) as hub, open_node(places.centre) as centre:
        made = make_bundle(hub, places.peer, places.bundle)
        assert sorted(path.name for path in places.stick.iterdir()) == ["up.bundle"]
        assert (made.files, take_bundle(centre, places.bundle).files) == (PHOTOS, PHOTOS)


def test_a_bundle_is_taken_from_it_however_long_each_piece_takes(places: Places) -> None:
    with open_node(places.hub) as hub:
        make_bundle(hub, places.peer, places.bundle)
    stick = SlowStick(places.stick, seconds=0.05)
    with stick.start(places.centre, "bundle", "take", str(places.bundle), files=["up.bundle"]) as taking:
        said, told = taking.communicate(timeout=PATIENCE_SECONDS)
    assert taking.returncode == 0, told
    assert f"{PHOTOS} file(s)" in said
    with open_node(places.centre) as centre:
        assert len(held(centre).files) == PHOTOS


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)

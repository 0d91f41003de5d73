"""A stick that is full, read-only or taken away: said in a sentence, and nothing half done. With real file systems."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sync_server.node import Node
from sync_server.peer_errors import (
    BundleDamaged,
    BundleNoRoom,
    BundleUnreadable,
    BundleUnwritable,
    BundleVolumeMissing,
    PairingFileUnwritable,
)
from sync_server.replication.bundle_make import MadeBundle, make_bundle
from sync_server.replication.bundle_take import take_bundle
from sync_server.replication.pairing_by_stick import ask_by_stick
from sync_server.services.peer_status import Movement
from tests.support.paired_nodes import held, open_node, pair
from tests.support.real_stick import RealStick
from tests.support.samples import publish, send, submission
from tests.support.stick import Stick, digest_folder

MEGABYTE = 1_000_000
PHOTO = os.urandom(700_000)


@pytest.fixture(autouse=True)
def _tell_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """What happens to a stick happens at one certain step, not a second later."""
    monkeypatch.setattr("sync_server.replication.progress.EVERY_SECONDS", 0.0)


class Office:
    """A hub with photos for its centre, which has heard of it."""

    def __init__(self, hub: Node, centre: Node, folder: Path) -> None:
        self.hub, self.centre, self.folder = hub, centre, folder

    def make(self, folder: Path, name: str = "up.bundle", **options: object) -> MadeBundle:
        return make_bundle(self.hub, self.centre.id, folder / name, volume_bytes=MEGABYTE, **options)  # type: ignore[arg-type]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with open_node(tmp_path / "hub") as hub, open_node(tmp_path / "centre") as centre:
        publish(centre, "1", {"/place": "string", "/photo": "binary"})
        pair(hub, centre)
        folder = Stick(tmp_path / "folder").folder
        Stick(folder / "first").carry(centre, hub)
        for number in range(4):
            xml = submission(f"uuid:{number}", f"<place>{number}</place><photo>{number}.jpg</photo>")
            send(hub, xml, {f"{number}.jpg": PHOTO + bytes([number])})
        yield Office(hub, centre, folder)


def test_a_stick_that_is_too_small_is_said_before_anything_is_written(office: Office, tmp_path: Path) -> None:
    with RealStick(tmp_path / "stick", 3 * MEGABYTE) as stick:
        with pytest.raises(BundleNoRoom, match="are free"):
            office.make(stick.folder)
        assert stick.names() == []


def test_a_stick_that_fills_up_meanwhile_has_no_bundle_and_is_gone_on_with(office: Office, tmp_path: Path) -> None:
    with RealStick(tmp_path / "stick", 8 * MEGABYTE) as stick:
        films: list[Path] = []

        def fill(movement: Movement) -> None:
            if movement.bytes_done > MEGABYTE and not films:
                films.append(stick.fill())

        with pytest.raises(BundleNoRoom):
            office.make(stick.folder, progress=fill)
        whole = [name for name in stick.names() if name.startswith("up.bundle.0")]
        assert stick.names() == ["film", *whole]
        films[0].unlink()
        made = office.make(stick.folder)
        assert (made.went_on_after, len(whole) > 0) == (len(whole), True)
        assert take_bundle(office.centre, made.path).files == 4


def test_a_full_stick_takes_no_question_either_and_leaves_none_half(office: Office, tmp_path: Path) -> None:
    with RealStick(tmp_path / "stick", 65_536) as stick:
        stick.fill()
        with pytest.raises(PairingFileUnwritable, match="No space left"):
            ask_by_stick(office.hub, None, stick.folder / "ask.pair")
        assert stick.names() == ["film"]


def test_a_read_only_stick_is_said_when_made_and_taken_from_all_the_same(office: Office, tmp_path: Path) -> None:
    with RealStick(tmp_path / "stick", 32 * MEGABYTE) as stick:
        made = office.make(stick.folder)
        stick.protect()
        for name in ("other.bundle", "up.bundle"):  # the second one is there already
            with pytest.raises(BundleUnwritable, match="Read-only file system"):
                office.make(stick.folder, name)
        taken = take_bundle(office.centre, made.path)
        assert (taken.files, taken.acknowledgement, "Read-only" in taken.not_acknowledged) == (4, None, True)


def test_a_stick_that_is_pulled_out_while_it_is_written_is_said(office: Office, tmp_path: Path) -> None:
    with RealStick(tmp_path / "stick", 32 * MEGABYTE) as stick:

        def pull(movement: Movement) -> None:
            if movement.bytes_done > MEGABYTE:
                stick.pull_out()

        with pytest.raises(BundleUnwritable, match="No such file or directory"):
            office.make(stick.folder, progress=pull)


def test_a_stick_that_is_pulled_out_while_it_is_looked_at_leaves_nothing(office: Office, tmp_path: Path) -> None:
    before = digest_folder(office.centre)
    with RealStick(tmp_path / "stick", 32 * MEGABYTE) as stick:
        made = office.make(stick.folder)

        def pull(movement: Movement) -> None:
            if movement.bytes_done > MEGABYTE:
                stick.pull_out()

        with pytest.raises((BundleUnreadable, BundleVolumeMissing), match="taken"):
            take_bundle(office.centre, made.path, progress=pull)
    assert digest_folder(office.centre) == before


def test_a_volume_that_is_cut_short_while_those_before_are_read_is_damaged(office: Office) -> None:
    made, before = office.make(office.folder), digest_folder(office.centre)
    last = office.folder / "up.bundle.003"

    def cut(movement: Movement) -> None:
        if movement.bytes_done > MEGABYTE:
            os.truncate(last, 1000)

    with pytest.raises(BundleDamaged, match="Nothing of it was taken"):
        take_bundle(office.centre, made.path, progress=cut)
    assert digest_folder(office.centre) == before


def test_what_was_taken_stays_when_the_stick_goes_in_between_and_the_rest_comes_later(
    office: Office, tmp_path: Path
) -> None:
    """The second time through, when it is taken, volumes are gone that were there when it was looked at."""
    kept = Stick(tmp_path / "kept").folder
    with RealStick(tmp_path / "stick", 32 * MEGABYTE) as stick:
        made = office.make(stick.folder)
        for path in stick.folder.iterdir():
            (kept / path.name).write_bytes(path.read_bytes())

        def pull(movement: Movement) -> None:
            if movement.files_done:
                stick.pull_out()

        with pytest.raises(BundleUnreadable, match="What was taken is stored"):
            take_bundle(office.centre, made.path, progress=pull)
    assert held(office.centre).versions == held(office.hub).versions
    take_bundle(office.centre, kept / made.path.name)
    assert held(office.centre).files == held(office.hub).files


def test_a_link_that_lies_on_a_stick_leads_nowhere(office: Office, tmp_path: Path) -> None:
    letter = tmp_path / "letter"
    letter.write_bytes(b"Dear all")
    for name in (".up.bundle.part", ".ask.pair.part", "ask.pair"):
        (office.folder / name).symlink_to(letter)
    assert office.make(office.folder).volumes > 1
    with pytest.raises(PairingFileUnwritable, match="another file"):
        ask_by_stick(office.hub, None, office.folder / "ask.pair")
    (office.folder / "ask.pair").unlink()
    ask_by_stick(office.hub, None, office.folder / "ask.pair")
    assert letter.read_bytes() == b"Dear all"


def test_a_file_of_somebody_else_stays_where_it_is(office: Office) -> None:
    other = office.folder / "up.bundle"
    other.write_bytes(b"a film")
    with pytest.raises(BundleUnwritable, match="another file has this name"):
        office.make(office.folder)
    with pytest.raises(BundleDamaged, match="its end is missing"):
        take_bundle(office.centre, other)
    assert other.read_bytes() == b"a film"

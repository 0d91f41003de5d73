"""Bundles from the command line, as a coordinator makes and takes them."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sync_server.cli import main
from tests.support.paired_nodes import held, open_node, pair
from tests.support.samples import publish_visit, send, visit


@dataclass
class Places:
    """Two data folders, and a stick."""

    office: Path
    centre: Path
    stick: Path

    def run(self, where: Path, *arguments: str) -> Result:
        return CliRunner().invoke(main, ["--data", str(where), "--min-free-bytes", "0", "bundle", *arguments])

    def receive(self, name: str) -> None:
        with open_node(self.office) as node:
            send(node, visit(name, photo="p.jpg"), [("p.jpg", name.encode() * 9000)])


@pytest.fixture
def places(tmp_path: Path) -> Places:
    made = Places(tmp_path / "office", tmp_path / "centre", tmp_path / "stick")
    made.stick.mkdir()
    with open_node(made.office) as hub, open_node(made.centre) as centre:
        publish_visit(centre)
        pair(hub, centre, name="Sinjar")
    return made


def test_a_stick_goes_there_and_back(places: Places) -> None:
    down, up = str(places.stick / "down"), str(places.stick / "up")
    early = places.run(places.office, "make", up, "--for", "centre")
    assert (early.exit_code, "has heard nothing of centre yet" in early.output) == (1, True), early.output
    made = places.run(places.centre, "make", down, "--for", "Sinjar")
    assert (made.exit_code, "Made " in made.output, "for Sinjar" in made.output) == (0, True, True), made.output
    assert places.run(places.office, "take", down).exit_code == 0
    places.receive("one")
    made = places.run(places.office, "make", up, "--for", "centre")
    assert "1 file(s)" in made.output
    taken = places.run(places.centre, "take", up)
    assert (taken.exit_code, "Leave up.ack on the stick" in taken.output) == (0, True), taken.output
    places.receive("two")
    again = places.run(places.office, "make", up, "--for", "centre", "--volume-mb", "1")
    assert "1 file(s)" in again.output  # the first one was acknowledged
    assert places.run(places.centre, "take", up).exit_code == 0
    with open_node(places.office) as hub, open_node(places.centre) as centre:
        assert held(hub).files == held(centre).files
        assert len(held(centre).files) == 2


def test_an_acknowledgement_can_be_taken_by_itself(places: Places) -> None:
    down = places.stick / "down"
    places.run(places.centre, "make", str(down), "--for", "Sinjar")
    places.run(places.office, "take", str(down))
    taken = places.run(places.centre, "take", f"{down}.ack")
    assert (taken.exit_code, "Sinjar says how much it has" in taken.output) == (0, True), taken.output


def test_what_is_wrong_is_said_in_a_sentence(places: Places) -> None:
    down = places.stick / "down"
    wrong = places.run(places.centre, "make", str(down), "--for", "Nobody")
    assert (wrong.exit_code, "No node is called Nobody" in wrong.output) == (1, True)
    away = places.run(places.centre, "make", str(places.stick / "away" / "b"), "--for", "Sinjar")
    assert (away.exit_code, "is the stick plugged in?" in away.output) == (1, True)
    missing = places.run(places.office, "take", str(down))
    assert (missing.exit_code, "could not be read" in missing.output) == (1, True), missing.output
    places.run(places.centre, "make", str(down), "--for", "Sinjar")
    down.write_bytes(down.read_bytes()[:-1])
    cut = places.run(places.office, "take", str(down))
    assert (cut.exit_code, "its end is missing" in cut.output, "Traceback" in cut.output) == (1, True, False)


def test_a_stick_that_takes_no_writing_is_said_and_the_bundle_taken_all_the_same(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    down = places.stick / "down"
    places.run(places.centre, "make", str(down), "--for", "Sinjar")

    def refuse(self: Path, *arguments: object, **options: object) -> object:
        if self.parent == places.stick and arguments[:1] == ("xb",):
            raise OSError(30, "Read-only file system", str(self))
        return opened(self, *arguments, **options)  # type: ignore[arg-type, call-overload]

    opened = Path.open
    monkeypatch.setattr(Path, "open", refuse)
    taken = places.run(places.office, "take", str(down))
    assert (taken.exit_code, "No acknowledgement could be left" in taken.output) == (0, True), taken.output
    assert "Read-only file system" in taken.output
    made = places.run(places.centre, "make", str(places.stick / "other"), "--for", "Sinjar")
    assert (made.exit_code, "Read-only file system" in made.output) == (1, True), made.output

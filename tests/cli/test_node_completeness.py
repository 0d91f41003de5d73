"""`sync-server completeness --peer` says what is missing where, over a live socket."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sync_server.app import create_app
from sync_server.cli import main
from sync_server.node import Node
from sync_server.store.peers import change_peer
from tests.support.paired_nodes import open_node, pair
from tests.support.samples import publish_visit, send, visit
from tests.support.server_thread import ServerThread


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Node]:
    with open_node(tmp_path / "centre") as node:
        publish_visit(node)
        yield node


@pytest.fixture
def office(tmp_path: Path, centre: Node) -> Iterator[Path]:
    """A hub's data folder, paired with a centre that is served; both have one submission."""
    folder = tmp_path / "office"
    with ServerThread(create_app(centre)) as served:
        with open_node(folder) as node:
            pair(node, centre)
            node.write(lambda session: change_peer(session, centre.id, url=served.url))
            send(node, visit("both"))
        assert run(folder, "sync").exit_code == 0
        yield folder


def run(data: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--data", str(data), *arguments])


def compare(data: Path, *arguments: str) -> Result:
    return run(data, "completeness", "--project", "1", "--peer", "centre", *arguments)


def receive(data: Path, name: str, photo: str = "") -> None:
    with open_node(data) as node:
        send(node, visit(name, photo=photo), minutes=24 * 60, device_id="collect:\x1b[2J")


def test_everything_is_on_both_sides(office: Path) -> None:
    done = compare(office)
    assert done.exit_code == 0, done.output
    assert "Everything that centre has is here" in done.output
    assert ["visit", "collect:abc", "1", "1"] in [line.split()[:4] for line in done.output.splitlines()]


def test_what_is_missing_is_named_with_its_tablet_and_time(office: Path) -> None:
    receive(office, "late", photo="p.jpg")
    done = compare(office)
    assert done.exit_code == 1
    assert "missing at centre: visit uuid:late, received 2026-11-23 12:00 +0300 from collect:\ufffd[2J" in done.output
    assert "file at neither node: visit uuid:late p.jpg" in done.output
    assert "2 thing(s) have still to arrive" in done.output
    assert "\x1b" not in done.output


def test_a_period_leaves_out_what_is_before_and_after(office: Path) -> None:
    receive(office, "late")
    assert compare(office, "--to", "2026-11-22").exit_code == 0
    assert compare(office, "--from", "2026-11-23", "--to", "2026-11-23").exit_code == 1
    assert compare(office, "--from", "2026-11-24").exit_code == 0
    turned = compare(office, "--from", "2026-11-24", "--to", "2026-11-23")
    assert (turned.exit_code, "--from is after --to" in turned.output) == (2, True)


def test_csv_has_the_counts_and_every_id(office: Path, tmp_path: Path) -> None:
    receive(office, "late")
    file = tmp_path / "compared.csv"
    assert compare(office, "--csv", str(file)).exit_code == 1
    rows = list(csv.DictReader(io.StringIO(file.read_text("utf-8"))))
    assert [(row["what"], row["instance"], row["here"], row["there"]) for row in rows if row["what"] != "edits"] == [
        ("submissions", "", "1", "0"), ("files", "", "0", "0"),
        ("submissions", "", "1", "1"), ("files", "", "0", "0"),
        ("missing there", "uuid:late", "", ""),
    ]  # fmt: skip
    assert rows[-1]["received"] == "2026-11-23T12:00:00+03:00"
    assert compare(office, "--csv", "-").output == file.read_text("utf-8")


def test_a_hub_is_compared_from_the_hub(centre: Node, office: Path) -> None:
    there = run(centre.settings.data, "completeness", "--peer", "hub")
    assert (there.exit_code, "Compare there, with this node" in there.output) == (1, True), there.output


def test_a_node_that_is_not_known_or_away_is_said(centre: Node, office: Path) -> None:
    unknown = run(office, "completeness", "--peer", "Mosul")
    assert (unknown.exit_code, "shared with no node called Mosul" in unknown.output) == (1, True)
    with open_node(office) as node:
        node.write(lambda session: change_peer(session, centre.id, url="http://127.0.0.1:9"))
    away = compare(office)
    assert (away.exit_code, "Error: " in away.output, "Traceback" in away.output) == (1, True, False)

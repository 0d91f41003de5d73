"""Synchronising from the command line, over a live socket."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sync_server.app import create_app
from sync_server.cli import main
from sync_server.cli.progress_bar import describe, draw_bar
from sync_server.node import Node
from sync_server.replication import patience
from sync_server.replication.dialling import Dialling
from sync_server.replication.round import synchronise
from sync_server.services.peer_status import Movement
from sync_server.store import peer_rounds, refusals
from sync_server.store.peers import change_peer, get_peer
from tests.support.paired_nodes import WHEN, open_node, pair
from tests.support.samples import publish_visit, send, visit
from tests.support.server_thread import ServerThread


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Node]:
    with open_node(tmp_path / "centre") as node:
        publish_visit(node)
        yield node


@pytest.fixture
def office(tmp_path: Path, centre: Node) -> Iterator[Path]:
    """A hub's data folder, paired with a centre that is served."""
    folder = tmp_path / "office"
    with ServerThread(create_app(centre)) as served:
        with open_node(folder) as node:
            pair(node, centre)
            node.write(lambda s: change_peer(s, centre.id, url=served.url))
        yield folder


def run(data: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--data", str(data), *arguments])


def receive(data: Path, name: str = "one") -> None:
    with open_node(data) as node:
        send(node, visit(name, photo="p.jpg"), [("p.jpg", b"photo" * 9000)])


def test_a_round_brings_everything_to_both_sides(office: Path, centre: Node) -> None:
    run(office, "sync")
    receive(office)
    waiting = run(office, "status", "centre").output
    assert "records to send  1 " in waiting
    done = run(office, "sync")
    assert (done.exit_code, "everything is on both sides" in done.output) == (0, True), done.output
    assert "1 sent" in done.output.split("files")[1]
    assert "records to send  0 " in run(office, "status").output


def test_both_ends_are_compared(office: Path, centre: Node) -> None:
    run(office, "sync")
    receive(office)
    differing = run(office, "digest", "--project", "1", "--peer", "centre")
    assert (differing.exit_code, "there: " in differing.output) == (1, True), differing.output
    run(office, "sync")
    same = run(office, "digest", "--project", "1", "--peer", "centre")
    assert (same.exit_code, same.output.count("  same")) == (0, 5), same.output
    at_centre = run(centre.settings.data, "digest", "--project", "1", "--peer", "hub")
    assert at_centre.exit_code == 0
    assert [line[12:76] for line in at_centre.output.splitlines()[:5]] == [
        line[12:76] for line in same.output.splitlines()
    ]


def test_a_centre_that_is_away_is_said_in_a_sentence(
    office: Path, centre: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "FIRST_SECONDS", 0.0)
    with open_node(office) as node:
        node.write(lambda s: change_peer(s, centre.id, url="http://127.0.0.1:9"))
    done = run(office, "sync")
    said = "The other node could not be reached: nothing answers at its address."
    assert (done.exit_code, said in done.output) == (1, True), done.output
    status = run(office, "status").output
    assert said in status
    assert "last success     never" in status


def test_a_round_with_nothing_new_costs_next_to_nothing(office: Path, centre: Node) -> None:
    run(office, "sync")
    with open_node(office) as node:
        with node.database.read() as session:
            peer = get_peer(session, centre.id)
        with Dialling(node, peer) as remote:
            report = synchronise(node, centre.id, remote=remote)
            line = remote.lanes[0]
    assert (report.is_quiet, report.greetings, len(remote.lanes)) == (True, 1, 1)
    assert line.sent_bytes + line.received_bytes < 2_000


def test_a_process_that_is_killed_under_way_is_not_waited_for(office: Path, centre: Node) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        token = f"{socket.gethostname()}:{other.pid}:x:y"
        with open_node(office) as node:
            assert node.write(lambda s: peer_rounds.claim(s, centre.id, token, now=datetime.now(UTC)))
        end = threading.Timer(0.5, lambda: (other.kill(), other.wait()))
        end.start()
        began = time.monotonic()
        assert run(office, "sync").exit_code == 0
        assert time.monotonic() - began < peer_rounds.LEASE.total_seconds() / 4
        end.join()


def test_a_node_without_a_centre_says_what_to_do(tmp_path: Path) -> None:
    run(tmp_path, "project", "add", "Nineveh")
    done = run(tmp_path, "sync")
    assert (done.exit_code, "pair accept" in done.output) == (1, True)
    assert run(tmp_path, "status").output == "This node is paired with no other.\n"


def test_a_hub_calls_by_itself(office: Path, centre: Node) -> None:
    done = run(centre.settings.data, "sync", "hub")
    assert (done.exit_code, "calls this node by itself" in done.output) == (1, True)
    assert run(office, "sync", "nobody").exit_code == 1


def test_refusals_are_listed_with_their_reasons(office: Path, centre: Node) -> None:
    with open_node(office) as node:
        node.write(lambda s: refusals.put_refusals(s, centre.id, "out", [("decision:1", "beyond_scope")], now=WHEN))
    said = run(office, "status").output
    assert "refused there    1" in said
    assert "beyond_scope       decision:1" in said


def test_a_bar_says_how_far_it_is() -> None:
    movement = Movement(
        records_done=1200, records_total=2400, files_done=1, files_total=4, bytes_done=1_250_000,
        bytes_per_second=34_000, seconds_left=180,
    )  # fmt: skip
    assert draw_bar(movement) == "[########............]"
    said = "records 1,200 of 2,400, files 1 of 4, 1.2 MB, 34.0 kB/s, 3 min left"
    assert describe(movement) == said
    assert describe(Movement()) == "records 0 of 0, 0 bytes"

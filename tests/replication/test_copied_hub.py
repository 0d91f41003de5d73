"""A data folder is copied to a second machine, and both dial their centre: one is stopped, and both ends say so."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from sync_server.app import create_app
from sync_server.node import Node
from sync_server.peer_errors import PeerStopped
from sync_server.replication.dialling import Dialling
from sync_server.replication.greeting import introduce
from sync_server.replication.round import synchronise
from sync_server.services.accept_pairing import NEW, accept_pairing
from sync_server.services.pair_nodes import list_peers
from sync_server.services.peer_offers import offer_pairing
from sync_server.services.renew_identity import renew_identity
from sync_server.settings import Settings
from sync_server.store.peers import ACTIVE, STOPPED
from tests.support.by_code import EVERYTHING, peer_at, posting_to
from tests.support.new_folder import new_folder
from tests.support.server_thread import ServerThread


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Node]:
    with Node.open(Settings(data=new_folder(tmp_path / "centre"), min_free_bytes=0)) as node:
        yield node


@pytest.fixture
def url(centre: Node) -> Iterator[str]:
    with ServerThread(create_app(centre)) as server:
        yield server.url


def pair_by_code(centre: Node, hub: Node, url: str, name: str = "Sinjar office") -> None:
    code = offer_pairing(centre, None, name, EVERYTHING).code
    accept_pairing(hub, None, url, code, post=posting_to(centre))


def greet(hub: Node, centre: Node) -> None:
    peer = peer_at(hub, centre)
    with Dialling(hub, peer) as dial:
        dial().meet(introduce(hub, peer))


def copy_of(hub: Node, folder: Path) -> Node:
    """The folder as it is on a stick or a second laptop, taken while nothing is written."""
    shutil.copytree(hub.settings.data, folder)
    return Node.open(Settings(data=folder, min_free_bytes=0))


def test_the_copy_is_stopped_and_goes_on_under_an_identity_of_its_own(
    hub: Node, centre: Node, url: str, tmp_path: Path
) -> None:
    pair_by_code(centre, hub, url)
    greet(hub, centre)
    with copy_of(hub, tmp_path / "copy") as copy:
        greet(hub, centre)
        greet(hub, centre)
        with pytest.raises(PeerStopped):
            greet(copy, centre)
        greet(hub, centre)
        renew_identity(copy, None)
    assert "a copy of this machine was stopped" in peer_at(centre, hub).state_reason
    with Node.open(Settings(data=new_folder(tmp_path / "copy"), min_free_bytes=0)) as renewed:
        pair_by_code(centre, renewed, url, "The second laptop")
        greet(renewed, centre)
        greet(hub, centre)
        greet(renewed, centre)
    assert [shown.peer.name for shown in list_peers(centre, None) if shown.peer.is_active] == [
        "Sinjar office", "The second laptop",
    ]  # fmt: skip


def test_a_round_of_the_machine_that_was_overtaken_stops_it_until_it_is_paired_anew(
    hub: Node, centre: Node, url: str, tmp_path: Path
) -> None:
    pair_by_code(centre, hub, url)
    greet(hub, centre)
    with copy_of(hub, tmp_path / "copy") as copy:
        greet(copy, centre)
        greet(copy, centre)
        with Dialling(hub, peer_at(hub, centre)) as dial:
            report = synchronise(hub, centre.id, remote=dial)
        assert report.reason is not None
        assert (peer_at(hub, centre).state, peer_at(centre, hub).state) == (STOPPED, ACTIVE)
        with pytest.raises(PeerStopped):
            greet(hub, centre)
        again = offer_pairing(centre, None, "Sinjar again", EVERYTHING).code
        accept_pairing(hub, None, url, again, post=posting_to(centre), join=NEW)
        greet(hub, centre)
        greet(hub, centre)
        with pytest.raises(PeerStopped):
            greet(copy, centre)

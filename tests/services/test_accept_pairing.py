"""A hub takes no address, answer or project on trust; its own projects keep what they hold."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sync_server.core.peer_places import PeerPlace, PeerScope
from sync_server.core.roles import PEER
from sync_server.core.scope import Grant
from sync_server.errors import NotFound
from sync_server.node import Node
from sync_server.peer_errors import AddressRefused, AlreadyJoined, JoinUnclear, PairingRefused
from sync_server.services.accept_pairing import FORGED, HUB_ALREADY, ITSELF, NEW, UNREADABLE, accept_pairing
from sync_server.services.answer_pairing import CENTRE_ALREADY
from sync_server.services.pair_nodes import list_peers, revoke_peer
from sync_server.services.peer_address import tidy_url
from sync_server.services.peer_offers import offer_pairing
from sync_server.services.projects import add_project
from sync_server.settings import Settings
from sync_server.store import assignments, shared_projects
from tests.support.by_code import EVERYTHING, URL, only_up, pair, peer_at, posting_to
from tests.support.new_folder import new_folder

CODE = "ks3m-8f4j-x2pd-wq7c-n5ra"
Post = Callable[[str, dict[str, Any]], Any]


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Node]:
    with Node.open(Settings(data=new_folder(tmp_path / "centre"), node_name="Erbil", min_free_bytes=0)) as node:
        yield node


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Node]:
    with Node.open(Settings(data=new_folder(tmp_path / "other"), node_name="Duhok", min_free_bytes=0)) as node:
        yield node


def projects_of(node: Node) -> list[tuple[int, str, str | None]]:
    with node.database.read() as session:
        found = shared_projects.find_by_numbers(session, range(1, 10))
    return [(p.id, p.title, p.home) for p in found.values()]


@pytest.mark.parametrize(
    "url",
    [
        "https://centre.example.org", "https://centre.example.org:8443/sync/", "http://localhost:8080",
        "http://127.0.0.1:8080", "http://[::1]:8080", "http://192.168.4.2", "http://10.0.0.7:8080", "http://[fd00::1]",
    ],
)  # fmt: skip
def test_addresses_near_by_may_be_plain(url: str) -> None:
    assert tidy_url(f" {url}/ ") == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        "http://centre.example.org", "http://8.8.8.8", "http://0.0.0.0", "ftp://10.0.0.1", "centre.example.org", "",
        "https://", "https://user:word@centre.example.org", "https://centre.example.org?x=1", "https://c.org:99999",
        "https://[::1", "http://10.0.0.1.example.org", "http://127.1", "https://" + "a" * 600,
    ],
)  # fmt: skip
def test_other_addresses_are_refused_before_anything_is_sent(hub: Node, url: str) -> None:
    with pytest.raises(AddressRefused):
        accept_pairing(hub, None, url, CODE, post=_must_not_be_called)


def _must_not_be_called(url: str, body: dict[str, Any]) -> Any:
    raise AssertionError(url)


@pytest.mark.parametrize("answer", [None, [], {}, "x", {"node": 1}, {"projects": None}])
def test_what_is_no_answer_is_refused_and_changes_nothing(hub: Node, answer: Any) -> None:
    with pytest.raises(PairingRefused, match=UNREADABLE):
        accept_pairing(hub, None, URL, CODE, post=lambda url, body: answer)
    assert list_peers(hub, None) == []


@pytest.mark.parametrize("change", [{"node": "d" * 32}, {"name": "x"}, {"proof": "0" * 64}, {"nonce": "0" * 32}])
def test_an_answer_that_was_changed_on_the_way_is_refused(centre: Node, hub: Node, change: dict[str, str]) -> None:
    code = offer_pairing(centre, None, "Sinjar", EVERYTHING).code
    with pytest.raises(PairingRefused, match=FORGED):
        accept_pairing(hub, None, URL, code, post=lambda url, body: {**posting_to(centre)(url, body), **change})
    assert list_peers(hub, None) == []
    paired = accept_pairing(hub, None, URL, code, post=posting_to(centre))  # the same code, as its answer was lost
    assert paired.peer.name == "Erbil"


def test_an_answer_to_another_request_is_refused(centre: Node, hub: Node) -> None:
    code = offer_pairing(centre, None, "Sinjar", EVERYTHING).code
    heard: list[Any] = []

    def listen(url: str, body: dict[str, Any]) -> Any:
        heard.append(posting_to(centre)(url, body))
        return None

    for post in (listen, lambda url, body: heard[0]):
        with pytest.raises(PairingRefused):
            accept_pairing(hub, None, URL, code, post=post)


def test_a_node_does_not_pair_with_itself_nor_both_ways(centre: Node, hub: Node) -> None:
    with pytest.raises(PairingRefused, match=ITSELF):
        accept_pairing(hub, None, URL, offer_pairing(hub, None, "me", EVERYTHING).code, post=posting_to(hub))
    pair(centre, hub)
    own = add_project(hub, None, "Own")
    code = offer_pairing(hub, None, "Erbil's hub", only_up(own.id)).code
    with pytest.raises(PairingRefused, match=CENTRE_ALREADY):
        accept_pairing(centre, None, URL, code, post=posting_to(hub))


def test_a_node_that_is_led_from_here_does_not_lead_here(hub: Node, other: Node) -> None:
    pair(hub, other)
    revoke_peer(other, None, hub.id)
    own = add_project(other, None, "Own")
    code = offer_pairing(other, None, "My centre", only_up(own.id)).code
    with pytest.raises(PairingRefused, match=HUB_ALREADY):
        accept_pairing(hub, None, URL, code, post=posting_to(other))


def test_the_centres_other_projects_begin_empty_and_forms_are_granted_by_name(centre: Node, hub: Node) -> None:
    second = add_project(centre, None, "Second")
    scope = PeerScope((PeerPlace(project_id=1, role=PEER), PeerPlace(project_id=second.id)))
    paired = pair(centre, hub, scope)
    assert [(each.title, each.was_here) for each in paired.projects] == [
        ("Community Policing Forums", True), ("Second", False),
    ]  # fmt: skip
    assert [home for _, _, home in projects_of(hub)] == [centre.id, centre.id]
    with hub.database.read() as session:
        granted = assignments.find_grants(session, peer_at(hub, centre).actor_id)
    assert granted == (Grant(PEER, 1), Grant(PEER, 2))


def test_a_hub_with_several_projects_is_asked_which_one_joins(centre: Node, hub: Node) -> None:
    added = add_project(hub, None, "Nineveh")
    with pytest.raises(JoinUnclear):
        pair(centre, hub)
    paired = pair(centre, hub, join=added.id)
    assert [each.project_id for each in paired.projects] == [added.id]
    assert projects_of(hub)[0][2] is None


def test_a_hub_may_begin_a_new_project(centre: Node, hub: Node) -> None:
    assert [each.was_here for each in pair(centre, hub, join=NEW).projects] == [False]
    assert [home for _, _, home in projects_of(hub)] == [None, centre.id]


def test_a_project_that_has_a_home_joins_no_second(centre: Node, hub: Node, other: Node) -> None:
    pair(centre, hub)
    with pytest.raises(AlreadyJoined):
        pair(other, hub, join=1)
    with pytest.raises(NotFound):
        pair(other, hub, join=9)
    assert [each.project_id for each in pair(other, hub).projects] == [2]
    assert [home for _, _, home in projects_of(hub)] == [centre.id, other.id]


def test_pairing_again_finds_the_projects_that_joined_before(centre: Node, hub: Node) -> None:
    pair(centre, hub)
    revoke_peer(centre, None, "Sinjar office")
    add_project(hub, None, "Own")
    assert [(each.project_id, each.was_here) for each in pair(centre, hub).projects] == [(1, True)]
    assert [home for _, _, home in projects_of(hub)] == [centre.id, None]

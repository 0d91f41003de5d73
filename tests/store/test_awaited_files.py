"""What a peer announced is awaited once, from that peer, until it is here or its version is gone."""

from typing import Any

import pytest

from sync_server.core.ids import sha256_hex
from sync_server.node import Node
from sync_server.store import awaited_files
from sync_server.store.awaited_files import FORM, MOST_WRONG
from sync_server.store.erasures import delete_versions
from tests.support.media_ends import add_peer, await_file, on_the_way, version_of
from tests.support.samples import publish_visit, send, visit

PHOTO = b"jpeg" * 100
ONE = visit("one", photo="p.jpg")


@pytest.fixture
def centre(node: Node) -> Node:
    publish_visit(node)
    add_peer(node, "hub")
    send(node, ONE)
    return node


def listed(node: Node, peer_id: str = "hub") -> list[Any]:
    with node.database.read() as session:
        return [(f.version, f.name, f.size) for f in awaited_files.iter_awaited(session, peer_id, 100)]


def test_announcing_again_changes_nothing(centre: Node) -> None:
    for _ in range(2):
        await_file(centre, "hub", ONE, "p.jpg", PHOTO)
    assert listed(centre) == [(sha256_hex(ONE), "p.jpg", 400)]
    assert (on_the_way(centre).files, on_the_way(centre).bytes) == (1, 400)


def test_what_the_version_has_already_is_not_awaited(centre: Node) -> None:
    send(centre, ONE, [("p.jpg", PHOTO)])
    await_file(centre, "hub", ONE, "p.jpg", PHOTO)
    assert listed(centre) == []


def test_two_peers_that_announce_one_file_are_both_asked_and_it_counts_once(centre: Node) -> None:
    add_peer(centre, "other")
    for peer_id in ("hub", "other"):
        await_file(centre, peer_id, ONE, "p.jpg", PHOTO)
    assert listed(centre, "hub") == listed(centre, "other") != []
    assert on_the_way(centre).files == 1


def test_files_are_listed_by_version_and_forms_come_first(centre: Node) -> None:
    send(centre, visit("two", photo="q.jpg"))
    await_file(centre, "hub", visit("two", photo="q.jpg"), "q.jpg", PHOTO)
    await_file(centre, "hub", ONE, "p.jpg", PHOTO)
    said = {"sha256": sha256_hex(b"list"), "size": 4, "type": "text/csv", "peer_id": "hub"}
    centre.write(lambda s: awaited_files.announce(s, owner=FORM, version_id=1, name="forums.csv", **said))
    assert [name for _, name, _ in listed(centre)] == ["forums.csv", "p.jpg", "q.jpg"]


def test_of_a_form_file_only_the_last_announcement_counts(centre: Node) -> None:
    for content in (b"old", b"newer"):
        said = {"sha256": sha256_hex(content), "size": len(content), "type": "text/csv", "peer_id": "hub"}
        centre.write(lambda s, said=said: awaited_files.announce(s, owner=FORM, version_id=1, name="a.csv", **said))
    assert [size for _, _, size in listed(centre)] == [5]


def test_what_was_wrong_three_times_is_left_until_it_is_announced_or_retried(centre: Node) -> None:
    await_file(centre, "hub", ONE, "p.jpg", PHOTO)
    sha256 = sha256_hex(PHOTO)
    for again in (lambda: await_file(centre, "hub", ONE, "p.jpg", PHOTO), lambda: centre.write(awaited_files.retry)):
        for count in range(1, MOST_WRONG + 1):
            assert listed(centre) != []
            assert centre.write(lambda s: awaited_files.count_wrong(s, "hub", sha256)) == count
        assert listed(centre) == []
        assert on_the_way(centre).given_up == 1
        with centre.database.read() as session:
            ((peer_id, file),) = awaited_files.iter_given_up(session)
        assert (peer_id, file.name) == ("hub", "p.jpg")
        again()


def test_nothing_is_awaited_for_a_version_that_is_deleted(centre: Node) -> None:
    """SQLite gives its row number to the next."""
    await_file(centre, "hub", ONE, "p.jpg", PHOTO)
    row_id = version_of(centre, sha256_hex(ONE))
    centre.write(lambda s: delete_versions(s, [row_id]))
    assert on_the_way(centre).files == 0


def test_what_a_tablet_brought_itself_is_awaited_no_longer(centre: Node) -> None:
    await_file(centre, "hub", ONE, "p.jpg", PHOTO)
    await_file(centre, "hub", ONE, "audit.csv", b"log")
    send(centre, ONE, [("p.jpg", PHOTO)])
    centre.write(awaited_files.forget_arrived)
    assert [name for _, name, _ in listed(centre)] == ["audit.csv"]


@pytest.mark.parametrize("said", [{"sha256": "../../node.key"}, {"sha256": "A" * 64}, {"size": -1}])
def test_what_is_no_id_of_a_file_is_never_awaited(centre: Node, said: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        await_file(centre, "hub", ONE, "p.jpg", PHOTO, **said)
    assert on_the_way(centre).files == 0

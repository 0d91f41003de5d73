"""A hub or a centre that was restored from an old back-up: nothing is lost or overwritten, and both are equal again."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sync_server.core.ids import sha256_hex
from sync_server.core.roles import PEER
from sync_server.node import Node
from sync_server.peer_errors import PeerStopped
from sync_server.replication import greeting
from sync_server.replication.local import LocalPeer
from sync_server.replication.peer import Limits
from sync_server.services.backup import back_up
from sync_server.services.digest_node import digest_for_peer
from sync_server.services.erase_submissions import erase_submission
from sync_server.services.review_submission import review_submission
from sync_server.services.verify_node import verify_node
from sync_server.store import projects
from tests.support.backups import PASSPHRASE, restored, with_settings
from tests.support.by_code import peer_at
from tests.support.paired_nodes import held, pair, sync
from tests.support.samples import publish_visit, send, visit


@pytest.fixture
def centre(node: Node) -> Node:
    publish_visit(node)
    return node


def both_are_equal(hub: Node, centre: Node) -> bool:
    with centre.database.read() as session:
        uid = projects.iter_homes(session)[0][1]
    theirs = digest_for_peer(centre, peer_at(centre, hub), uid)
    assert list(verify_node(hub)) == list(verify_node(centre)) == []
    return theirs == digest_for_peer(hub, peer_at(hub, centre), uid)


@contextmanager
def older(node: Node, backup: Path, tmp_path: Path) -> Iterator[Node]:
    with restored(backup, tmp_path / "restored") as again:
        yield again


def save(node: Node, folder: Path) -> Path:
    """Back a node up as an operator does; return the back-up."""
    folder.mkdir()
    return back_up(with_settings(node, backup_passphrase=PASSPHRASE), folder).path


def test_a_restored_hub_gets_back_what_it_had_sent_and_sends_what_it_had_not(
    hub: Node, centre: Node, tmp_path: Path
) -> None:
    pair(hub, centre)
    send(hub, visit("before", photo="a.jpg"), {"a.jpg": b"photo before"})
    sync(hub, centre)
    send(hub, visit("waiting"))
    backup = save(hub, tmp_path / "backups")
    send(hub, visit("after", photo="b.jpg"), {"b.jpg": b"photo after"})
    sync(hub, centre)
    review_submission(centre, None, "uuid:after", "approved", reason="seen")
    with older(hub, backup, tmp_path) as again:
        assert sha256_hex(visit("after")) not in held(again).versions
        assert sync(again, centre, rounds=2).is_quiet
        assert held(again) == held(centre)
        assert len(held(again).files) == 2
        assert both_are_equal(again, centre)
        send(again, visit("new"))
        assert sync(again, centre).is_quiet
        assert both_are_equal(again, centre)
    said = greeting.introduce(hub, peer_at(hub, centre))
    with pytest.raises(PeerStopped):
        LocalPeer(centre, hub.id).meet(said)  # the machine of before the restore, switched on again


def test_what_a_centre_passed_over_as_a_hubs_own_is_not_passed_over_when_the_hub_lost_it(
    hub: Node, centre: Node, tmp_path: Path
) -> None:
    pair(hub, centre, role=PEER)
    sync(hub, centre)
    backup = save(hub, tmp_path / "backups")
    for number in range(3):
        send(hub, visit(f"after {number}"))
    sync(hub, centre)
    with older(hub, backup, tmp_path) as again:
        assert sync(again, centre, rounds=2).is_quiet
        assert held(again) == held(centre)
        assert len(held(again).versions) == 3


def test_a_file_that_a_hub_announced_before_it_was_restored_is_not_put_to_what_it_had_to_fetch_again(
    hub: Node, centre: Node, tmp_path: Path
) -> None:
    """The same photo came with another submission: then the centre had it with both, and the hub with one."""
    pair(hub, centre, role=PEER)
    sync(hub, centre)
    backup = save(hub, tmp_path / "backups")
    send(hub, visit("after", photo="a.jpg"), {"a.jpg": b"the same"})
    take_records(hub, centre)
    with older(hub, backup, tmp_path) as again:
        sync(again, centre)
        send(again, visit("other", photo="b.jpg"), {"b.jpg": b"the same"})
        assert sync(again, centre, rounds=2).is_quiet
        assert held(again) == held(centre)
        assert len(held(again).versions) == 2


def take_records(hub: Node, centre: Node) -> None:
    """Bring what is new at the hub to the centre, but no files: the line breaks before."""
    there, here = LocalPeer(centre, hub.id), LocalPeer(hub, centre.id)
    met = there.meet(greeting.introduce(hub, peer_at(hub, centre)))
    here.meet(met)
    there.take(here.read_changes(met.taken_seq or 0, Limits()))


def test_a_restored_hub_does_not_bring_back_what_was_erased_meanwhile(hub: Node, centre: Node, tmp_path: Path) -> None:
    pair(hub, centre)
    send(hub, visit("one"))
    sync(hub, centre)
    backup = save(hub, tmp_path / "backups")
    erase_submission(centre, None, "uuid:one", reason="consent withdrawn")
    sync(hub, centre)
    with older(hub, backup, tmp_path) as again:
        sync(again, centre, rounds=2)
        assert held(again).versions == held(centre).versions == set()
        assert both_are_equal(again, centre)


def test_a_restored_centre_gets_back_what_its_hubs_have(hub: Node, tmp_path: Path) -> None:
    with Node.open(hub.settings.__class__(data=tmp_path / "centre", min_free_bytes=0)) as centre:
        publish_visit(centre)
        pair(hub, centre, role=PEER)
        send(centre, visit("at the centre", photo="a.jpg"), {"a.jpg": b"photo before"})
        sync(hub, centre)
        backup = save(centre, tmp_path / "backups")
        send(centre, visit("lost with the disk"))
        send(hub, visit("after", photo="b.jpg"), {"b.jpg": b"photo after"})
        send(hub, visit("edit", deprecates="at the centre"))
        sync(hub, centre)
        review_submission(centre, None, "uuid:after", "approved", reason="seen")
        sync(hub, centre)
        before = held(hub)
        assert before == held(centre)
    with older(centre, backup, tmp_path) as again:
        assert len(held(again).versions) == 1
        assert sync(hub, again, rounds=2).is_quiet
        assert held(hub) == before, "nothing of it was lost at the hub"
        assert held(again) == before
        assert both_are_equal(hub, again)


def test_both_are_restored_from_different_days(hub: Node, tmp_path: Path) -> None:
    with Node.open(hub.settings.__class__(data=tmp_path / "centre", min_free_bytes=0)) as centre:
        publish_visit(centre)
        pair(hub, centre, role=PEER)
        send(hub, visit("one"))
        sync(hub, centre)
        centres = save(centre, tmp_path / "centres")
        send(hub, visit("two"))
        sync(hub, centre)
        hubs = save(hub, tmp_path / "hubs")
        send(centre, visit("three"))
        sync(hub, centre)
    with older(centre, centres, tmp_path / "c") as old_centre, older(hub, hubs, tmp_path / "h") as old_hub:
        assert sync(old_hub, old_centre, rounds=2).is_quiet
        assert held(old_hub) == held(old_centre)
        assert len(held(old_centre).versions) == 2
        assert both_are_equal(old_hub, old_centre)

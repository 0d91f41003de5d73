"""Two machines with one identity: the second is stopped, whatever was lost or restored before; on both databases."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from sync_server.node import Node
from sync_server.peer_errors import PeerRevoked, PeerStopped
from sync_server.services.pair_nodes import revoke_peer
from sync_server.services.peer_tickets import check_ticket, keep_ticket, note_stopped
from sync_server.store import changes, nodes
from sync_server.store.peers import ACTIVE, HUB, STOPPED, add_peer, change_peer, get_peer
from tests.support.by_code import pair, peer_at

ID = "e" * 32
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@dataclass
class Machine:
    """A hub as far as tickets go. A copy of its folder is a `copy()`; a back-up restored has a new epoch."""

    centre: Node
    epoch: str
    ticket: str | None = None

    def greet(self) -> None:
        self.ticket = self.ask()

    def lose_answer(self) -> None:
        """Greet, and hear nothing: the line broke, or the machine was killed before it kept the ticket."""
        self.ask()

    def ask(self) -> str:
        answer = check_ticket(self.centre, ID, self.ticket, self.epoch)
        self.centre.write(lambda session: _note_epoch(session, self.epoch))
        return answer

    def copy(self) -> "Machine":
        return Machine(self.centre, self.epoch, self.ticket)

    def restore(self, backup: "Machine") -> None:
        self.epoch, self.ticket = uuid4().hex, backup.ticket


def _note_epoch(session, epoch: str) -> None:  # type: ignore[no-untyped-def]
    peer = get_peer(session, ID)
    if epoch not in peer.epochs:
        change_peer(session, ID, epochs=[*peer.epochs, epoch])


@pytest.fixture
def hub_machine(node: Node) -> Machine:
    node.write(lambda session: add_peer(session, id=ID, side=HUB, name="Sinjar", public_key=b"k" * 32, now=NOW))
    return Machine(node, uuid4().hex)


def restore_centre(node: Node, forget: Callable[[], dict[str, object]]) -> None:
    """Bring the centre back to what it knew before, under a new epoch of its feed, as `restore` does."""
    values = forget()
    node.write(
        lambda session: (change_peer(session, ID, **values), nodes.start_epoch(session, new_id=lambda: uuid4().hex))
    )


def known_of(node: Node) -> dict[str, object]:
    with node.database.read() as session:
        peer = get_peer(session, ID)
    return {"ticket": peer.ticket, "ticket_epoch": peer.ticket_epoch, "epochs": list(peer.epochs)}


def stopped(machine: Machine) -> bool:
    try:
        machine.greet()
    except PeerStopped:
        return True
    return False


def both_go_on(one: Machine, two: Machine, rounds: int = 3) -> bool:
    """Tell whether neither of two machines is stopped, greeting in turns."""
    return not any(stopped(machine) for _ in range(rounds) for machine in (one, two))


def test_a_machine_goes_on_for_ever(hub_machine: Machine) -> None:
    for _ in range(5):
        hub_machine.greet()


@pytest.mark.parametrize("greetings", [0, 1, 2])
@pytest.mark.parametrize("lost", [1, 2, 5])
def test_lost_answers_stop_nobody(hub_machine: Machine, greetings: int, lost: int) -> None:
    for _ in range(greetings):
        hub_machine.greet()
    for _ in range(lost):
        hub_machine.lose_answer()
    for _ in range(3):
        hub_machine.greet()


def test_a_request_that_comes_twice_stops_nobody(hub_machine: Machine) -> None:
    hub_machine.greet()
    late = hub_machine.copy()
    hub_machine.greet()
    late.lose_answer()  # the same bytes once more, answered to nobody
    hub_machine.greet()


@pytest.mark.parametrize("greetings", [0, 1, 3])
@pytest.mark.parametrize("is_copy_first", [True, False])
@pytest.mark.parametrize("lost", [0, 1])
def test_one_of_two_is_stopped_whoever_greets_first(
    hub_machine: Machine, greetings: int, is_copy_first: bool, lost: int
) -> None:
    for _ in range(greetings):
        hub_machine.greet()
    for _ in range(lost):
        hub_machine.lose_answer()
    copy = hub_machine.copy()
    first, second = (copy, hub_machine) if is_copy_first else (hub_machine, copy)
    first.greet()
    first.greet()
    assert stopped(second)
    assert stopped(second)
    assert not stopped(first)


@pytest.mark.parametrize("lost", [0, 1])
def test_two_that_greet_in_turns_do_not_both_go_on(hub_machine: Machine, lost: int) -> None:
    hub_machine.greet()
    copy = hub_machine.copy()
    for _ in range(lost):
        copy.lose_answer()
    assert not both_go_on(hub_machine, copy)
    assert not (stopped(hub_machine) and stopped(copy)), "one of them goes on"


def test_a_restored_machine_goes_on_and_the_one_it_replaces_does_not(hub_machine: Machine) -> None:
    hub_machine.greet()
    backup = hub_machine.copy()
    hub_machine.greet()
    hub_machine.greet()
    old = hub_machine.copy()
    hub_machine.restore(backup)
    hub_machine.lose_answer()
    hub_machine.greet()
    assert stopped(old)
    hub_machine.greet()


def test_of_two_restored_from_one_backup_the_later_goes_on(hub_machine: Machine) -> None:
    hub_machine.greet()
    backup, other = hub_machine.copy(), hub_machine.copy()
    hub_machine.restore(backup)
    other.restore(backup)
    hub_machine.greet()
    other.greet()
    assert stopped(hub_machine)
    other.greet()


@pytest.mark.parametrize("lost", [0, 2])
def test_a_restored_centre_lets_one_greeting_through(node: Node, hub_machine: Machine, lost: int) -> None:
    hub_machine.greet()
    before = known_of(node)
    for _ in range(3):
        hub_machine.greet()
    restore_centre(node, lambda: before)
    for _ in range(lost):
        hub_machine.lose_answer()
    hub_machine.greet()
    hub_machine.greet()
    assert stopped(Machine(node, hub_machine.epoch, "made up"))


def test_a_restored_centre_still_stops_one_of_two(node: Node, hub_machine: Machine) -> None:
    hub_machine.greet()
    before = known_of(node)
    copy = hub_machine.copy()
    hub_machine.greet()
    hub_machine.greet()
    restore_centre(node, lambda: before)
    assert not both_go_on(hub_machine, copy)


def test_both_are_restored_and_go_on(node: Node, hub_machine: Machine) -> None:
    hub_machine.greet()
    backup, before = hub_machine.copy(), known_of(node)
    for _ in range(2):
        hub_machine.greet()
    hub_machine.restore(backup)
    hub_machine.greet()
    restore_centre(node, lambda: before)
    for _ in range(3):
        hub_machine.greet()


@pytest.mark.parametrize(
    "ticket", [None, "", "x", "a.b", ".", "0" * 16 + "." + "0" * 32, "سنجار", "\ud800", "a" * 9_999]
)
def test_made_up_tickets_are_worth_nothing(hub_machine: Machine, ticket: str | None) -> None:
    hub_machine.greet()
    hub_machine.greet()
    assert stopped(Machine(hub_machine.centre, hub_machine.epoch, ticket))
    assert not stopped(hub_machine)


def test_a_ticket_of_another_peer_is_worth_nothing(node: Node, hub_machine: Machine, hub: Node) -> None:
    pair(node, hub)
    first = check_ticket(node, hub.id, None, "e")
    node.write(lambda session: change_peer(session, hub.id, epochs=["e"]))
    hub_machine.greet()
    assert stopped(Machine(node, hub_machine.epoch, first))


def test_a_copy_is_noted_and_logged_and_the_good_one_stays_active(
    node: Node, hub_machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    hub_machine.greet()
    copy = hub_machine.copy()
    hub_machine.greet()
    hub_machine.greet()
    with caplog.at_level(logging.WARNING):
        assert stopped(copy)
    assert f"copy stopped peer={ID}" in caplog.text
    with node.database.read() as session:
        peer = get_peer(session, ID)
    assert (peer.state, "a copy of this machine was stopped" in peer.state_reason) == (ACTIVE, True)


def test_a_revoked_peer_hears_that_and_not_that_it_is_a_copy(node: Node, hub_machine: Machine) -> None:
    hub_machine.greet()
    revoke_peer(node, None, "Sinjar")
    with pytest.raises(PeerRevoked):
        hub_machine.greet()


def test_a_hub_keeps_its_ticket_and_notes_that_it_was_stopped(node: Node, hub: Node) -> None:
    pair(hub, node)
    keep_ticket(node, hub.id, "t1")
    assert peer_at(node, hub).ticket == "t1"
    note_stopped(node, hub.id)
    assert (peer_at(node, hub).state, peer_at(node, hub).is_active) == (STOPPED, False)


def test_a_machine_that_was_stopped_begins_a_new_feed_when_it_is_paired_anew(node: Node, hub: Node) -> None:
    pair(node, hub)
    check_ticket(node, hub.id, None, "e")
    keep_ticket(hub, node.id, "t1")
    note_stopped(hub, node.id)
    with hub.database.read() as session:
        before = changes.epoch(session)
    revoke_peer(node, None, hub.id)
    pair(node, hub)
    with hub.database.read() as session:
        assert changes.epoch(session) != before
    assert (peer_at(hub, node).ticket, peer_at(node, hub).ticket, peer_at(hub, node).state) == (None, None, ACTIVE)

"""Two nodes that never see a network are paired by one way there and back of a stick; what is wrong with it is said."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine

from sync_server.core.pairing_file import AN_ANSWER, DAMAGED, NO_PAIRING, NOT_BY_CODE
from sync_server.core.roles import PEER
from sync_server.core.scope import Grant
from sync_server.errors import Problem
from sync_server.node import Node
from sync_server.peer_errors import NameTaken, PairingFileRefused, PairingFileUnwritable, PairingRefused
from sync_server.replication.bundle_make import make_bundle
from sync_server.replication.bundle_take import take_bundle
from sync_server.replication.pairing_by_stick import (
    accept_by_stick,
    admit_by_stick,
    ask_by_stick,
    beside,
    read_question,
)
from sync_server.services import consumers
from sync_server.services.accept_pairing import OTHER_MACHINE, USED, Paired
from sync_server.services.answer_pairing import USED as USED_THERE
from sync_server.services.pair_nodes import find_peer, list_peers, revoke_peer, set_peer_address
from sync_server.services.peer_offers import find_replaced, list_offers
from sync_server.store import assignments
from sync_server.store.peers import PeerNode
from tests.support.by_code import EVERYTHING
from tests.support.paired_nodes import held, open_node, sync
from tests.support.postgresql import PostgresqlServer
from tests.support.samples import publish, send, submission
from tests.support.stick import digest_folder


class Trip:
    """A hub, a centre, and the stick between them."""

    def __init__(self, hub: Node, centre: Node, folder: Path) -> None:
        self.hub, self.centre = hub, centre
        self.file = folder / "sinjar.pair"
        self.answer, self.bundle = beside(self.file, ".answer"), beside(self.file, ".bundle")
        folder.mkdir()

    def admit(self, code: str, name: str = "Sinjar", replaces: PeerNode | None = None) -> str:
        question = read_question(self.file, code)
        number = admit_by_stick(
            self.centre, None, self.file, code, question, name=name, scope=EVERYTHING, replaces=replaces
        )[1]
        make_bundle(self.centre, question.request.node, self.bundle)
        return number

    def accept(self, code: str) -> tuple[Paired, str]:
        return accept_by_stick(self.hub, None, self.file, code)


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def trip(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Trip]:
    with ExitStack() as stack:
        url = ""
        if request.param == "PostgreSQL":
            server: PostgresqlServer = request.getfixturevalue("postgresql")
            url = server.new_database()
            stack.callback(server.drop_database, url)
            (tmp_path / "centre").mkdir()
        hub = stack.enter_context(open_node(tmp_path / "hub"))
        centre = stack.enter_context(open_node(tmp_path / "centre", url))
        publish(centre, "1", {"/place": "string", "/photo": "binary"})
        yield Trip(hub, centre, tmp_path / "stick")


@pytest.fixture
def short(tmp_path: Path) -> Iterator[Trip]:
    with open_node(tmp_path / "hub") as hub, open_node(tmp_path / "centre") as centre:
        publish(centre, "1", {"/place": "string"})
        yield Trip(hub, centre, tmp_path / "stick")


def refusal(call: object, *problems: type[Problem]) -> str:
    with pytest.raises(problems or PairingFileRefused) as caught:
        call()  # type: ignore[operator]
    return str(caught.value.details["reason"])


def test_one_way_there_and_back_pairs_two_nodes_and_brings_the_first_bundle(trip: Trip) -> None:
    send(trip.centre, submission("uuid:c", "<place>c</place>"))
    code = ask_by_stick(trip.hub, None, trip.file)
    number = trip.admit(code)
    paired, same_number = trip.accept(code)
    assert (number, paired.peer.id, paired.peer.url) == (same_number, trip.centre.id, None)
    taken = take_bundle(trip.hub, trip.bundle)
    assert (taken.stored > 0, len(held(trip.hub).versions)) == (True, 1)
    send(trip.hub, submission("uuid:h", "<place>h</place>"))
    up = make_bundle(trip.hub, trip.centre.id, trip.file.with_name("up"))
    take_bundle(trip.centre, up.path)
    for node in (trip.hub, trip.centre):
        consumers.resolve_received(node)
    assert held(trip.hub) == held(trip.centre)
    assert len(held(trip.centre).versions) == 2


def test_both_keep_the_pairing_as_after_one_by_line_and_a_line_may_follow(short: Trip) -> None:
    code = ask_by_stick(short.hub, None, short.file)
    short.admit(code)
    short.accept(code)
    at_centre = find_peer(short.centre, None, "Sinjar")
    with short.centre.database.read() as session:
        assert assignments.find_grants(session, at_centre.actor_id) == (Grant(PEER, 1),)
    assert list_offers(short.centre, None) == []
    at_hub = find_peer(short.hub, None, short.centre.id)
    assert (at_hub.is_centre, at_hub.is_dialled) == (True, False)
    assert set_peer_address(short.hub, None, short.centre.id, "https://centre.example.org/").is_dialled
    assert sync(short.hub, short.centre).is_quiet


def test_who_finds_the_stick_reads_nothing_of_it(short: Trip) -> None:
    code = ask_by_stick(short.hub, None, short.file)
    short.admit(code)
    for path in (short.file, short.answer):
        content = path.read_bytes()
        for word in ("Sinjar", "Community", short.hub.id, short.centre.id, code[5:], "proof"):
            assert word.encode() not in content


def test_another_code_is_told_from_a_damaged_file_and_changes_nothing(short: Trip) -> None:
    code = ask_by_stick(short.hub, None, short.file)
    before = digest_folder(short.centre)
    mistyped = code[:-1] + ("a" if code[-1] != "a" else "b")
    assert refusal(lambda: read_question(short.file, mistyped)) == NOT_BY_CODE
    assert "another code, which begins with " + code[:4] in refusal(
        lambda: read_question(short.file, "zzzz-8f4j-x2pd-wq7c-n5ra")
    )
    assert "five groups" in refusal(lambda: read_question(short.file, "ks3m"), PairingRefused)
    assert digest_folder(short.centre) == before


def test_no_changed_byte_of_a_question_or_an_answer_is_taken(short: Trip) -> None:
    code = ask_by_stick(short.hub, None, short.file)
    short.admit(code)
    before = digest_folder(short.hub), digest_folder(short.centre)
    takes = ((short.file, lambda: read_question(short.file, code)), (short.answer, lambda: short.accept(code)))
    for path, take in takes:
        whole = path.read_bytes()
        for position in range(0, len(whole) - 1, 7):
            path.write_bytes(whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :])
            refusal(take)
        path.write_bytes(whole[: len(whole) // 2])
        assert refusal(take) == NO_PAIRING
        path.write_bytes(whole)
    assert (digest_folder(short.hub), digest_folder(short.centre)) == before
    short.accept(code)


def test_one_who_has_the_stick_but_not_the_code_cannot_put_another_key_in(short: Trip, tmp_path: Path) -> None:
    code = ask_by_stick(short.hub, None, short.file)
    with open_node(tmp_path / "thief") as thief:
        other = ask_by_stick(thief, None, short.file)
        forged = json.loads(short.file.read_bytes())
        forged["code"] = code[:4]  # the first group is in clear
        short.file.write_text(json.dumps(forged), "utf-8")
        assert refusal(lambda: read_question(short.file, code)) == DAMAGED
        assert other[:4] != code[:4] or other == code
    assert list_peers(short.centre, None) == []


def test_an_answer_to_another_machine_is_refused(short: Trip, tmp_path: Path) -> None:
    code = ask_by_stick(short.hub, None, short.file)
    short.admit(code)
    with open_node(tmp_path / "other") as other:
        before = digest_folder(other)
        assert refusal(lambda: accept_by_stick(other, None, short.file, code), PairingRefused) == OTHER_MACHINE
        assert digest_folder(other) == before


def test_a_question_does_not_pass_for_an_answer(short: Trip) -> None:
    code = ask_by_stick(short.hub, None, short.file)
    short.answer.write_bytes(short.file.read_bytes())
    assert "pair admit" in refusal(lambda: short.accept(code))
    short.answer.unlink()
    assert "No such file" in refusal(lambda: short.accept(code))
    short.admit(code)
    short.file.write_bytes(short.answer.read_bytes())
    assert refusal(lambda: read_question(short.file, code)) == AN_ANSWER


def test_a_question_grows_old(short: Trip) -> None:
    with time_machine.travel(datetime.now(UTC) - timedelta(days=61), tick=True):
        code = ask_by_stick(short.hub, None, short.file)
    assert "by the clock of the hub, and is good for 60 days" in refusal(lambda: read_question(short.file, code))


def test_a_question_is_answered_again_when_the_answer_was_lost_and_nothing_changes(short: Trip) -> None:
    code = ask_by_stick(short.hub, None, short.file)
    first = short.admit(code)
    short.answer.unlink()
    paired_at = find_peer(short.centre, None, "Sinjar").paired_at
    assert short.admit(code, name="another") == first
    assert find_peer(short.centre, None, "Sinjar").paired_at == paired_at
    short.accept(code)
    take_bundle(short.hub, short.bundle)
    before = find_peer(short.hub, None, short.centre.id)
    assert short.accept(code)[0].projects == ()  # accepted twice: nothing begins anew
    assert find_peer(short.hub, None, short.centre.id) == before


def test_an_old_pairing_does_not_come_back_by_its_files(short: Trip) -> None:
    code = ask_by_stick(short.hub, None, short.file)
    short.admit(code)
    short.accept(code)
    revoke_peer(short.hub, None, short.centre.id)
    assert refusal(lambda: short.accept(code), PairingRefused) == USED
    revoke_peer(short.centre, None, "Sinjar")
    assert refusal(lambda: short.admit(code), PairingRefused) == USED_THERE
    code = ask_by_stick(short.hub, None, short.file)
    short.admit(code)
    assert short.accept(code)[0].peer.is_active


def test_a_name_that_is_taken_is_refused_and_a_machine_may_take_anothers_place(short: Trip, tmp_path: Path) -> None:
    code = ask_by_stick(short.hub, None, short.file)
    short.admit(code)
    with open_node(tmp_path / "new") as new:
        code = ask_by_stick(new, None, short.file)
        with pytest.raises(NameTaken):
            short.admit(code)
        old, _scope = find_replaced(short.centre, None, "Sinjar")
        short.admit(code, replaces=old)
        assert find_peer(short.centre, None, "Sinjar").id == new.id
        assert not find_peer(short.centre, None, short.hub.id).is_active
        accept_by_stick(new, None, short.file, code)
        assert take_bundle(new, short.bundle).name


def test_a_file_of_somebody_else_is_not_overwritten(short: Trip) -> None:
    short.file.write_text("a letter", "utf-8")
    refused = refusal(lambda: ask_by_stick(short.hub, None, short.file), PairingFileUnwritable)
    assert refused == "another file has this name already"
    assert short.file.read_text("utf-8") == "a letter"
    away = short.file.parent / "away" / "x"
    assert "No such file" in refusal(lambda: ask_by_stick(short.hub, None, away), PairingFileUnwritable)

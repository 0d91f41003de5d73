"""A hub with a valid key that decides about entities and lists which are not for it, or in ways that mean nothing."""

from typing import Any

import pytest

from sync_server.core.decision_seal import hash_words
from sync_server.core.ids import sha256_hex
from sync_server.core.replication_items import DecisionItem, WithdrawalItem
from sync_server.core.roles import PEER
from sync_server.node import Node
from sync_server.replication.peer import Limits
from sync_server.services import consumers
from sync_server.services.verify_node import verify_node
from tests.replication.test_decided_entities import NORTH, change, forum, shown, states
from tests.replication.test_decided_entities import centre as centre
from tests.support.liar import NOON, Liar, somebody
from tests.support.paired_nodes import pair
from tests.support.wells import WELL

VALUES = '{"label":"Forged","adm2":"NORTH"}'


@pytest.fixture
def liar(centre: Node, hub: Node) -> Liar:
    pair(hub, centre, role=PEER, rows=NORTH.rows)
    return Liar(hub, centre)


def decision(liar: Liar, subject: str, act: str = "update", values: Any = VALUES, **changes: Any) -> DecisionItem:
    words = {"reason": "", "body": {} if values is None else {"values": values}}
    said = {"form_id": "forums", "body": {"act": act}, "words": words, **changes}
    said["words_sha256"] = hash_words(said["words"], b"salt")
    return liar.decision("entity", subject, **said)


def test_decides_about_an_entity_outside_its_rows(liar: Liar) -> None:
    foreign, own = forum(liar.centre, "Secret", "SOUTH"), forum(liar.centre, "Known", "NORTH")
    before = states(liar.centre)
    assert liar.refused(decision(liar, foreign), decision(liar, foreign, "delete", None)) == ["beyond_scope"] * 2
    assert states(liar.centre) == before
    assert liar.refused(decision(liar, own)) == []
    assert shown(liar.centre, "forums")[own].label == "Forged"


def test_asks_for_decisions_about_entities_outside_its_rows(liar: Liar) -> None:
    foreign = forum(liar.centre, "Secret", "SOUTH")
    forum(liar.centre, "Known", "NORTH")
    liar.offer()
    names = [f"decision:{id}" for id in shown(liar.centre, "forums")[foreign].state["events"]]
    head = liar.end.read_changes(0, Limits())
    assert "Known" in repr([item.words for item in head.items if isinstance(item, DecisionItem)])
    got = liar.end.read_items(names, head).items
    assert "Secret" not in repr([item.words for item in got if isinstance(item, DecisionItem)])


def test_decides_about_lists_or_erases_entities(liar: Liar) -> None:
    id = forum(liar.centre, "Known", "NORTH")
    made = liar.decision("list", "forums", form_id="forums", body={"act": "delete"})
    erased = liar.erasure(id)
    erased = liar.decision("erasure", id, form_id="\x1fforums", body=erased.body)
    order = WithdrawalItem(project=liar.project, id="w", form_id="\x1fforums", root_id=id, versions=(), receipts=())
    assert liar.refused(made, erased, order) == ["not_from_a_hub"] * 3
    assert shown(liar.centre, "forums")[id].label == "Known"


@pytest.mark.parametrize(
    "changes",
    [
        {"body": {"act": "explode"}},
        {"body": {}},
        {"body": {"act": "create", "label": "beside the words"}},
        {"words": {"reason": "", "body": {"values": 7}}},
        {"subject": "no uuid"},
        {"subject": WELL.upper()},
        {"form_id": "no.list"},
        {"form_id": "\x1fforums"},
        {"parents": tuple(f"{n:032x}" for n in range(10_001))},
    ],
)
def test_says_what_no_decision_about_an_entity_says(liar: Liar, changes: dict[str, Any]) -> None:
    said = {"subject": WELL, **changes}
    assert liar.refused(decision(liar, act="create", **said)) == ["unreadable"]
    assert not shown(liar.centre, "forums")


@pytest.mark.parametrize(
    "values", ["no JSON", "[]", "7", '{"label": 7}', "[" * 5000, r'{"label": "\u0000"}', r'{"\ud800": ""}']
)
def test_says_values_that_are_none_and_they_say_nothing(liar: Liar, values: str) -> None:
    assert liar.refused(decision(liar, WELL, "create", values)) == []
    assert shown(liar.centre, "forums")[WELL].data == {}
    assert list(verify_node(liar.centre)) == []


def test_forges_an_author_a_signature_or_what_another_hub_decided(liar: Liar) -> None:
    theirs = decision(liar, WELL, id="a" * 32, author=somebody(uid="u", node="another"))
    changed = decision(liar, WELL, id="b" * 32)
    changed = type(changed)(**{**{n: getattr(changed, n) for n in changed.__slots__}, "body": {"act": "delete"}})
    another = decision(liar, WELL, id="c" * 32, node="0" * 32)
    assert liar.refused(theirs, changed, another) == ["forged_author", "bad_signature", "unknown_node"]
    assert not shown(liar.centre, "forums")


def test_decisions_that_saw_each_other_or_what_nobody_has_come_to_an_end(liar: Liar) -> None:
    one = decision(liar, WELL, "create", id="a" * 32, parents=("b" * 32,))
    two = decision(liar, WELL, "update", id="b" * 32, parents=("a" * 32, sha256_hex(b"nothing")))
    assert liar.refused(one, two) == []
    made = shown(liar.centre, "forums")[WELL]
    assert (made.is_waiting, made.label) == (True, "Forged")


def test_decides_about_its_own_and_loses_it_when_it_is_moved_away(liar: Liar) -> None:
    assert liar.refused(decision(liar, WELL, "create", decided_at=NOON)) == []
    change(liar.centre, WELL, adm2="SOUTH", label="Moved")
    consumers.fold_received(liar.centre)
    liar.offer()
    words = [item.words for item in liar.end.read_changes(0, Limits()).items if isinstance(item, DecisionItem)]
    assert "Moved" in repr(words), "it was registered there"

"""One test for each row of "Refusals" (docs/replication.md): the item is refused by its word, all else is taken."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sync_server.core.ids import sha256_hex
from sync_server.core.replication_items import AccountItem, FormItem, NodeItem, ProjectItem
from sync_server.node import Node
from sync_server.services import consumers
from sync_server.services.erase_submissions import erase_submission
from sync_server.store.actor_uids import ensure_actor
from tests.support.liar import NOON, Liar, somebody
from tests.support.paired_nodes import held, open_node, pair
from tests.support.samples import publish_visit, send, visit

MINE, THEIRS = visit("mine"), visit("theirs")


@pytest.fixture
def liar(node: Node, hub: Node) -> Liar:
    """A hub that has only what it receives, at a centre where one submission is not its own."""
    publish_visit(node)
    pair(hub, node)
    send(node, THEIRS)
    return Liar(hub, node)


@pytest.fixture
def third(tmp_path: Path, liar: Liar) -> Iterator[Node]:
    """Another hub of the same centre."""
    with open_node(tmp_path / "third") as node:
        pair(node, liar.centre, name="third")
        yield node


def mine(liar: Liar) -> list[object]:
    return [liar.submission(MINE), liar.receipt(MINE)]


def test_beyond_scope_of_a_form_it_does_not_have(node: Node, hub: Node) -> None:
    publish_visit(node)
    pair(hub, node, form_id="visit")
    liar = Liar(hub, node)
    other = visit("other", form="another")
    assert set(liar.refused(*mine(liar), liar.submission(other), liar.receipt(other))) == {"beyond_scope"}  # type: ignore[arg-type]
    assert held(node).versions == {sha256_hex(MINE)}


def test_unknown_project(liar: Liar) -> None:
    assert liar.refused(replace(liar.submission(MINE), project="nowhere")) == ["unknown_project"]


def test_unknown_version_of_a_receipt_a_file_and_a_decision(liar: Liar) -> None:
    nowhere = visit("nowhere")
    said = (liar.receipt(nowhere), liar.file(nowhere, b"photo"), liar.decision("review", "uuid:nowhere"))
    assert liar.refused(*said) == ["unknown_version"] * 3
    assert held(liar.centre).decisions == set()


def test_unknown_node(liar: Liar, tmp_path: Path) -> None:
    with open_node(tmp_path / "stranger") as stranger:
        assert liar.refused(*mine(liar), liar.decision("review", "uuid:mine", by=stranger)) == ["unknown_node"]  # type: ignore[arg-type]


def test_bad_signature_of_another_nodes_decision_and_of_changed_words(liar: Liar, third: Node) -> None:
    forged = replace(liar.decision("review", "uuid:mine"), node=third.id)
    changed = replace(liar.decision("review", "uuid:mine"), words={"reason": "other", "body": {}})
    again = replace(liar.decision("review", "uuid:mine"), body={"state": "approved"})
    assert liar.refused(*mine(liar), forged, changed, again) == ["bad_signature"] * 3  # type: ignore[arg-type]
    assert held(liar.centre).decisions == set()


def test_forged_author_of_the_centre_without_a_role_and_of_another_hub(liar: Liar, third: Node) -> None:
    liar.centre.write(lambda s: ensure_actor(s, somebody("third's", third.id), now=NOON))
    forged = [
        liar.decision("review", "uuid:mine", author=somebody("third's", third.id)),
        liar.decision("review", "uuid:mine", author=somebody("nobody knows", liar.centre.id)),
        liar.decision("review", "uuid:mine", author=somebody("no person", liar.hub.id, "peer")),
    ]
    assert liar.refused(*mine(liar), *forged) == ["forged_author"] * 3  # type: ignore[arg-type]
    assert held(liar.centre).decisions == set()


def test_not_from_a_hub(liar: Liar) -> None:
    p = liar.project
    items = (
        NodeItem(id="evil", node_name="Evil", public_key=b"k" * 32),
        ProjectItem(project=p, title="Mine now", description=None, is_archived=True),
        AccountItem(
            project=p, who=somebody("mallory", liar.hub.id), email="m@example.org", password_hash="x",
            grants=({"role": "manager", "form_id": None, "rows": None, "level": "severe"},),
        ),
        FormItem(project=p, form_id="visit", state="closed", created_at=NOON, current="ab" * 32),
        liar.decision("form_state", "visit", body={"state": "closed"}),
        liar.decision("retention", "visit", body={"age": "1d"}),
    )  # fmt: skip
    assert liar.refused(*items) == ["not_from_a_hub"] * 6


def test_not_what_it_says(liar: Liar) -> None:
    claimed = liar.submission(MINE, erased_sha256="ab" * 32)
    file = liar.file(MINE, b"photo", version="", sha256="no hash")
    assert liar.refused(claimed) == ["not_what_it_says"]
    assert (
        liar.refused(*mine(liar), file, replace(file, size=-1, file_name="b"), replace(file, size=2**60, file_name="c"))
        == [  # type: ignore[arg-type]
            "not_what_it_says"
        ]
        * 3
    )


@pytest.mark.parametrize("xml", [b"no XML", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", b"", b"<a>" * 1000])
def test_unreadable_xml(liar: Liar, xml: bytes) -> None:
    assert liar.refused(liar.submission(xml), *mine(liar)) == ["unreadable"]  # type: ignore[arg-type]


def test_unreadable_is_what_no_database_takes_and_the_rest_is_taken(liar: Liar) -> None:
    receipt = liar.receipt(MINE)
    bad = (
        replace(receipt, id="nul", door="te\0st"),
        replace(receipt, id="long" * 1000),
        replace(receipt, id="half", device_id="\ud800"),
        replace(receipt, id="early", received_at=NOON.replace(year=1)),
        replace(receipt, id="late", received_at=NOON.replace(year=9999)),
        replace(receipt, id="n\0"),
        replace(receipt, id="peer", actor=somebody("x", liar.hub.id, "strange kind")),
        liar.file(MINE, b"photo", file_name="a\0.jpg"),
        liar.file(MINE, b"photo", size=2**64),
        liar.decision("review", "uuid:mine", parents=("x" * 300,)),
        liar.decision("review", "uuid:mine\0"),
    )
    assert liar.refused(*mine(liar), *bad) == ["unreadable"] * len(bad)  # type: ignore[arg-type]
    consumers.catch_up(liar.centre)
    assert (held(liar.centre).versions, len(held(liar.centre).receipts)) == ({sha256_hex(MINE), sha256_hex(THEIRS)}, 2)


def test_unreadable_decisions_that_do_not_say_what_their_kind_says(liar: Liar) -> None:
    deep: dict[str, object] = {"state": "rejected"}
    for _ in range(200):
        deep = {"state": "rejected", "more": deep}
    bad = (
        liar.decision("review", "uuid:mine", body={"state": "splendid"}),
        liar.decision("review", "uuid:mine", body=deep),
        liar.decision("review", "uuid:mine", parents=tuple(map(str, range(20_000)))),
        liar.decision("review", "uuid:mine", words={"reason": ["a"]}),
        liar.decision("choose", "uuid:mine", body={"version": ["a", "b"]}),
        liar.decision("comment", "uuid:mine", words={"reason": "", "body": {"text": 7}}),
        liar.decision("erasure", "uuid:mine", body={"scope": "whole"}),
        liar.erasure("uuid:mine", scope="person", identity={"salt": "no hex", "hashes": []}),
    )
    assert liar.refused(*mine(liar), *bad) == ["unreadable"] * len(bad)  # type: ignore[arg-type]
    consumers.catch_up(liar.centre)
    assert held(liar.centre).states.keys() == {"uuid:mine", "uuid:theirs"}


def test_erased(liar: Liar) -> None:
    liar.offer(*mine(liar))  # type: ignore[arg-type]
    consumers.resolve_received(liar.centre)
    erase_submission(liar.centre, None, "uuid:mine", reason="consent withdrawn")
    edit = visit("edit", deprecates="mine")
    assert liar.refused(*mine(liar), liar.submission(edit), liar.receipt(edit)) == ["erased", "erased"]  # type: ignore[arg-type]
    assert held(liar.centre).versions == {sha256_hex(THEIRS)}

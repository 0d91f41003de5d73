"""A person is taken out of everything received, and of what is received later; everybody else stays."""

import pytest

from sync_server.core.ids import sha256_hex
from sync_server.core.person_identity import ENTITY, PHONE
from sync_server.errors import NobodyNamed, NotFound
from sync_server.node import Node
from sync_server.services import consumers, users
from sync_server.services.digest_node import digest_node
from sync_server.services.erase_person import erase_person, plan_person
from sync_server.services.list_erasures import get_erasure
from sync_server.services.verify_node import verify_node
from sync_server.store.submissions import iter_versions
from tests.support.attendance import (
    OMAR,
    OMARS_PHONE,
    SARA,
    SARAS_PHONE,
    attendance,
    publish_attendance,
    row,
)
from tests.support.samples import send
from tests.support.traces import find_traces

PHONE_WRITTEN = "+964 770 123 4567"
ID = "3f0c9a52-8b1e-4c39-9d53-0d5a3d2f9c11"
PHOTO, NEIGHBOUR, AUDIT = b"her face" * 5000, b"his face" * 5000, b"event,old-value\nquestion,Sara at home\n" * 300
BOTH = (row(OMAR, OMARS_PHONE, "o.jpg"), row(SARA, SARAS_PHONE, "s.jpg", ID))
FILES = [("s.jpg", PHOTO), ("o.jpg", NEIGHBOUR), ("audit.csv", AUDIT)]
HERS = (SARA, SARAS_PHONE, ID, PHOTO.decode(), "Sara at home")


@pytest.fixture(autouse=True)
def _filled(node: Node) -> None:
    publish_attendance(node)
    send(node, attendance("one", *BOTH, names=f"{OMAR}، {SARA}"), FILES)
    send(node, attendance("two", *BOTH, place="Bashiqa", edits="one"), FILES)
    send(node, attendance("three", BOTH[0]))
    consumers.catch_up(node)


def erase(node: Node) -> str:
    made = erase_person(node, None, PHONE, PHONE_WRITTEN, reason="consent withdrawn")
    assert made is not None
    return made


def documents(node: Node) -> dict[str, str]:
    with node.database.read() as session:
        return {str(version.instance_id): version.xml.decode() for version in iter_versions(session, 0)}


def test_a_plan_counts_and_changes_nothing(node: Node) -> None:
    before = documents(node)
    plan = plan_person(node, None, PHONE, PHONE_WRITTEN)
    (found,) = plan.found
    assert (found.subject.root_id, found.is_whole, found.rows, plan.people) == ("uuid:one", False, 1, 1)
    assert documents(node) == before


def test_no_byte_of_the_person_is_left_and_the_neighbour_stays(node: Node) -> None:
    erase(node)
    assert find_traces(node.settings.data, *HERS) == []
    left = documents(node)
    assert all(OMAR in left[name] and OMARS_PHONE in left[name] for name in ("uuid:one", "uuid:two", "uuid:three"))
    assert left["uuid:one"].count("<person>") == 2
    assert node.blobs.size(sha256_hex(NEIGHBOUR)) == len(NEIGHBOUR)  # type: ignore[arg-type]
    assert list(verify_node(node)) == []


def test_a_receipt_of_a_person_has_ids_and_counts_only(node: Node) -> None:
    receipt = get_erasure(node, None, erase(node))
    (subject,) = receipt.subjects
    assert (subject.scope, subject.versions, subject.rows, subject.files) == ("person", 2, 2, 2)
    told = str(receipt.to_json())
    assert not any(mark in told for mark in (*HERS, "7701234567"))


def test_what_is_sent_again_is_taken_in_without_the_person(node: Node) -> None:
    erase(node)
    again = send(node, attendance("one", *BOTH, names=f"{OMAR}، {SARA}"), FILES)
    assert again.is_redacted
    assert not again.is_new
    edited = send(node, attendance("four", *BOTH, place="Telkaif", edits="two"), FILES)
    assert edited.is_redacted
    assert edited.is_new
    assert find_traces(node.settings.data, *HERS) == []
    assert "Telkaif" in documents(node)["uuid:four"]
    assert OMAR in documents(node)["uuid:four"]
    assert list(verify_node(node)) == []


def test_a_row_that_lost_its_phone_is_known_by_its_entity(node: Node) -> None:
    erase(node)
    send(node, attendance("four", BOTH[0], row(SARA, "", "s.jpg", ID), edits="two"))
    assert find_traces(node.settings.data, SARA, ID) == []


def test_an_edit_that_came_before_its_original_is_found_when_that_comes(node: Node) -> None:
    send(node, attendance("five", *BOTH, edits="four"))
    made = erase_person(node, None, PHONE, PHONE_WRITTEN, reason="consent withdrawn")
    assert made is not None
    send(node, attendance("seven", *BOTH, edits="six"))
    send(node, attendance("six", *BOTH, edits="five"))
    assert find_traces(node.settings.data, *HERS) == []
    assert list(verify_node(node)) == []


def test_another_submission_about_the_person_later_is_a_new_consent(node: Node) -> None:
    erase(node)
    assert not send(node, attendance("new", *BOTH)).is_redacted
    assert SARA in documents(node)["uuid:new"]


def test_what_is_theirs_alone_goes_whole_or_keeps_its_rest(node: Node) -> None:
    send(node, attendance("hers", place="07701234567", names="a concern"))
    plan = plan_person(node, None, PHONE, PHONE_WRITTEN)
    assert [found.is_whole for found in plan.found] == [True, False]
    erase(node)
    assert "uuid:hers" not in documents(node)
    assert send(node, attendance("hers", place="07701234567", names="a concern")).is_erased


def test_the_rest_can_be_kept(node: Node) -> None:
    send(node, attendance("hers", place="07701234567", names="a concern"))
    erase_person(node, None, PHONE, PHONE_WRITTEN, reason="consent withdrawn", keep_rest=True)
    left = documents(node)["uuid:hers"]
    assert "a concern" in left
    assert "07701234567" not in left


def test_a_person_is_found_by_entity_id(node: Node) -> None:
    assert erase_person(node, None, ENTITY, ID.upper(), reason="consent withdrawn") is not None
    assert find_traces(node.settings.data, *HERS) == []


def test_two_persons_are_erased_one_after_the_other(node: Node) -> None:
    erase(node)
    assert erase_person(node, None, PHONE, OMARS_PHONE, reason="consent withdrawn") is not None
    send(node, attendance("four", *BOTH, edits="two"), FILES)
    assert find_traces(node.settings.data, *HERS, OMAR, OMARS_PHONE, NEIGHBOUR.decode()) == []
    assert list(verify_node(node)) == []


def test_nobody_found_leaves_no_decision(node: Node) -> None:
    before = digest_node(node)
    assert erase_person(node, None, PHONE, "07500000000", reason="consent withdrawn") is None
    assert digest_node(node) == before


def test_only_an_administrator_erases_a_person_and_the_value_must_be_one(node: Node) -> None:
    bob = users.add_user(node, None, "bob@example.org", "long enough a password")
    with pytest.raises(NotFound):
        plan_person(node, bob, PHONE, PHONE_WRITTEN)
    with pytest.raises(NobodyNamed):
        plan_person(node, None, PHONE, "Sara")


def test_a_row_whose_phone_was_corrected_by_an_edit_goes_from_the_original_too(node: Node) -> None:
    wrong = "07700000000"
    send(node, attendance("typo", BOTH[0], row(SARA, wrong, "t.jpg")), [("t.jpg", b"the first face" * 5000)])
    send(node, attendance("corrected", BOTH[0], row(SARA, SARAS_PHONE, "t.jpg"), edits="typo"))
    erase(node)
    assert find_traces(node.settings.data, *HERS, wrong, "the first face") == []
    assert OMAR in documents(node)["uuid:typo"]

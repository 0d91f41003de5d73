"""Whatever waits for a person is listed with its reason in plain words and with what to do."""

import pytest
from sqlalchemy.orm import Session

from sync_server.errors import InsufficientRights, UnreadableXml
from sync_server.node import Node
from sync_server.services import users
from sync_server.services.list_quarantine import WaitingReason, list_quarantine
from sync_server.store import checkpoints, forms
from tests.support.samples import QUESTIONS, publish, send, submission


def listed(node: Node) -> list[WaitingReason]:
    return list(list_quarantine(node, None))


def test_nothing_waits_when_all_is_well(node: Node) -> None:
    publish(node)
    send(node, submission("uuid:1"))
    assert listed(node) == []


def test_held_submissions_are_listed_with_the_command_that_lets_them_in(node: Node) -> None:
    publish(node)
    send(node, submission("uuid:1"), minutes=2, is_revoked=True)
    node.write(lambda session: forms.set_state(session, 1, "visit", forms.CLOSED))
    send(node, submission("uuid:2"), minutes=1)
    closed, revoked = listed(node)
    assert (closed.instance_id, closed.reason) == ("uuid:2", "It came when the form was closed.")
    assert (revoked.instance_id, revoked.reason) == ("uuid:1", "It came from a tablet whose access was ended.")
    assert "quarantine accept uuid:1" in revoked.advice


def test_held_edit_of_an_admitted_submission_is_told_apart(node: Node) -> None:
    publish(node)
    send(node, submission("uuid:1"))
    send(node, submission("uuid:2", edits="uuid:1"), is_revoked=True)
    (waiting,) = listed(node)
    assert waiting.instance_id == "uuid:1"
    assert waiting.reason.startswith("A further version of it came")


def test_unknown_form_and_unknown_version_are_named(node: Node) -> None:
    publish(node)
    send(node, submission("uuid:1", version="7"), minutes=1)
    send(node, submission("uuid:2", form_id="stray"), minutes=2)
    assert [waiting.reason for waiting in listed(node)] == [
        "It was made with version '7' of the form, which was not published here.",
        "No form 'stray' was published here.",
    ]


def test_values_that_do_not_fit_are_named_by_path_and_never_shown(node: Node) -> None:
    publish(node, "1", {**QUESTIONS, "/age": "int"})
    send(node, submission("uuid:1", "<age>secret</age>"))
    (waiting,) = listed(node)
    assert waiting.reason == "Answers do not fit their questions: /age."
    assert "secret" not in f"{waiting}"


def test_variants_are_listed_with_the_versions_to_choose_from(node: Node) -> None:
    publish(node)
    versions = [send(node, submission("uuid:1", f"<place>{place}</place>")).version for place in "AB"]
    (waiting,) = listed(node)
    assert "Different answers" in waiting.reason
    assert all(version[:12] in waiting.advice for version in versions)


def test_conflicting_edits_are_listed_with_the_field(node: Node) -> None:
    publish(node)
    send(node, submission("uuid:a", "<place>0</place>"))
    for name in "bc":
        send(node, submission(f"uuid:{name}", f"<place>{name}</place>", edits="uuid:a"))
    (waiting,) = listed(node)
    assert waiting.reason == "Two edits changed /place differently; the export shows the first named."


def test_edit_whose_original_is_missing_is_listed(node: Node) -> None:
    publish(node)
    send(node, submission("uuid:b", edits="uuid:a"))
    assert [waiting.reason for waiting in listed(node)] == ["An edit came, but not its original, uuid:a."]


def test_files_that_disagree_and_missing_instance_ids_are_listed(node: Node) -> None:
    publish(node)
    xml = submission("uuid:1", "<photo>p.jpg</photo>")
    send(node, xml, files={"p.jpg": b"1"}, minutes=1)
    send(node, xml, files={"p.jpg": b"2"}, minutes=1)
    send(node, b'<data id="visit" version="1"/>', minutes=2)
    assert [waiting.reason for waiting in listed(node)] == [
        "Different files came under the name p.jpg; the export has one of them.",
        "It has no instanceID, so an edit of it could not be recognised.",
    ]


def test_unreadable_upload_is_listed_for_rescue(node: Node) -> None:
    with pytest.raises(UnreadableXml):
        send(node, b"<data><broken", device_id="collect:7")
    (waiting,) = listed(node)
    assert waiting.reason.startswith("It is not readable XML:")
    assert "collect:7" in waiting.advice


def test_change_that_failed_is_listed(node: Node) -> None:
    def park(session: Session) -> None:
        checkpoints.park_change(session, "resolve", 7, "ValueError: odd")

    node.write(park)
    (waiting,) = listed(node)
    assert (waiting.instance_id, waiting.received_at) == ("change 7", None)


def test_only_administrators_see_it(hub: Node) -> None:
    bob = users.add_user(hub, None, "bob@example.org", "long enough a password")
    with pytest.raises(InsufficientRights):
        list(list_quarantine(hub, bob))

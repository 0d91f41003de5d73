"""What a tablet's own page counts, on both databases."""

import pytest
from sqlalchemy import insert, select

from sync_server.account_errors import UnknownToken
from sync_server.node import Node
from sync_server.services import devices
from sync_server.services.device_summary import summarise
from sync_server.store import changes, peer_rounds
from sync_server.store.tables import awaited_files, projects, submission_versions
from tests.support.peers_seen import QUIET, pair_with
from tests.support.samples import publish, publish_visit, send, submission, visit

PHOTO = b"\xff\xd8\xff a photo"


def test_a_tablets_submissions_are_counted_by_form_and_edits_belong_to_what_they_edit(node: Node) -> None:
    publish_visit(node)
    publish(node, form_id="other")
    device, token = devices.add_device(node, None, "Tablet of Sara", 1)
    for instance, edits in (("one", ""), ("edit", "one"), ("again", "edit"), ("late", "never came")):
        send(node, visit(instance, deprecates=edits), actor_id=device.id)
    send(node, submission("uuid:o", form_id="other"), actor_id=device.id, minutes=7)
    send(node, visit("of another"))
    summary = summarise(node, token)
    assert [(form.title, form.submissions) for form in summary.forms] == [("Visit", 1), ("Visit", 2)]
    assert (summary.submissions, summary.waiting, summary.missing) == (3, 1, 0)
    assert summary.last_received_at is not None
    assert summary.last_received_at.minute == 7
    assert summary.is_all_here


def test_an_edit_of_what_another_tablet_sent_is_that_submission(node: Node) -> None:
    publish_visit(node)
    _other, _ = devices.add_device(node, None, "Other", 1)
    device, token = devices.add_device(node, None, "Tablet of Sara", 1)
    send(node, visit("one"), actor_id=_other.id)
    send(node, visit("edit", deprecates="one", place="Erbil"), actor_id=device.id)
    assert summarise(node, token).submissions == 1


def test_files_that_another_node_has_are_not_asked_of_the_tablet(node: Node) -> None:
    publish_visit(node)
    pair_with(node, QUIET)
    device, token = devices.add_device(node, None, "Tablet of Sara", 1)
    for name in ("a", "b"):
        send(node, visit(name, photo=f"{name}.jpg"), actor_id=device.id)
    node.write(
        lambda session: session.execute(
            insert(awaited_files).values(
                owner="submission",
                name="a.jpg",
                sha256="ab",
                size=7,
                type="image/jpeg",
                peer_id=QUIET.id,
                wrong=0,
                version_id=select(submission_versions.c.id)
                .where(submission_versions.c.instance_id == "uuid:a")
                .scalar_subquery(),
            )
        )
    )
    summary = summarise(node, token)
    assert (summary.missing, summary.on_the_way) == (1, 1)
    assert not summary.is_all_here


def test_what_the_centre_has_is_counted_as_gone_on(node: Node) -> None:
    publish_visit(node)
    pair_with(node, QUIET)
    node.write(lambda session: session.execute(projects.update().values(home=QUIET.id)))
    device, token = devices.add_device(node, None, "Tablet of Sara", 1)
    for name in ("a", "b"):
        send(node, visit(name, photo=f"{name}.jpg"), actor_id=device.id)
    assert (summarise(node, token).centre, summarise(node, token).gone_on) == ("Erbil", 0)
    node.write(
        lambda session: peer_rounds.note_told(
            session, QUIET.id, epoch=changes.epoch(session), seq=changes.head(session)
        )
    )
    assert summarise(node, token).gone_on == 2
    send(node, visit("a", photo="a.jpg"), {"a.jpg": PHOTO}, actor_id=device.id, minutes=1)
    send(node, visit("b", photo="b.jpg"), actor_id=device.id, minutes=2)  # the same again: nothing that is new there
    assert summarise(node, token).gone_on == 1


def test_a_token_that_is_no_tablets_is_unknown(hub: Node) -> None:
    for token in ("", "short", "0" * 64):
        with pytest.raises(UnknownToken):
            summarise(hub, token)

"""Verify: every kind of damage is found and named, and a whole node has nothing to say."""

from sqlalchemy import text

from sync_server.node import Node
from sync_server.services.verify_node import verify_node
from sync_server.store.submissions import iter_versions
from sync_server.store.tables import submission_attachments
from tests.support.samples import publish_visit, send, visit

PHOTO = b"jpeg" * 1000


def fill(node: Node) -> str:
    """Store one submission with a photo; return the photo's id."""
    publish_visit(node)
    send(node, visit(photo="p.jpg"), [("p.jpg", PHOTO)])
    with node.database.read() as session:
        return str(session.scalar(submission_attachments.select().with_only_columns(submission_attachments.c.sha256)))


def execute(node: Node, statement: str, **values: object) -> None:
    with node.database.write() as session:
        session.execute(text(statement), values)


def test_a_whole_node_has_nothing_to_say(node: Node) -> None:
    fill(node)
    seen: list[int] = []
    assert list(verify_node(node, progress=seen.append)) == []
    assert seen == [1]


def test_a_missing_file_is_named_with_its_submission(hub: Node) -> None:
    photo = fill(hub)
    (hub.settings.data / "blobs" / photo[:2] / photo).unlink()
    assert list(verify_node(hub)) == [f"The file 'p.jpg' of uuid:one is missing ({photo})."]


def test_a_file_with_one_wrong_byte_is_found(hub: Node) -> None:
    photo = fill(hub)
    (hub.settings.data / "blobs" / photo[:2] / photo).write_bytes(b"x" + PHOTO[1:])
    assert list(verify_node(hub)) == [f"The file 'p.jpg' of uuid:one is damaged ({photo})."]


def test_xml_that_is_not_what_was_received_is_found(node: Node) -> None:
    fill(node)
    with node.database.read() as session:
        (version,) = iter_versions(session, 0)
    execute(node, "UPDATE submission_versions SET xml = :xml", xml=version.xml.replace(b">7<", b">8<"))
    assert [fault.partition(" (")[0] for fault in verify_node(node)] == [
        "The XML of submission uuid:one is not what was received"
    ]


def test_a_form_that_is_not_what_was_published_is_found(node: Node) -> None:
    fill(node)
    execute(node, "UPDATE form_versions SET xml = :xml", xml=b"<other/>")
    assert list(verify_node(node)) == ["The XML of form visit 1 is not what was published."]


def test_a_lost_receipt_and_a_hole_in_the_feed_are_found(node: Node) -> None:
    fill(node)
    execute(node, "DELETE FROM receipts")
    execute(node, "DELETE FROM changes WHERE kind = 'submission_version'")
    faults = list(verify_node(node))
    assert len(faults) == 3
    assert "has no receipt" in faults[0]
    assert faults[1] == "The change feed lacks 1 numbers."
    assert "is not in the change feed" in faults[2]

"""Receiving: nothing acknowledged is lost, nothing that can be read is refused (guarantee G1)."""

import random
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from sync_server.errors import DiskFull, UnreadableXml
from sync_server.node import Node
from sync_server.services import consumers
from sync_server.store.quarantine import find_submissions
from sync_server.store.submissions import iter_versions
from sync_server.store.tables import changes, receipts, submission_attachments, submission_versions
from sync_server.store.unreadable_uploads import iter_unreadable
from tests.support.samples import publish_visit, send, visit


def count(node: Node, table: object) -> int:
    with node.database.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0  # type: ignore[arg-type]


def test_an_upload_is_stored_exactly_as_it_came(node: Node) -> None:
    publish_visit(node)
    xml = visit(place="بەرتەلە &amp; Bartella \U0001f54a")
    receipt = send(node, xml)
    assert (receipt.is_new, receipt.form_state) == (True, "open")
    with node.database.read() as session:
        (version,) = iter_versions(session, 0)
    assert version.xml == xml
    assert (version.form_id, version.form_version, version.instance_id) == ("visit", "1", "uuid:one")


def test_a_resend_is_the_same_version_with_one_more_receipt(node: Node) -> None:
    assert [send(node, visit()).is_new for _ in range(3)] == [True, False, False]
    assert (count(node, submission_versions), count(node, receipts)) == (1, 3)


def test_chunks_bring_their_files_in_any_order_and_number(node: Node) -> None:
    chunks = [[("a.jpg", b"a")], [("b.jpg", b"b"), ("a.jpg", b"a")], [("audit.csv", b"event")], []]
    random.Random(20261123).shuffle(chunks)
    for files in chunks:
        send(node, visit(photo="a.jpg"), files)
    assert (count(node, submission_versions), count(node, submission_attachments)) == (1, 3)


def test_other_bytes_under_a_known_instance_are_kept_beside_it(node: Node) -> None:
    send(node, visit(people="7"))
    receipt = send(node, visit(people="8"))
    assert receipt.is_new
    assert count(node, submission_versions) == 2


@pytest.mark.parametrize(
    "xml",
    [
        visit(form="nobody_knows"),
        visit(version="99"),
        visit(people="seven"),
        visit(deprecates="never-seen"),
        b"<data id='visit'><note>no meta at all</note></data>",
        "<?xml version='1.0' encoding='UTF-16'?><data id='visit'/>".encode("utf-16"),
        b"<anything/>",
        b"<data id='visit'><meta><instanceID>uuid:x</instanceID></meta>" + b"<g>" * 200 + b"</g>" * 200 + b"</data>",
    ],
    ids=["unknown form", "unknown version", "wrong type", "edit first", "no meta", "utf-16", "no form", "deep"],
)
def test_whatever_can_be_read_is_stored(node: Node, xml: bytes) -> None:
    publish_visit(node)
    assert send(node, xml).is_new
    assert not send(node, xml).is_new


@pytest.mark.parametrize(
    "xml",
    [
        b"",
        visit()[:-20],
        b"\xff\xfe\x00garbage",
        b"<?xml version='1.0' encoding='UTF-8'?><data>\xe9</data>",
        b"<!DOCTYPE d [<!ENTITY a 'b'>]><data id='visit'>&a;</data>",
        b"<?xml version='1.0'?><!-- x --><!DOCTYPE data SYSTEM 'file:///etc/passwd'><data id='visit'/>",
        b"<data>" + b"<g>" * 5000 + b"</g>" * 5000 + b"</data>",
    ],
    ids=["empty", "cut off", "no xml", "not utf-8", "entity", "external dtd", "too deep"],
)
def test_what_cannot_be_read_is_set_aside_once_and_said(node: Node, xml: bytes) -> None:
    for _ in range(2):
        with pytest.raises(UnreadableXml, match="keep it on the tablet"):
            send(node, xml)
    with node.database.read() as session:
        (upload,) = iter_unreadable(session)
    with node.blobs.open(upload.sha256) as stream:
        assert stream.read() == xml
    assert count(node, submission_versions) == 0


def test_names_of_files_are_data_and_never_paths(node: Node) -> None:
    names = [
        "../../../etc/passwd",
        "C:\\boot.ini",
        "صورة ١.jpg",
        "a/b.jpg",
        ".hidden",
        "x" * 300,
        "nul\x00byte".replace("\x00", ""),
    ]
    send(node, visit(), [(name, name.encode()) for name in names])
    with node.database.read() as session:
        stored = set(session.scalars(select(submission_attachments.c.name)))
    assert stored == set(names)


@pytest.mark.parametrize("what", ["instance", "deprecates", "form"])
def test_a_name_no_index_could_hold_is_stored_and_found_again(node: Node, what: str) -> None:
    long = random.Random(20261123).randbytes(6000).hex()
    xml = visit(**{"instance": "one", what: long})  # type: ignore[arg-type]
    assert send(node, xml).is_new
    assert not send(node, xml).is_new
    send(node, visit("another"))
    consumers.catch_up(node)
    with node.database.read() as session:
        (version, _) = iter_versions(session, 0)
        assert version.xml == xml
        assert len(find_submissions(session, "uuid:another")) == 1


def test_a_file_name_no_index_could_hold_is_shortened(node: Node) -> None:
    long = random.Random(20261123).randbytes(6000).hex()
    send(node, visit(), [(long, b"a"), (long + "x", b"a")])
    with node.database.read() as session:
        names = list(session.scalars(select(submission_attachments.c.name)))
    assert len(set(names)) == 2
    assert all(name.startswith(long[:500]) for name in names)


def test_the_same_submission_from_64_clients_at_once_is_one_version(node: Node) -> None:
    xml = visit()
    with ThreadPoolExecutor(64) as pool:
        results = list(pool.map(lambda _: send(node, xml, [("a.jpg", b"a")]), range(64)))
    assert sum(receipt.is_new for receipt in results) == 1
    assert (count(node, submission_versions), count(node, receipts)) == (1, 64)
    with node.database.read() as session:
        assert set(session.scalars(select(receipts.c.id))) == {receipt.id for receipt in results}


def test_a_full_disk_is_said_and_nothing_is_half_stored(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real full disk is in tests/durability; this is the reserve that keeps the database able to finish."""
    monkeypatch.setattr(type(node), "free_bytes", lambda self: -1)
    with pytest.raises(DiskFull, match="send it again"):
        send(node, visit())
    assert count(node, changes) == 0

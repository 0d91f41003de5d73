"""A tablet sends what it has, and everything well-formed is taken."""

from io import BytesIO
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from lxml import etree
from werkzeug.test import TestResponse, encode_multipart

from sync_server.blobs.spool import HashingSpool
from sync_server.core.ids import BlobId
from sync_server.node import Node
from sync_server.services import devices
from sync_server.store import forms
from tests.protocols.conftest import Publish, Tablet, make_submission
from tests.protocols.received import stored

XML = make_submission()
OPEN_FILES = Path("/proc/self/fd")


def message(response: TestResponse) -> str:
    assert response.content_type == "text/xml; charset=utf-8"
    root = etree.fromstring(response.data)
    assert root.tag == "{http://openrosa.org/http/response}OpenRosaResponse"
    assert b"<message " in response.data
    return root[0].text or ""


@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_the_request_before_a_submission_is_answered_204_with_the_size_of_parts(tablet: Tablet, method: str) -> None:
    response = tablet.client.open(f"{tablet.base}/submission?deviceID=collect%3Aabc", method=method)
    assert (response.status_code, response.data) == (204, b"")
    assert response.headers["X-OpenRosa-Accept-Content-Length"] == "5000000"
    assert response.headers["X-OpenRosa-Version"] == "1.0"
    assert "Location" not in response.headers
    assert "Set-Cookie" not in response.headers


def test_a_submission_is_answered_201_with_a_message_and_kept_byte_for_byte(
    tablet: Tablet, hub: Node, publish: Publish
) -> None:
    publish()
    response = tablet.send(XML, ("photo.jpg", b"\xff\xd8"))
    assert response.status_code == 201
    assert message(response) == "Received and safely stored. Thank you."
    kept = stored(hub)
    assert (kept.xml, kept.files) == ([XML], {"photo.jpg": [b"\xff\xd8"]})


def test_a_receipt_says_from_where_when_and_by_whom(tablet: Tablet, hub: Node) -> None:
    tablet.send(XML)
    receipt = stored(hub).receipts[0]
    assert (receipt["device_id"], receipt["actor_id"], receipt["door"]) == ("collect:abc", tablet.actor.id, "openrosa")
    assert receipt["is_revoked"] is False
    assert receipt["clock_offset_seconds"] is not None


def test_a_resend_after_a_lost_answer_is_201_again_and_one_version(tablet: Tablet, hub: Node) -> None:
    assert [tablet.send(XML, ("a.jpg", b"a")).status_code for _ in range(3)] == [201, 201, 201]
    kept = stored(hub)
    assert (len(kept.xml), len(kept.receipts), kept.files) == (1, 3, {"a.jpg": [b"a"]})


def test_a_split_upload_is_put_together_in_any_order(tablet: Tablet, hub: Node) -> None:
    incomplete = {"*isIncomplete*": "yes"}
    assert tablet.send(XML, ("c.jpg", b"c")).status_code == 201
    assert tablet.send(XML, ("a.jpg", b"a"), ("b.jpg", b"b"), fields=incomplete).status_code == 201
    kept = stored(hub)
    assert (len(kept.xml), sorted(kept.files)) == (1, ["a.jpg", "b.jpg", "c.jpg"])


def test_other_content_under_the_same_instance_id_is_taken_and_kept_beside(tablet: Tablet, hub: Node) -> None:
    tablet.send(XML)
    other = make_submission(name="Sarah")
    assert tablet.send(other).status_code == 201
    assert stored(hub).xml == [XML, other]


def test_a_form_nobody_published_is_no_reason_to_refuse(tablet: Tablet, hub: Node) -> None:
    response = tablet.send(make_submission(form_id="unknown"))
    assert response.status_code == 201
    assert "coordinator" in message(response)
    assert stored(hub).receipts[0]["form_state"] == "unknown"


def test_a_closed_form_is_no_reason_to_refuse(tablet: Tablet, hub: Node, publish: Publish) -> None:
    publish()
    hub.write(lambda session: forms.set_state(session, 1, "visit", "closed"))
    assert tablet.send(XML).status_code == 201
    assert stored(hub).receipts[0]["form_state"] == "closed"


def test_a_version_from_long_ago_is_taken(tablet: Tablet, publish: Publish) -> None:
    publish("visit", "1")
    publish("visit", "2")
    response = tablet.send(XML)
    assert (response.status_code, message(response)) == (201, "Received and safely stored. Thank you.")


def test_an_edit_before_its_original_is_taken(tablet: Tablet, hub: Node) -> None:
    edit = XML.replace(b"</orx:meta>", b"<deprecatedID>uuid:0</deprecatedID></orx:meta>")
    assert tablet.send(edit).status_code == 201
    assert stored(hub).xml == [edit]


def test_a_revoked_tablet_gets_no_forms_but_what_it_sends_is_kept(tablet: Tablet, hub: Node, publish: Publish) -> None:
    publish()
    devices.revoke_device(hub, None, tablet.actor.id)
    listed = tablet.get("/formList")
    assert listed.status_code == 403
    assert "access was ended" in message(listed)
    assert tablet.client.head(f"{tablet.base}/submission").status_code == 204
    response = tablet.send(XML)
    assert response.status_code == 201
    assert stored(hub).receipts[0]["is_revoked"] is True


def test_a_deleted_tablet_is_treated_as_a_revoked_one(tablet: Tablet, hub: Node) -> None:
    devices.delete_device(hub, None, tablet.actor.id)
    assert tablet.get("/formList").status_code == 403
    assert tablet.send(XML).status_code == 201


def test_all_files_are_kept_also_ones_the_xml_does_not_name(tablet: Tablet, hub: Node) -> None:
    tablet.send(XML, ("audit.csv", b"event,node\n"), ("stray.bin", b"\x00"))
    assert sorted(stored(hub).files) == ["audit.csv", "stray.bin"]


@pytest.mark.parametrize(
    "name", ["صورة ١.jpg", "وێنە.jpg", "😀.jpg", "a b;c='d'.jpg", "../../etc/passwd", "C:\\x\\y.jpg", "CON", "x" * 200]
)
def test_file_names_are_kept_exactly(tablet: Tablet, hub: Node, name: str) -> None:
    assert tablet.send(XML, (name, b"x")).status_code == 201
    assert stored(hub).files == {name: [b"x"]}


def test_a_name_twice_in_one_upload_loses_neither_file(tablet: Tablet, client: FlaskClient, hub: Node) -> None:
    parts = [(BytesIO(b"one"), "a.jpg"), (BytesIO(b"two"), "a.jpg")]
    data = {"xml_submission_file": (BytesIO(XML), "x.xml"), "a.jpg": parts}
    assert client.post(f"{tablet.base}/submission", data=data).status_code == 201
    assert sorted(stored(hub).files["a.jpg"]) == [b"one", b"two"]


def test_xml_as_a_form_field_without_a_filename_is_taken_at_any_size(tablet: Tablet, hub: Node) -> None:
    long = make_submission(name="x" * 2_000_000)
    boundary, body = encode_multipart({"xml_submission_file": long.decode(), "__csrf": "x"})
    response = tablet.client.post(
        f"{tablet.base}/submission", data=body, content_type=f"multipart/form-data; boundary={boundary}"
    )
    assert response.status_code == 201
    assert stored(hub).xml == [long]


@pytest.mark.parametrize("content_type", ["text/xml", "application/xml; charset=utf-8"])
def test_bare_xml_is_taken(tablet: Tablet, hub: Node, content_type: str) -> None:
    response = tablet.client.post(f"{tablet.base}/submission", data=XML, content_type=content_type)
    assert response.status_code == 201
    assert stored(hub).xml == [XML]


def test_a_field_named_as_no_form_knows_is_read_over(tablet: Tablet) -> None:
    assert tablet.send(XML, fields={"__csrf": "word", "anything": "else"}).status_code == 201


def test_more_than_a_thousand_parts_are_taken(tablet: Tablet, hub: Node) -> None:
    files = [(f"{n}.txt", b"%d" % n) for n in range(1100)]
    assert tablet.send(XML, *files).status_code == 201
    assert len(stored(hub).files) == 1100


def test_enketos_upload_is_taken(tablet: Tablet, hub: Node) -> None:
    response = tablet.client.post(
        f"/v1/projects/1/submission?st={tablet.token}",
        data={"xml_submission_file": (BytesIO(XML), "xml_submission_file"), "a.jpg": (BytesIO(b"a"), "a.jpg")},
        headers={"X-OpenRosa-Instance-Id": "uuid:1", "User-Agent": "Enketo/7"},
    )
    assert response.status_code == 201
    assert sorted(stored(hub).files) == ["a.jpg"]


def test_a_session_may_send_too(tablet: Tablet, hub: Node) -> None:
    response = tablet.client.post(
        "/v1/projects/1/submission",
        data=XML,
        content_type="text/xml",
        headers={"Authorization": f"Bearer {tablet.token}"},
    )
    assert response.status_code == 201
    assert stored(hub).receipts[0]["actor_id"] == tablet.actor.id


def test_a_sealed_submission_is_carried_unread_with_its_parts_in_any_chunk(tablet: Tablet, hub: Node) -> None:
    sealed = (
        b'<data xmlns="http://www.opendatakit.org/xforms/encrypted" id="visit" version="1" encrypted="yes">'
        b"<base64EncryptedKey>a2V5</base64EncryptedKey>"
        b'<orx:meta xmlns:orx="http://openrosa.org/xforms"><orx:instanceID>uuid:1</orx:instanceID></orx:meta>'
        b"<media><file>photo.jpg.enc</file></media><encryptedXmlFile>submission.xml.enc</encryptedXmlFile>"
        b"<base64EncryptedElementSignature>c2ln</base64EncryptedElementSignature></data>"
    )
    assert tablet.send(sealed, ("photo.jpg.enc", b"\x01"), fields={"*isIncomplete*": "yes"}).status_code == 201
    assert tablet.send(sealed, ("submission.xml.enc", b"\x02")).status_code == 201
    kept = stored(hub)
    assert (kept.xml, sorted(kept.files)) == ([sealed], ["photo.jpg.enc", "submission.xml.enc"])


def test_an_album_takes_no_more_open_files_than_a_few_photos(
    tablet: Tablet, hub: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thousand photos, or forty tablets with thirty each: a process may open 1,024 files."""
    open_files: list[int] = []
    keep = HashingSpool.keep

    def count_and_keep(spool: HashingSpool) -> BlobId:
        open_files.append(len(list(OPEN_FILES.iterdir())))
        return keep(spool)

    monkeypatch.setattr(HashingSpool, "keep", count_and_keep)
    before = len(list(OPEN_FILES.iterdir()))
    photos = [(f"{number}.jpg", b"%d" % number + b"j" * 300_000) for number in range(60)]
    assert tablet.send(XML, *photos).status_code == 201
    assert len(open_files) == 60
    assert max(open_files) < before + 15
    assert len(stored(hub).files) == 60

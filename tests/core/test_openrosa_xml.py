"""The form list, manifest and answers are what Collect's parser accepts."""

import pytest
from lxml import etree

from sync_server.core.openrosa_xml import ListedForm, MediaFile, write_form_list, write_manifest, write_response

LIST = "{http://openrosa.org/xforms/xformsList}"
MANIFEST = "{http://openrosa.org/xforms/xformsManifest}"
RESPONSE = "{http://openrosa.org/http/response}"


def listed(**changes: object) -> ListedForm:
    given = {
        "form_id": "attendance",
        "title": "Attendance",
        "version": "3",
        "md5": "0" * 32,
        "download_url": "https://h/f.xml",
        "manifest_url": None,
    }
    return ListedForm(**{**given, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "document", [write_form_list([listed()]), write_manifest([]), write_response("Kept.", nature="submit_success")]
)
def test_a_document_begins_with_its_declaration_and_no_byte_order_mark(document: bytes) -> None:
    assert document.startswith(b"<?xml version='1.0' encoding='UTF-8'?>")


def test_a_form_list_has_the_elements_collect_needs() -> None:
    root = etree.fromstring(write_form_list([listed(manifest_url="https://h/m")]))
    assert root.tag == LIST + "xforms"
    assert [(e.tag, e.text) for e in root[0]] == [
        (LIST + "formID", "attendance"),
        (LIST + "name", "Attendance"),
        (LIST + "version", "3"),
        (LIST + "hash", "md5:" + "0" * 32),
        (LIST + "downloadUrl", "https://h/f.xml"),
        (LIST + "manifestUrl", "https://h/m"),
    ]


def test_a_form_list_has_no_empty_element_when_version_title_and_media_are_absent() -> None:
    root = etree.fromstring(write_form_list([listed(title="  ", version="")]))
    assert [(etree.QName(e).localname, e.text) for e in root[0]][:2] == [
        ("formID", "attendance"),
        ("name", "attendance"),
    ]
    assert all(e.text for e in root[0])


def test_an_empty_form_list_is_a_valid_document() -> None:
    assert etree.fromstring(write_form_list([])).tag == LIST + "xforms"


def test_text_is_escaped_and_carries_arabic_kurdish_and_emoji() -> None:
    title = 'حضور & <ئامادەبوون> "😀"'
    assert etree.fromstring(write_form_list([listed(title=title)]))[0][1].text == title


def test_a_manifest_keeps_the_order_and_the_names_it_is_given() -> None:
    files = [MediaFile("مدينة.csv", "1" * 32, "https://h/1"), MediaFile("a.png", "2" * 32, "https://h/2")]
    root = etree.fromstring(write_manifest(files))
    assert root.tag == MANIFEST + "manifest"
    assert [[child.text for child in file] for file in root] == [
        ["مدينة.csv", "md5:" + "1" * 32, "https://h/1"],
        ["a.png", "md5:" + "2" * 32, "https://h/2"],
    ]


def test_an_answer_has_its_message_without_a_prefix() -> None:
    document = write_response("Thank you.", nature="submit_success")
    assert b"<message nature=" in document
    assert etree.fromstring(document).findtext(RESPONSE + "message") == "Thank you."


def test_an_answer_survives_characters_xml_cannot_carry() -> None:
    document = write_response("No file a\x00b\x1f\ud800.jpg", nature="submit_failure")
    assert etree.fromstring(document).findtext(RESPONSE + "message") == "No file a\ufffdb\ufffd\ufffd.jpg"

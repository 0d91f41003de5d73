"""Answers held against their form: what does not fit is named, nothing is refused."""

import pytest
from lxml import etree

from sync_server.core.values import Checker, sealed_files
from sync_server.core.xform import Field, FormDefinition


def checker(*fields: Field) -> Checker:
    definition = FormDefinition(
        form_id="f",
        version="1",
        title="F",
        fields=fields,
        media=(),
        languages=(),
        public_key=None,
        submission_url=None,
        is_client_editable=True,
        entities_version=None,
        root_name="data",
    )
    return Checker(definition)


def field(type: str, **kwargs: object) -> Field:
    return Field(path="/g/q", name="q", type=type, **kwargs)  # type: ignore[arg-type]


def wrong(question: Field, answer: str) -> bool:
    document = etree.fromstring(f"<data><g><q>{answer}</q></g></data>")
    return checker(question).check(document).wrong == ("/g/q",)


@pytest.mark.parametrize(
    ("type", "fits", "does_not"),
    [
        ("int", ["7", "-3", "0", " 12 "], ["7.0", "seven", "٧٧x"]),
        ("decimal", ["2.7199999999999998", "1e-3", "-0.5", ".5"], ["1,5", "many"]),
        ("date", ["2026-11-22", "2026-11-22T00:00:00.000+03:00"], ["22/11/2026", "2026-13-01"]),
        ("dateTime", ["2026-11-22T10:00:00.123+03:00"], ["yesterday"]),
        ("time", ["23:30:18.000Z", "08:00:00.000+03:00"], ["25:00"]),
        ("geopoint", ["36.35 43.16 0 4.5", "36.35 43.16"], ["36.35", "95 43.16 0 0", "a b"]),
        ("geotrace", ["36 43 0 0; 36.1 43.1 0 0"], ["36 43 0 0; x"]),
        ("boolean", ["true", "0"], ["maybe"]),
        ("string", ["anything at all"], []),
    ],
)
def test_an_answer_fits_its_type_or_is_named(type: str, fits: list[str], does_not: list[str]) -> None:
    assert [answer for answer in fits if wrong(field(type), answer)] == []
    assert [answer for answer in does_not if not wrong(field(type), answer)] == []


def test_an_empty_answer_always_fits() -> None:
    assert not wrong(field("int"), "")


def test_a_choice_that_the_form_does_not_have_is_named() -> None:
    one = field("string", choices=("police", "cso"))
    several = field("string", choices=("police", "cso"), select_multiple=True)
    assert (wrong(one, "cso"), wrong(one, "army"), wrong(one, "police cso")) == (False, True, True)
    assert (wrong(several, "police cso"), wrong(several, "police army")) == (False, True)


def test_files_are_named_in_document_order_whatever_the_prefix() -> None:
    question = Field(path="/meta/audit", name="audit", type="binary", is_binary=True)
    photo = Field(path="/p/photo", name="photo", type="binary", is_binary=True)
    document = etree.fromstring(
        "<data xmlns:o='urn:o'><p><photo>b.jpg</photo></p><p><photo>a.jpg</photo></p><p><photo/></p>"
        "<o:meta><o:audit>audit.csv</o:audit></o:meta></data>"
    )
    assert checker(question, photo).check(document).files == ("b.jpg", "a.jpg", "audit.csv")


def test_a_sealed_submission_names_its_files() -> None:
    document = etree.fromstring(
        "<data xmlns='http://www.opendatakit.org/xforms/encrypted'><base64EncryptedKey>k</base64EncryptedKey>"
        "<media><file>p.jpg.enc</file></media><encryptedXmlFile>submission.xml.enc</encryptedXmlFile></data>"
    )
    assert sealed_files(document) == ("p.jpg.enc", "submission.xml.enc")

"""Which writings of a document are the same content, and which are not."""

import pytest

from sync_server.core.canonical import canonical_document, canonical_element, is_answer
from sync_server.core.instance_xml import parse_xml
from sync_server.errors import UnreadableXml

PLAIN = (
    '<data id="f" version="3"><name>Dilên &amp; a@b.org</name><note/>'
    "<meta><instanceID>uuid:1</instanceID></meta></data>"
).encode()


@pytest.mark.parametrize(
    "written",
    [
        b"<?xml version='1.0' encoding='UTF-8' ?>" + PLAIN,
        PLAIN.replace(b'id="f" version="3"', b"version='3' id='f'"),
        PLAIN.replace(b"<data ", b'<data xmlns:ev="http://www.w3.org/2001/xml-events" '),
        PLAIN.replace(b"<meta>", b"\n  <meta>\n    ").replace(b"</meta>", b"\n  </meta>\n"),
        PLAIN.replace(b"a@b", b"a&#64;b"),
        PLAIN.replace("ê".encode(), b"&#xea;"),
        PLAIN.replace(b"Dil", b"<![CDATA[Dil]]>"),
        PLAIN.replace(b"Dil", b"D<!-- split -->il"),
        PLAIN.replace(b"<note/>", b"<!-- gone --><note></note><?repeat row?>"),
        PLAIN.replace(b"<data ", b'<data xmlns:orx="http://openrosa.org/xforms" ')
        .replace(b"<meta", b"<orx:meta")
        .replace(b"</meta", b"</orx:meta"),
        PLAIN.decode().encode("utf-16"),
    ],
    ids=lambda xml: xml[:40].decode("latin-1"),
)
def test_another_writing_of_the_same_content_is_equal(written: bytes) -> None:
    assert written != PLAIN
    assert canonical_document(written) == canonical_document(PLAIN)


@pytest.mark.parametrize(
    "other",
    [
        PLAIN.replace(b"<name>", b"<name> "),
        PLAIN.replace(b"<note/>", b"<note> </note>"),
        PLAIN.replace(b"<note/>", b"<note>\n</note>"),
        PLAIN.replace(b"<note/>", b""),
        PLAIN.replace(b"<note/>", b"<note/><note/>"),
        PLAIN.replace(b'version="3"', b'version="4"'),
        PLAIN.replace(b'version="3"', b""),
        PLAIN.replace(b"<note/>", b"stray<note/>"),
        PLAIN.replace(b"<note/>", b"\xc2\xa0<note/>"),
        PLAIN.replace(b"uuid:1", b"uuid:2"),
        PLAIN.replace(b"<name", b"<Name").replace(b"</name", b"</Name"),
    ],
    ids=lambda xml: xml[20:70].decode("latin-1"),
)
def test_other_content_is_not_equal(other: bytes) -> None:
    assert canonical_document(other) != canonical_document(PLAIN)


def test_the_order_of_elements_is_content() -> None:
    assert canonical_document(b"<d><a/><b/></d>") != canonical_document(b"<d><b/><a/></d>")


def test_text_cannot_pass_itself_off_as_elements() -> None:
    assert canonical_document(b"<d><a>&lt;b&gt;&lt;/b&gt;</a></d>") != canonical_document(b"<d><a><b/></a></d>")
    assert canonical_document(b"<d a='1&quot; b=&quot;2'/>") != canonical_document(b"<d a='1' b='2'/>")


def test_the_canonical_form_reads_plainly() -> None:
    assert canonical_document(b"<d b='2' a='1'> <x> y </x> </d>") == '<d a="1" b="2"><x> y </x></d>'


def test_text_behind_an_element_is_not_part_of_it() -> None:
    assert canonical_element(parse_xml(b"<d><a/>tail</d>")[0]) == "<a></a>"


@pytest.mark.parametrize(
    "xml, expected", [(b"<a/>", True), (b"<a>1</a>", True), (b"<a> <b/> </a>", False), (b"<a>1<b/></a>", True)]
)
def test_an_answer_is_what_holds_text_of_its_own(xml: bytes, expected: bool) -> None:
    assert is_answer(parse_xml(xml)) is expected


def test_what_is_no_xml_is_said_so() -> None:
    with pytest.raises(UnreadableXml):
        canonical_document(b"<d>")

"""One person goes from a document: their row, their id in lists, their name elsewhere; everybody else stays."""

from lxml import etree

from sync_server.core.person_identity import ENTITY, PHONE, KnownPerson
from sync_server.core.redaction import Redaction, Shape, redact
from sync_server.core.xform import Field

ID = "3f0c9a52-8b1e-4c39-9d53-0d5a3d2f9c11"
OTHER = "77777777-8b1e-4c39-9d53-0d5a3d2f9c11"
SARA = KnownPerson(frozenset({(PHONE, "7701234567")}))
SHAPE = Shape.of(
    [
        Field("/place", "place", "string"),
        Field("/present", "present", "string", select_multiple=True),
        Field("/names", "names", "string"),
        Field("/person", "person", "repeat"),
        Field("/person/name", "name", "string"),
        Field("/person/phone", "phone", "string"),
        Field("/person/sex", "sex", "string", choices=("f", "m")),
        Field("/person/photo", "photo", "binary"),
        Field("/person/child", "child", "repeat"),
        Field("/person/child/name", "name", "string"),
        Field("/meta/audit", "audit", "binary"),
    ]
)
ROW = (
    f"<person><name>سارة</name><phone>٠٧٧٠ ١٢٣ ٤٥٦٧</phone><sex>f</sex><photo>s.jpg</photo><child><name>Noor</name>"
    f'</child><meta><entity dataset="participants" id="{ID}" create="1"><label>سارة</label></entity></meta></person>'
)
NEIGHBOUR = "<person><name>سارة</name><phone>07712345678</phone><sex>f</sex><photo>n.jpg</photo></person>"
META = "<meta><audit>audit.csv</audit><instanceID>uuid:1</instanceID></meta>"


def document(answers: str) -> bytes:
    return f'<data id="attendance" version="1">{answers}{META}</data>'.encode()


def texts(made: Redaction) -> list[str]:
    return [e.text for e in etree.fromstring(made.xml).iter(etree.Element) if e.text and e.tag != "instanceID"]


def test_a_row_is_blanked_and_stays_where_it_is() -> None:
    made = redact(document(f"<place>Bartella</place>{NEIGHBOUR}{ROW}"), SARA, SHAPE)
    assert texts(made) == ["Bartella", "سارة", "07712345678", "f", "n.jpg"]
    assert (made.rows, made.is_whole) == (1, False)
    assert len(etree.fromstring(made.xml).findall("person")) == 2
    assert ID.encode() not in made.xml
    assert b'create="1"' not in made.xml
    assert {"s.jpg", "audit.csv"} <= made.files
    assert "n.jpg" not in made.files
    assert made.entities == {ID}


def test_a_name_is_taken_from_a_calculated_list_too() -> None:
    made = redact(document(f"<names>أحمد، سارة، علي</names><place>Bartella</place>{ROW}"), SARA, SHAPE)
    assert texts(made) == ["Bartella"]


def test_an_id_is_taken_out_of_a_list_and_the_others_stay() -> None:
    person = KnownPerson(frozenset({(ENTITY, ID)}))
    made = redact(document(f"<present>{OTHER} {ID}</present>"), person, SHAPE)
    assert texts(made) == [OTHER]
    assert not made.is_whole
    assert made.rows == 0


def test_the_only_id_of_a_list_does_not_make_the_meeting_theirs() -> None:
    made = redact(document(f"<present>{ID}</present><place>x</place>"), KnownPerson(frozenset({(ENTITY, ID)})), SHAPE)
    assert not made.is_whole
    assert texts(made) == ["x"]


def test_an_identifier_alone_at_the_root_makes_the_submission_theirs() -> None:
    made = redact(document("<place>07701234567</place><names>other</names>"), SARA, SHAPE)
    assert made.is_whole
    assert texts(made) == ["other"]


def test_a_sentence_with_the_phone_goes_and_the_submission_stays() -> None:
    made = redact(document("<place>call 07701234567</place><names>other</names>"), SARA, SHAPE)
    assert not made.is_whole
    assert texts(made) == ["other"]


def test_the_innermost_row_is_theirs() -> None:
    row = "<person><name>Huda</name><child><name>07701234567</name></child></person>"
    made = redact(document(row), SARA, SHAPE)
    assert texts(made) == ["Huda"]


def test_short_names_are_not_looked_for_inside_of_words() -> None:
    row = ROW.replace("سارة", "Ali")
    made = redact(document(f"<place>quality of life</place><names>Ali, Omar</names>{row}"), SARA, SHAPE)
    assert texts(made) == ["quality of life"]


def test_a_document_that_is_not_about_them_stays_byte_for_byte() -> None:
    xml = document(NEIGHBOUR)
    made = redact(xml, SARA, SHAPE)
    assert made.xml == xml
    assert not made.has_found
    assert made.files == frozenset()


def test_of_a_form_this_server_does_not_know_what_stands_twice_repeats() -> None:
    made = redact(document(NEIGHBOUR + ROW), SARA, Shape())
    assert texts(made) == ["سارة", "07712345678", "f", "n.jpg"]


def test_redacting_again_changes_nothing() -> None:
    once = redact(document(NEIGHBOUR + ROW), SARA, SHAPE)
    assert redact(once.xml, SARA, SHAPE).xml == once.xml

"""A form definition is read as ODK Central's `/fields` shows it."""

import time

import pytest

from sync_server.core.xform import Field, FormDefinition, parse_xform
from sync_server.core.xlsform import convert_form
from sync_server.errors import UnreadableForm
from sync_server.services.shipped_forms import shipped_forms

MEETING = """
| survey |
|        | type                           | name       | label   | appearance          | choice_filter |
|        | start                          | start      |         |                     |               |
|        | begin_group                    | where      | Where   |                     |               |
|        | select_one place               | place      | Place   |                     |               |
|        | select_multiple topic          | topics     | Topics  |                     |               |
|        | select_one_from_file forums.csv | forum     | Forum   |                     | place=${place} |
|        | end_group                      |            |         |                     |               |
|        | begin_repeat                   | person     | Person  |                     |               |
|        | text                           | name       | Name    |                     |               |
|        | integer                        | age        | Age     |                     |               |
|        | rank topic                     | wishes     | Wishes  |                     |               |
|        | end_repeat                     |            |         |                     |               |
|        | image                          | photo      | Photo   |                     |               |
|        | audit                          | audit      |         |                     |               |
| choices |
|        | list_name | name   | label  | image      |
|        | place     | mosul  | Mosul  | mosul.png  |
|        | place     | sinjar | Sinjar |            |
|        | topic     | police | Police |            |
|        | topic     | land   | Land   |            |
| settings |
|        | form_id | form_title | version |
|        | meeting | A meeting  | 7       |
"""


def definition() -> FormDefinition:
    return convert_form(MEETING.encode()).definition


def field(path: str) -> Field:
    found = definition().find_field(path)
    assert found is not None, path
    return found


def test_a_form_says_what_it_is() -> None:
    form = definition()
    assert (form.form_id, form.version, form.title, form.root_name) == ("meeting", "7", "A meeting", "data")
    assert (form.public_key, form.submission_url, form.is_client_editable, form.entities_version) == (
        None,
        None,
        False,
        None,
    )


def test_fields_stand_in_document_order_groups_and_repeats_among_them() -> None:
    assert [(item.path, item.type) for item in definition().fields] == [
        ("/start", "dateTime"),
        ("/where", "structure"),
        ("/where/place", "string"),
        ("/where/topics", "string"),
        ("/where/forum", "string"),
        ("/person", "repeat"),
        ("/person/name", "string"),
        ("/person/age", "int"),
        ("/person/wishes", "rank"),
        ("/photo", "binary"),
        ("/meta", "structure"),
        ("/meta/audit", "binary"),
        ("/meta/instanceID", "string"),
    ]
    assert definition().repeats == ("/person",)


def test_photos_and_audit_logs_are_files() -> None:
    assert [item.path for item in definition().fields if item.is_binary] == ["/photo", "/meta/audit"]


def test_several_answers_are_told_from_one() -> None:
    assert [item.path for item in definition().fields if item.select_multiple] == ["/where/topics", "/person/wishes"]


def test_choices_are_known_when_they_stand_in_the_form() -> None:
    assert field("/where/place").choices == ("mosul", "sinjar")
    assert field("/where/forum").choices is None  # they are in a file
    assert field("/person/name").choices is None


def test_preloads_are_kept() -> None:
    assert field("/start").preload == ("timestamp", "start")
    assert field("/meta/instanceID").preload == ("uid", "")


def test_media_are_named_once_by_base_name() -> None:
    assert definition().media == ("mosul.png", "forums.csv")


XML = """<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"
  xmlns:jr="http://openrosa.org/javarosa" xmlns:odk="http://www.opendatakit.org/xforms"
  xmlns:orx="http://openrosa.org/xforms">
  <h:head><h:title>Old</h:title><model>
    <submission action="https://elsewhere.example/s" base64RsaPublicKey="KEY" odk:client-editable="true"/>
    <itext><translation lang="English (en)"/><translation lang="Arabic (ar)"/></itext>
    <instance><data id="old" orx:version="1"><q/><p jr:template=""><a/></p><p><a/></p><dyn/>
      <orx:meta><orx:instanceID/></orx:meta></data></instance>
    <instance id="last-saved" src="jr://instance/last-saved"/>
    <instance id="last" src="jr://file/last-saved.xml"/>
    <bind nodeset="/data/q" type="xsd:int" id="q"/>
    <bind nodeset="/data/dyn" calculate="pulldata('prices', 'a', 'b', 'c')"/>
  </model></h:head>
  <h:body>
    <select1 bind="q" appearance="minimal search('places')"><item><label>x</label><value>x</value></item></select1>
    <group><repeat nodeset="/data/p"><input ref="a"/></repeat></group></h:body></h:html>"""


def test_hand_written_forms_are_read() -> None:
    form = parse_xform(XML.encode())
    assert [(item.path, item.type) for item in form.fields] == [
        ("/q", "int"),
        ("/p", "repeat"),
        ("/p/a", "unknown"),
        ("/dyn", "unknown"),
        ("/meta", "structure"),
        ("/meta/instanceID", "unknown"),
    ]
    assert form.languages == ("English (en)", "Arabic (ar)")
    assert (form.public_key, form.submission_url, form.is_client_editable) == (
        "KEY",
        "https://elsewhere.example/s",
        True,
    )


def test_files_looked_up_by_functions_are_media_and_last_saved_is_not() -> None:
    assert parse_xform(XML.encode()).media == ("prices.csv", "places.csv")


def test_choices_of_a_search_are_not_static() -> None:
    question = parse_xform(XML.encode()).find_field("/q")
    assert question is not None
    assert question.choices is None


@pytest.mark.parametrize(
    "xml",
    [
        b"",
        b"<data/>",
        b"not xml",
        b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>',
        XML.replace('id="old"', "").encode(),
        XML.replace("<instance><data", "<x><data").replace("</data></instance>", "</data></x>").encode(),
    ],
)
def test_what_is_no_form_is_refused_with_a_reason(xml: bytes) -> None:
    with pytest.raises(UnreadableForm) as caught:
        parse_xform(xml)
    assert caught.value.code == "400.91"
    assert len(caught.value.details["reason"]) > 10


def test_the_largest_shipped_form_is_read_in_no_time() -> None:
    xml = convert_form((shipped_forms() / "cpf_attendance" / "cpf_attendance.xlsx").read_bytes()).xml
    took = min(_seconds(xml) for _ in range(5))
    assert took < 0.03, took


def _seconds(xml: bytes) -> float:
    began = time.perf_counter()
    parse_xform(xml)
    return time.perf_counter() - began

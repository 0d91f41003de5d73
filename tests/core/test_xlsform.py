"""What a person writes becomes an XForm; what is wrong is said with its place and what to do."""

import subprocess
import sys

import pytest
from lxml import etree

from sync_server.core.xform import XFORMS
from sync_server.core.xlsform import convert_form
from sync_server.errors import UnreadableForm, XlsformNotValid

SETTINGS = "| settings |\n| | form_id | version |\n| | f | 1 |\n"
ONE = "| survey |\n| | type | name | label |\n| | text | a | A |\n"


def error_of(source: str) -> XlsformNotValid:
    with pytest.raises(XlsformNotValid) as caught:
        convert_form(source.encode())
    return caught.value


def test_a_markdown_table_becomes_a_form() -> None:
    form = convert_form((ONE + SETTINGS).encode())
    root = etree.fromstring(form.xml)
    primary = root.find(f".//{{{XFORMS}}}instance")[0]  # type: ignore[index]
    assert (primary.get("id"), primary.get("version")) == ("f", "1")
    assert [etree.QName(child).localname for child in primary] == ["a", "meta"]
    assert form.warnings == ()


def test_the_same_source_gives_the_same_bytes_in_another_process() -> None:
    program = (
        "import sys,hashlib;from sync_server.core.xlsform import convert_form;"
        "print(hashlib.md5(convert_form(sys.stdin.buffer.read()).xml).hexdigest())"
    )
    told = {
        subprocess.run([sys.executable, "-c", program], input=source, capture_output=True, check=True).stdout
        for source in [(ONE + SETTINGS).encode()] * 2
    }
    assert len(told) == 1


def test_the_server_does_not_load_pyxform_until_a_workbook_comes() -> None:
    program = "import sys, sync_server.core.xlsform; sys.exit('pyxform' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0


def test_xform_xml_is_taken_as_it_is() -> None:
    xml = convert_form((ONE + SETTINGS).encode()).xml
    assert convert_form(xml).xml == xml


def test_a_byte_order_mark_before_the_xml_is_taken_off() -> None:
    xml = convert_form((ONE + SETTINGS).encode()).xml
    assert convert_form(b"\xef\xbb\xbf\n" + xml).xml == xml


def test_xml_in_another_encoding_is_refused() -> None:
    with pytest.raises(UnreadableForm, match="UTF-8"):
        convert_form("<?xml version='1.0' encoding='latin-1'?><h>é</h>".encode("latin-1"))


def test_the_fallback_names_a_form_without_form_id() -> None:
    assert convert_form(ONE.encode(), fallback_form_id="from_file").definition.form_id == "from_file"
    assert convert_form((ONE + SETTINGS).encode(), fallback_form_id="other").definition.form_id == "f"


def test_a_form_without_any_id_is_refused_with_what_to_do() -> None:
    problem = error_of(ONE)
    assert (problem.code, problem.details["sheet"]) == ("400.15", "settings")
    assert "Add the column 'form_id'" in problem.text


ANNOTATED = """
| survey |
| | type         | name   | label  | Sensitivity | hxl         |
| | begin_group  | who    | Who    |             |             |
| | text         | name   | Name   | high        | #contact    |
| | begin repeat | child  | Child  |             |             |
| | integer      | age    | Age    |             | #meta+age   |
| | end repeat   |        |        |             |             |
| | end_group    |        |        |             |             |
| | audit        |        |        | moderate    |             |
"""


def test_sensitivity_and_hxl_are_kept_by_path() -> None:
    form = convert_form((ANNOTATED + SETTINGS).encode())
    assert form.annotations == {
        "/who/name": {"sensitivity": "high", "hxl": "#contact"},
        "/who/child/age": {"hxl": "#meta+age"},
        "/meta/audit": {"sensitivity": "moderate"},
    }
    assert set(form.annotations) <= {field.path for field in form.definition.fields}


def test_each_question_knows_its_row_in_the_sheet() -> None:
    rows = convert_form((ANNOTATED + SETTINGS).encode()).rows
    assert (rows["/who"], rows["/who/child/age"], rows["/meta/audit"]) == (2, 5, 8)


HEAD = "| survey |\n| | type | name | label | relevant |\n| | text | a | A | |\n"


@pytest.mark.parametrize(
    ("row", "place", "what", "advice"),
    [
        ("| | intteger | b | B | |", ("survey", 3), "Unknown question type 'intteger'", "xlsform.org"),
        ("| | text | b | B | ${zz}=1 |", ("survey", 3), "Could not find the name 'zz'", ""),
        ("| | text | b | | |", ("survey", 3), "'b' has no label", "Write a label"),
        ("| | text | a | A | |", ("survey", 3), "must be unique", "a name of its own"),
        ("| | begin_group | g | G | |", ("survey", 3), "No matching 'end_group'", "Add the missing end row"),
        ("| | text | | B | |", ("survey", 3), "no name", "Fill the 'name' column"),
        ("| | text | b c | B | |", ("survey", 3), "must begin with a letter", "letters, digits and underscores"),
        ("| | select_one x | b | B | |", (None, None), "choices sheet", "Add the sheet 'choices'"),
    ],
)
def test_an_error_names_its_row_and_what_to_do(row: str, place: tuple[object, object], what: str, advice: str) -> None:
    problem = error_of(HEAD + row + "\n" + SETTINGS)
    assert (problem.details["sheet"], problem.details["row"]) == place
    assert what in problem.details["error"]
    assert advice in problem.details["error"]
    if place[1]:
        assert problem.details["error"].startswith("Sheet 'survey', row 3: ")


def test_a_file_that_is_no_form_is_said_plainly() -> None:
    error = error_of("# Notes of the meeting\n").details["error"]
    assert error.startswith("It is neither a workbook nor a table with a sheet 'survey'. Send an .xlsx workbook")


def test_what_pyxform_says_and_what_to_do_are_two_sentences() -> None:
    lists = "| choices |\n| | list_name | name | label |\n| | place | mosul | Mosul |\n"
    error = error_of(HEAD + "| | select_one gender | b | B | |\n" + lists + SETTINGS).details["error"]
    assert "choices sheet: gender. Add the list" in error


def test_warnings_are_passed_on_with_what_to_do() -> None:
    source = "| survey |\n| | type | name | label::English | label::Arabic |\n| | image | a | A | B |\n"
    warnings = convert_form((source + SETTINGS).encode()).warnings
    assert warnings[0].startswith("Sheet 'survey', row 2: Use the max-pixels parameter")
    assert "English, Arabic" in warnings[1]
    assert warnings[1].endswith("such as 'Arabic (ar)'.")


def test_warnings_are_told_with_the_error_that_follows() -> None:
    source = "| survey |\n| | type | name | label |\n| | image | a | A |\n| | text | b | |\n"
    assert "max-pixels" in error_of(source + SETTINGS).details["warnings"][0]


@pytest.mark.parametrize(
    "source", [b"", b"hello", b"PK\x03\x04junk", b"\xd0\xcf\x11\xe0junk", b"\xff\xfe\x00", b"\x00" * 3000]
)
def test_a_damaged_file_is_a_problem_not_a_crash(source: bytes) -> None:
    with pytest.raises(XlsformNotValid) as caught:
        convert_form(source, fallback_form_id="f")
    assert caught.value.code == "400.15"


def test_choices_in_a_sheet_of_their_own_become_a_csv() -> None:
    source = (
        "| survey |\n| | type | name | label | choice_filter |\n| | text | s | S | |\n"
        "| | select_one_external city | c | C | state=${s} |\n"
        "| external_choices |\n| | list_name | name | label | state |\n| | city | mosul | Mosul | n |\n"
    )
    form = convert_form((source + SETTINGS).encode())
    assert form.itemsets is not None
    assert b'"city","mosul","Mosul","n"' in form.itemsets
    assert "itemsets.csv" in form.definition.media

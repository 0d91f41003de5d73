"""The lint finds what would hurt on a tablet, or in the columns of earlier versions."""

from dataclasses import replace

import pytest

from sync_server.core.form_lint import EarlierVersion, Finding, lint_form
from sync_server.core.xlsform import ConvertedForm, convert_form

SETTINGS = "| settings |\n| | form_id | version |\n| | f | {version} |\n"


def form(survey: str, *, version: str = "2", choices: str = "") -> ConvertedForm:
    sheet = "| survey |\n| | type | name | label | sensitivity | hxl |\n" + survey
    if choices:
        rows = "".join(f"| | place | {code} | {code} |\n" for code in choices.split())
        sheet += "\n| choices |\n| | list_name | name | label |\n" + rows
    return convert_form((sheet + "\n" + SETTINGS.format(version=version)).encode())


def earlier(survey: str, *, version: str = "1", choices: str = "") -> EarlierVersion:
    old = form(survey, version=version, choices=choices)
    return EarlierVersion(old.definition, old.annotations)


def xml(text: bytes, before: str, after: str) -> ConvertedForm:
    changed = text.replace(before.encode(), after.encode())
    assert changed != text
    return convert_form(changed)


TEXT = "| | text | a | A | low | #loc |"
PLAIN = form(TEXT).xml
INSTANCE = "<instance><data"


def kinds(findings: tuple[Finding, ...]) -> list[tuple[str, str]]:
    return [(finding.kind, finding.severity) for finding in findings]


def test_a_good_form_has_no_findings() -> None:
    assert lint_form(form(TEXT)) == ()


@pytest.mark.parametrize(
    ("before", "after", "kind", "severity"),
    [
        (' version="2"', "", "no_version", "warning"),
        ("<h:title>f</h:title>", "<h:title/>", "no_title", "error"),
        ('id="f"', 'id="a/b"', "form_id", "error"),
        ("<meta><instanceID/></meta>", "<meta/>", "instance_id", "error"),
        ('jr:preload="uid"', 'calculate="uuid()"', "instance_id", "warning"),
        (INSTANCE, f'<submission action="https://elsewhere.example/x"/>{INSTANCE}', "submission_url", "warning"),
        (INSTANCE, f'<submission action="elsewhere"/>{INSTANCE}', "submission_url", "error"),
        ("<a/>", "", "no_questions", "error"),
        (INSTANCE, f'<itext><translation lang="Arabic"/></itext>{INSTANCE}', "language", "warning"),
    ],
)
def test_what_hurts_on_a_tablet_is_found(before: str, after: str, kind: str, severity: str) -> None:
    findings = lint_form(xml(PLAIN, before, after))
    assert (kind, severity) in kinds(findings)
    assert all(len(finding.advice) > 10 for finding in findings)


def test_unknown_sensitivity_is_an_error_with_its_row() -> None:
    (found,) = lint_form(form("| | text | a | A | secret | |"))
    assert (found.kind, found.severity, found.row) == ("sensitivity", "error", 2)
    assert str(found).startswith("Sheet 'survey', row 2 (/a): The sensitivity 'secret' is unknown.")


def test_a_way_to_merge_that_is_none_is_an_error_with_its_row() -> None:
    made = replace(form("| | text | a | A | low | |"), annotations={"/a": {"merge": "newest", "sensitivity": "low"}})
    (found,) = lint_form(made)
    assert (found.kind, found.severity, found.row) == ("merge", "error", 2)
    assert "maximum" in found.advice


def test_a_wrong_hxl_tag_is_a_warning() -> None:
    assert kinds(lint_form(form("| | text | a | A | low | adm1 |"))) == [("hxl", "warning")]


@pytest.mark.parametrize(
    ("constraint", "complaint"),
    [
        (". &gt; 1 and (", "is not an expression"),
        ("${a} = 1", "is not an expression"),
        ("substring-befor(., 1) = ''", "calls substring-befor, which tablets do not know"),
    ],
)
def test_expressions_that_stop_a_tablet_are_found_without_java(constraint: str, complaint: str) -> None:
    (found,) = lint_form(xml(PLAIN, 'nodeset="/data/a"', f'nodeset="/data/a" constraint="{constraint}"'))
    assert (found.kind, found.path) == ("expression", "/a")
    assert complaint in found.what


def test_expressions_javarosa_knows_pass() -> None:
    good = "selected(., 'x (') and jr:choice-name(., '/data/a') != '' and once(uuid()) and current()/../a[position()=1]"
    assert lint_form(xml(PLAIN, 'nodeset="/data/a"', f'nodeset="/data/a" constraint="{good}"')) == ()


def test_media_of_one_name_on_a_tablet_are_an_error() -> None:
    itext = (
        '<itext><translation lang="English (en)"><text id="x">'
        '<value form="image">jr://images/a.png</value><value form="audio">jr://audio/A.PNG</value>'
        "</text></translation></itext>"
    )
    (found,) = lint_form(xml(PLAIN, INSTANCE, itext + INSTANCE))
    assert (found.kind, found.severity) == ("media", "error")


def test_a_removed_choice_is_named_with_its_version() -> None:
    old = earlier("| | select_one place | p | P | low | |", choices="mosul sinjar")
    (found,) = lint_form(form("| | select_one place | p | P | low | |", choices="mosul aqra"), [old])
    assert (found.kind, found.severity, found.path, found.row) == ("choice_removed", "warning", "/p", 2)
    assert "sinjar" in found.what
    assert "version '1'" in found.what


def test_a_new_choice_is_nothing() -> None:
    old = earlier("| | select_one place | p | P | low | |", choices="mosul")
    assert lint_form(form("| | select_one place | p | P | low | |", choices="mosul aqra"), [old]) == ()


def test_a_changed_type_is_an_error_even_two_versions_later() -> None:
    first = earlier("| | integer | n | N | low | |")
    second = earlier(TEXT, version="2")
    found = lint_form(form(TEXT + "\n| | text | n | N | low | |", version="3"), [first, second])
    assert kinds(found) == [("type_changed", "error")]
    assert found[0].details == {"path": "/n", "type": "int", "new_type": "string", "version": "1"}


def test_a_removed_question_is_a_warning_that_names_it() -> None:
    (found,) = lint_form(form(TEXT), [earlier(TEXT + "\n| | text | b | B | low | |")])
    assert (found.kind, found.severity, found.details["paths"]) == ("structureChanged", "warning", ["/b"])


def test_lost_sensitivity_is_a_warning() -> None:
    (found,) = lint_form(form("| | text | a | A | | #loc |"), [earlier(TEXT)])
    assert (found.kind, found.details["paths"]) == ("sensitivity_lost", ["/a"])

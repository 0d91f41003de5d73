"""The forms that come with the program are fit for the field."""

import csv
import re
import shutil
from collections import Counter
from pathlib import Path

import pytest
from pyxform.validators.odk_validate import check_xform
from pyxform.xls2json_backends import xlsx_to_dict

from sync_server.core.entity_draft import read_entity_id
from sync_server.core.entity_spec import read_entity_spec
from sync_server.core.form_lint import SENSITIVITIES, lint_form
from sync_server.core.form_numbers import HIGHEST, NUMBER, SERIES
from sync_server.core.xlsform import ConvertedForm, convert_form
from sync_server.services.publish_folder import iter_sources
from sync_server.services.shipped_forms import shipped_forms

FORMS = ("cpf_attendance", "cpf_concern", "cpf_concern_followup", "cpf_training_eval")
LISTS = {"forums", "places", "trainings"}
LANGUAGES = ("English (en)", "Arabic (ar)", "Kurdish (ckb)")
_LETTER = re.compile(r"[A-Za-z\u0590-\u08ff]|\$\{")
_RIGHT_TO_LEFT = re.compile(r"[\u0590-\u08ff]")


@pytest.fixture(params=FORMS)
def folder(request: pytest.FixtureRequest) -> Path:
    return shipped_forms() / request.param


@pytest.fixture
def form(folder: Path) -> ConvertedForm:
    return convert_form((folder / f"{folder.name}.xlsx").read_bytes())


def test_four_forms_come_along() -> None:
    assert tuple(sorted(path.parent.name for path in iter_sources(shipped_forms()))) == FORMS


def test_each_form_converts_without_a_warning(folder: Path, form: ConvertedForm) -> None:
    assert form.warnings == ()
    assert form.definition.form_id == folder.name
    assert re.fullmatch(r"20\d{8}", form.definition.version)


def test_each_passes_the_lint(form: ConvertedForm) -> None:
    assert [str(finding) for finding in lint_form(form)] == []


def test_each_passes_odk_validate(form: ConvertedForm, tmp_path: Path) -> None:
    """The engine of ODK Collect reads the form; scripts/test installs Java."""
    assert shutil.which("java"), "install a Java runtime (Debian: openjdk-17-jdk-headless)"
    path = tmp_path / "form.xml"
    path.write_bytes(form.xml)
    assert check_xform(str(path)) == []


def test_each_picks_from_lists_alone_that_come_along_or_that_forms_write(folder: Path, form: ConvertedForm) -> None:
    """A file beside the form would win over the list, and what tablets register would never show."""
    assert not (folder / "media").exists()
    assert {name.removesuffix(".csv") for name in form.definition.media} <= LISTS | {"participants", "concerns"}


def test_sixty_six_forums_come_along_and_trainings() -> None:
    assert {path.stem for path in (shipped_forms() / "lists").glob("*.csv")} == LISTS
    with (shipped_forms() / "lists" / "forums.csv").open(encoding="utf-8", newline="") as file:
        forums = list(csv.DictReader(file))
    assert Counter(forum["type"] for forum in forums) == {"iom": 42, "independent": 24, "unknown": 10}
    assert all(read_entity_id(forum["name"]) == forum["name"] for forum in forums)
    assert {len({forum[column] for forum in forums}) for column in ("name", "code")} == {76}


def test_places_have_p_codes_and_three_names_and_every_forum_is_in_one() -> None:
    found: dict[str, list[dict[str, str]]] = {}
    for name in ("places", "forums"):
        with (shipped_forms() / "lists" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            found[name] = list(csv.DictReader(file))
    places = {place["code"]: place for place in found["places"]}
    assert Counter(place["level"] for place in places.values()) == {"1": 3, "2": 14, "3": 33}
    assert all(place[f"adm{place['level']}"] == code for code, place in places.items())
    assert all(place[f"name_{language}"] for place in places.values() for language in ("en", "ar", "ckb"))
    assert {forum["adm2"] for forum in found["forums"]} - {""} <= places.keys()


@pytest.mark.parametrize("form_id", ["cpf_concern", "cpf_concern_followup"])
def test_what_is_said_of_a_concern_in_parallel_goes_by_the_furthest_follow_up(form_id: str) -> None:
    form = convert_form((shipped_forms() / form_id / f"{form_id}.xlsx").read_bytes())
    (declaration,) = read_entity_spec(form.xml, form.definition).declarations
    rules = {saved_to: form.annotations[path].get("merge") for path, saved_to in declaration.properties.items()}
    by_date = {"status", "responsible", "review_by", "date_closed", "resolution"}
    assert {name for name, rule in rules.items() if rule == "latest by last_followup"} == by_date & set(rules)
    wanted = {"times_raised": "count", "severity": "maximum", "last_followup": "maximum"}
    assert {name: rules[name] for name in wanted if name in rules} == {n: r for n, r in wanted.items() if n in rules}
    assert {"cpf_concern": "times_raised", "cpf_concern_followup": "last_followup"}[form_id] in rules


def test_each_is_in_three_languages_and_complete(form: ConvertedForm) -> None:
    assert form.definition.languages == LANGUAGES
    assert b"<value>-</value>" not in form.xml  # what pyxform writes for a missing translation


def test_each_allows_edits_and_keeps_an_audit_log(form: ConvertedForm) -> None:
    assert form.definition.is_client_editable
    audit = form.definition.find_field("/meta/audit")
    assert audit is not None
    assert audit.is_binary


def test_each_counts_on_the_tablet_alike(folder: Path, form: ConvertedForm) -> None:
    """What they count by: docs/forms.md. Whether they count rightly: tests/clients/test_form_numbers.py."""
    rows = {row["name"]: row for row in _rows(folder, "survey") if row.get("name", "").startswith("form_")}
    assert {f"/{name}": row["calculation"] for name, row in rows.items()} == {
        SERIES: "once(if(${last-saved#form_series} != '', ${last-saved#form_series}, uuid(12)))",
        NUMBER: "once(coalesce(${last-saved#form_highest}, 0) + 1)",
        HIGHEST: "max(${form_number}, coalesce(${last-saved#form_highest}, 0))",
    }
    assert {path: field.type for path in (SERIES, NUMBER, HIGHEST) if (field := form.definition.find_field(path))} == {
        SERIES: "string", NUMBER: "int", HIGHEST: "int",
    }  # fmt: skip


def test_each_answer_has_a_sensitivity_and_a_tag(folder: Path, form: ConvertedForm) -> None:
    answers = {
        path
        for path in form.rows
        if (field := form.definition.find_field(path)) and field.type not in ("structure", "repeat")
    } - _notes(folder)
    assert answers == set(form.annotations)
    assert {cells.get("sensitivity") for cells in form.annotations.values()} <= set(SENSITIVITIES)
    assert all(cells.get("hxl", "").startswith("#") for cells in form.annotations.values())


def test_right_to_left_texts_begin_right_to_left(folder: Path) -> None:
    """A line that begins with a Latin word or a reference is laid out left to right on Android."""
    for sheet in ("survey", "choices"):
        for row in _rows(folder, sheet):
            for column, text in row.items():
                if "(ar)" in column or "(ckb)" in column:
                    first = _LETTER.search(text)
                    begins_well = first is None or _RIGHT_TO_LEFT.match(first.group()) or text.startswith("\u200f")
                    assert begins_well, (row.get("name"), column)


def _notes(folder: Path) -> set[str]:
    form = convert_form((folder / f"{folder.name}.xlsx").read_bytes())
    names = {row["name"] for row in _rows(folder, "survey") if row.get("type") == "note"}
    return {path for path in form.rows if path.rpartition("/")[2] in names}


def _rows(folder: Path, sheet: str) -> list[dict[str, str]]:
    return list(xlsx_to_dict(str(folder / f"{folder.name}.xlsx"))[sheet])

"""The forms that come with the program are fit for the field."""

import re
import shutil
from pathlib import Path

import pytest
from pyxform.validators.odk_validate import check_xform
from pyxform.xls2json_backends import xlsx_to_dict

from sync_server.core.form_lint import SENSITIVITIES, lint_form
from sync_server.core.form_numbers import HIGHEST, NUMBER, SERIES
from sync_server.core.xlsform import ConvertedForm, convert_form
from sync_server.services.shipped_forms import shipped_forms

FORMS = ("cpf_attendance", "cpf_concern", "cpf_concern_followup", "cpf_training_eval")
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
    assert tuple(sorted(path.name for path in shipped_forms().iterdir() if path.is_dir())) == FORMS


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


def test_each_has_exactly_the_media_it_names(folder: Path, form: ConvertedForm) -> None:
    assert {path.name for path in (folder / "media").iterdir()} == set(form.definition.media)


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

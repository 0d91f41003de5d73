"""Turn what a person writes (.xlsx, .md, or XForm XML) into the XForm that tablets get.

pyxform does the work; here its messages get a sheet, a row and what to do, and the columns it ignores (sensitivity,
hxl, merge) are kept. pyxform is imported only when a workbook comes: it costs the start of the server 0.2 s.
The same source gives the same bytes: tablets compare the md5 (conformance B6).
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar
from zipfile import BadZipFile

from sync_server.core.xform import FormDefinition, parse_xform
from sync_server.errors import UnreadableForm, XlsformNotValid

Result = TypeVar("Result")

# What pyxform, openpyxl and xlrd make of a damaged workbook.
_DAMAGED = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, SyntaxError, OSError, BadZipFile)

ANNOTATION_COLUMNS = ("sensitivity", "hxl", "merge")

_ROW = re.compile(r"\[row : (\d+)\]\s*")
_SHEET = re.compile(r"On the '(\w+)' sheet, ?")
_NAMED = re.compile(r"(?:named|for the name|type|name:? |'name':) ?'([^']+)'")
_NOT_RECOGNISED = "not recognized as a supported type"
_NOT_A_FORM = "It is neither a workbook nor a table with a sheet 'survey'."
_ADVICE = (
    ("Unknown question type", "Correct the 'type' column; the types are listed at xlsform.org."),
    ("has no label or hint", "Write a label in every language, or use type 'calculate' or 'hidden'."),
    ("has no label", "Write a label in every language."),
    ("No matching 'end_", "Add the missing end row below the last question that belongs to it."),
    ("No matching 'begin_", "Add the missing begin row above, or remove this end row."),
    ("Missing calculation", "Fill the 'calculation' column, or remove the row."),
    ("with no name", "Fill the 'name' column."),
    ("There should be a choices sheet", "Add the sheet 'choices' with the lists that the survey names."),
    ("List name not in choices sheet", "Add the list to sheet 'choices', or correct its name in the 'type' column."),
    ("machine-readable codes", "Write the language with its code, such as 'Arabic (ar)'."),
    ("sheets with similar names", "Correct the sheet's name, or put an underscore before it to leave it out."),
    (_NOT_RECOGNISED, "Send an .xlsx workbook, a Markdown table (.md) or XForm XML."),
    ("Choice names with spaces", "In sheet 'choices', write the code without spaces; spaces belong into the label."),
    ("have a sheet named 'survey'", "Name the sheet with the questions 'survey'."),
    ("'name' value", "Give each row a name of its own, of letters, digits and underscores."),
    ("Missing translation", "Fill the cell in every language, or remove the column."),
    ("max-pixels", "Write max-pixels=1600 or so in the 'parameters' column."),
)


@dataclass(frozen=True, slots=True)
class Message:
    """One remark of pyxform: where it is, what is wrong, what to do."""

    text: str
    sheet: str | None = None
    row: int | None = None
    advice: str = ""

    def __str__(self) -> str:
        place = f"Sheet '{self.sheet}', row {self.row}: " if self.row else ""
        text = self.text if self.text.rstrip().endswith((".", "!", "?")) else f"{self.text.rstrip()}."
        return " ".join(f"{place}{text} {self.advice}".split())


@dataclass(frozen=True, slots=True)
class ConvertedForm:
    """A form ready to be frozen. `rows` says in which row of the sheet 'survey' a path was written."""

    xml: bytes
    warnings: tuple[str, ...]
    annotations: Mapping[str, Mapping[str, str]]
    definition: FormDefinition
    rows: Mapping[str, int]
    itemsets: bytes | None = None


def convert_form(source: bytes, *, fallback_form_id: str | None = None) -> ConvertedForm:
    """Convert a workbook, a Markdown table or XForm XML; raise XlsformNotValid or UnreadableForm.

    The fallback names the form when its sheet 'settings' has no form_id (Central's X-XlsForm-FormId-Fallback).
    """
    if is_xml(source):
        return _from_xml(source)
    return _from_workbook(source, fallback_form_id)


def is_xml(source: bytes) -> bool:
    """Tell XForm XML from a workbook or a table by its first character."""
    return source.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<")


def _from_xml(source: bytes) -> ConvertedForm:
    # Collect cannot read a form that begins with a BOM or a blank (conformance A8).
    xml = source.removeprefix(b"\xef\xbb\xbf").lstrip()
    try:
        xml.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnreadableForm(reason="it is not UTF-8; save it in that encoding") from error
    return ConvertedForm(xml=xml, warnings=(), annotations={}, definition=parse_xform(xml), rows={})


def _from_workbook(source: bytes, fallback_form_id: str | None) -> ConvertedForm:
    from pyxform.xls2json_backends import get_xlsform

    workbook = _guarded(lambda: get_xlsform(source), survey=())
    survey = list(workbook.survey or ())
    _require_form_id(workbook.settings or (), fallback_form_id)
    placed = list(_placed(survey))
    annotations = {path: kept for path, _, row in placed if (kept := _annotations(row))}
    rows = {path: number for path, number, _ in placed}
    sheets = {field.name: getattr(workbook, field.name) for field in fields(workbook)}
    return replace(
        _convert(sheets | {"fallback_form_name": fallback_form_id}, survey), annotations=annotations, rows=rows
    )


def _convert(sheets: dict[str, Any], survey: Sequence[Mapping[str, str]]) -> ConvertedForm:
    from pyxform.xls2xform import convert

    said: list[str] = []
    result = _guarded(lambda: convert(sheets, warnings=said, validate=False), survey=survey, warnings=said)
    xml = result.xform.encode("utf-8")
    return ConvertedForm(
        xml=xml,
        warnings=tuple(str(_message(text, survey)) for text in said),
        annotations={},
        definition=parse_xform(xml),
        rows={},
        itemsets=result.itemsets.encode("utf-8") if result.itemsets else None,
    )


def _guarded(
    work: Callable[[], Result], *, survey: Sequence[Mapping[str, str]], warnings: Sequence[str] = ()
) -> Result:
    from pyxform.errors import PyXFormError

    try:
        return work()
    except PyXFormError as error:
        raise _not_valid(_message(str(error), survey), survey, warnings) from error
    except _DAMAGED as error:
        text = f"The workbook could not be read ({type(error).__name__})."
        message = Message(text, advice="Open it in Excel or LibreOffice, save it again as .xlsx, and publish that.")
        raise _not_valid(message, survey, warnings) from error


def _not_valid(message: Message, survey: Sequence[Mapping[str, str]], warnings: Sequence[str]) -> XlsformNotValid:
    return XlsformNotValid(
        error=str(message),
        warnings=[str(_message(text, survey)) for text in warnings],
        sheet=message.sheet,
        row=message.row,
    )


def _require_form_id(settings: Sequence[Mapping[str, str]], fallback_form_id: str | None) -> None:
    """Refuse pyxform's own fallback: every form would be called 'data'."""
    given = settings[0] if settings else {}
    if not fallback_form_id and not any(given.get(column) for column in ("form_id", "id_string")):
        text = (
            "Sheet 'settings': the form has no form_id. Add the column 'form_id', and the form's id in the row below."
        )
        raise XlsformNotValid(error=text, warnings=[], sheet="settings", row=2)


def _message(text: str, survey: Sequence[Mapping[str, str]]) -> Message:
    row = _ROW.search(text)
    sheet = _SHEET.search(text)
    body = _NOT_A_FORM if _NOT_RECOGNISED in text else _SHEET.sub("", _ROW.sub("", text))
    number = int(row.group(1)) if row else _row_named(body, survey)
    advice = next((advice for part, advice in _ADVICE if part in text), "")
    return Message(body, (sheet.group(1) if sheet else "survey") if number else None, number, advice)


def _row_named(text: str, survey: Sequence[Mapping[str, str]]) -> int | None:
    """Find the row that pyxform speaks of by name or type only."""
    match = _NAMED.search(text)
    wanted = match.group(1) if match else None
    found = (n for n, row in enumerate(survey, start=2) if wanted and wanted in (row.get("name"), row.get("type")))
    return next(found, None)


def _placed(survey: Sequence[Mapping[str, str]]) -> Iterator[tuple[str, int, Mapping[str, str]]]:
    """Give each named row its path below the form's root, and its number in the sheet."""
    inside: list[str] = []
    for number, row in enumerate(survey, start=2):
        kind = (row.get("type") or "").strip().lower().replace(" ", "_")
        name = (row.get("name") or "").strip()
        if kind.startswith("end_"):
            del inside[-1:]
        elif name or kind == "audit":
            parent = ["meta"] if kind == "audit" else inside
            yield "/" + "/".join([*parent, name or kind]), number, row
            if kind.startswith("begin_"):
                inside.append(name)


def _annotations(row: Mapping[str, str]) -> dict[str, str]:
    cells = {column.strip().lower(): str(value).strip() for column, value in row.items() if value}
    return {column: cells[column] for column in ANNOTATION_COLUMNS if cells.get(column)}

"""Compare a submission's answers with its form: values of the wrong type, and the files it names.

Lexical forms after the ODK XForms specification (data types). Nothing is changed or refused here: what does not fit
is named, so that a person can look. Empty answers always fit.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time

from lxml import etree

from sync_server.core.instance_xml import local_name
from sync_server.core.xform import Field, FormDefinition

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_INTEGER = re.compile(r"[+-]?\d+")


@dataclass(frozen=True, slots=True)
class Findings:
    """What one document says beside its answers."""

    wrong: tuple[str, ...]  # paths whose value does not fit the question's type or choices
    files: tuple[str, ...]  # names of the attachments the answers refer to, in document order


class Checker:
    """The checks of one form version, made once and used for every submission of it."""

    def __init__(self, definition: FormDefinition) -> None:
        self._checks = {field.path: check for field in definition.fields if (check := _check_of(field))}
        self._binary = {field.path for field in definition.fields if field.is_binary}

    def check(self, root: etree._Element) -> Findings:
        wrong: dict[str, None] = {}
        files: dict[str, None] = {}
        for path, text in _answers(root, ""):
            if path in self._binary:
                files[text] = None
            elif (fits := self._checks.get(path)) and not fits(text):
                wrong[path] = None
        return Findings(tuple(wrong), tuple(files))


def sealed_files(root: etree._Element) -> tuple[str, ...]:
    """Name the files an encrypted submission comes with: its media, and the sealed answers themselves."""
    named = (e.text or "" for e in root.iter(etree.Element) if local_name(e) in ("file", "encryptedXmlFile"))
    return tuple(name.strip() for name in named if name.strip())


def _answers(parent: etree._Element, path: str) -> Iterator[tuple[str, str]]:
    for child in parent.iterchildren(etree.Element):
        child_path = f"{path}/{child.tag.rpartition('}')[2]}"
        if len(child):
            yield from _answers(child, child_path)
        elif text := (child.text or "").strip():
            yield child_path, text


def _check_of(field: Field) -> Callable[[str], bool] | None:
    if field.choices is not None:
        return _one_or_more_of(frozenset(field.choices), field.select_multiple)
    return _BY_TYPE.get(field.type)


def _one_or_more_of(choices: frozenset[str], is_multiple: bool) -> Callable[[str], bool]:
    return (lambda text: choices.issuperset(text.split())) if is_multiple else choices.__contains__


def _parses(parse: Callable[[str], object]) -> Callable[[str], bool]:
    def fits(text: str) -> bool:
        try:
            parse(text)
        except ValueError:
            return False
        return True

    return fits


def _is_point(text: str) -> bool:
    parts = text.split()
    if not 2 <= len(parts) <= 4 or not all(_NUMBER.fullmatch(part) for part in parts):
        return False
    return abs(float(parts[0])) <= 90 and abs(float(parts[1])) <= 180


def _are_points(text: str) -> bool:
    return all(_is_point(point) for point in text.split(";") if point.strip())


_BY_TYPE: dict[str, Callable[[str], bool]] = {
    "int": lambda text: bool(_INTEGER.fullmatch(text)),
    "decimal": lambda text: bool(_NUMBER.fullmatch(text)),
    "boolean": frozenset(("true", "false", "0", "1")).__contains__,
    "date": _parses(lambda text: date.fromisoformat(text[:10])),
    "dateTime": _parses(datetime.fromisoformat),
    "time": _parses(time.fromisoformat),
    "geopoint": _is_point,
    "geotrace": _are_points,
    "geoshape": _are_points,
}

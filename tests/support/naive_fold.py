"""Fold one submission's document into rows with lxml and dictionaries alone: the oracle's own idea of what is in it.

A row is {column: answer}, and a column is (path, part): part is "" for a text, 0 to 3 for the parts of a point.
Answers that have no column are (path with row numbers, text). Slow on purpose, and plain.
"""

from dataclasses import dataclass, field

from lxml import etree

from tests.support.naive_form import POINT, ROW, TEXT, NaiveForm

Column = tuple[str, str | int]
EDIT_CHAIN = ("/meta/instanceID", "/meta/deprecatedID")


@dataclass
class NaiveRow:
    parent: str
    key: str
    answers: dict[Column, str] = field(default_factory=dict)


@dataclass
class NaiveSubmission:
    """Rows per table in document order, and what has no column."""

    key: str
    tables: dict[str, list[NaiveRow]] = field(default_factory=dict)
    unplaced: list[tuple[str, str]] = field(default_factory=list)


def fold(form: NaiveForm, key: str, document: etree._Element | None) -> NaiveSubmission:
    """Fold a document; without one (sealed) there is an empty root row."""
    made = NaiveSubmission(key, {table: [] for table in form.tables()})
    root = NaiveRow("", key)
    made.tables[""].append(root)
    if document is not None:
        _fold_children(form, made, root, document, "", key, {})
    made.unplaced = [(path, text) for path, text in made.unplaced if path not in EDIT_CHAIN]
    return made


def _fold_children(
    form: NaiveForm,
    made: NaiveSubmission,
    row: NaiveRow,
    element: etree._Element,
    path: str,
    place: str,
    counts: dict[str, int],
) -> None:
    for child in element.iterchildren(etree.Element):
        name = etree.QName(child).localname
        below, there = f"{path}/{name}", f"{place}/{name}"
        is_row, is_answer = form.has(below, ROW), form.has(below, TEXT) or form.has(below, POINT)
        has_content = any(True for _ in child.iterchildren(etree.Element))  # comments are no answers
        if not form.is_known(below):
            _set_aside(made, child, there)
        elif is_row and (has_content or not is_answer):
            counts[below] = counts.get(below, 0) + 1
            inner = NaiveRow(row.key, f"{there}[{counts[below]}]")
            made.tables[below].append(inner)
            _fold_children(form, made, inner, child, below, inner.key, {})
            _set_aside_text(made, child, there)
        elif has_content and form.has_children(below):
            _fold_children(form, made, row, child, below, there, counts)
            _set_aside_text(made, child, there)
        else:
            _answer(form, made, row, child, below, there)


def _answer(
    form: NaiveForm, made: NaiveSubmission, row: NaiveRow, element: etree._Element, path: str, place: str
) -> None:
    for child in element.iterchildren(etree.Element):
        _set_aside(made, child, f"{place}/{etree.QName(child).localname}")
    text = own_text(element)
    if not text or (len(element) and not text.strip()):
        return
    columns = _columns(form, path, text)
    first = next(iter(_first_columns(form, path)), None)
    if first is None or row.answers.get(first):
        if text.strip():
            made.unplaced.append((place.removeprefix(made.key), text))
        return
    row.answers.update(columns)


def _first_columns(form: NaiveForm, path: str) -> list[Column]:
    return [(path, "")] * form.has(path, TEXT) + [(path, 0)] * form.has(path, POINT)


def _columns(form: NaiveForm, path: str, text: str) -> dict[Column, str]:
    found: dict[Column, str] = {}
    if form.has(path, TEXT):
        found[path, ""] = text
    if form.has(path, POINT) and (not form.has(path, TEXT) or is_point(text)):
        found |= {(path, number): part for number, part in enumerate(text.split(maxsplit=3))}
    return found


def is_point(text: str) -> bool:
    try:
        return 2 <= len([float(part) for part in text.split()]) <= 4
    except ValueError:
        return False


def _set_aside(made: NaiveSubmission, element: etree._Element, place: str) -> None:
    _set_aside_text(made, element, place)
    for child in element.iterchildren(etree.Element):
        _set_aside(made, child, f"{place}/{etree.QName(child).localname}")


def _set_aside_text(made: NaiveSubmission, element: etree._Element, place: str) -> None:
    if (text := own_text(element)).strip():
        made.unplaced.append((place.removeprefix(made.key), text))


def own_text(element: etree._Element) -> str:
    return (element.text or "") + "".join(child.tail or "" for child in element)

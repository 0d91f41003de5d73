"""Compare a submission's answers with its form: values of the wrong type, and the files it names.

Lexical forms after the ODK XForms specification (data types). Nothing is changed or refused here: what does not fit
is named, so that a person can look. Empty answers always fit.
"""

import re
from collections.abc import Callable
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


Check = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class _Leaf:
    """A question to look at: its check, None where the answer is the name of a file."""

    path: str
    fits: Check | None


_Tree = dict[str, "_Leaf | _Tree"]


class Checker:
    """The checks of one form version, made once and used for every submission of it.

    Form and document are walked together, so that what has no check costs nothing.
    """

    def __init__(self, definition: FormDefinition) -> None:
        self._tree: _Tree = {}
        for field in definition.fields:
            if field.is_binary or (check := _check_of(field)):
                _plant(self._tree, _Leaf(field.path, None if field.is_binary else check))

    def check(self, root: etree._Element) -> Findings:
        wrong: dict[str, None] = {}
        files: dict[str, None] = {}
        _check(root, self._tree, wrong, files)
        return Findings(tuple(wrong), tuple(files))


def sealed_files(root: etree._Element) -> tuple[str, ...]:
    """Name the files an encrypted submission comes with: its media, and the sealed answers themselves."""
    named = (e.text or "" for e in root.iter(etree.Element) if local_name(e) in ("file", "encryptedXmlFile"))
    return tuple(name.strip() for name in named if name.strip())


def _plant(tree: _Tree, leaf: _Leaf) -> None:
    *above, name = leaf.path.strip("/").split("/")
    for step in above:
        below = tree.setdefault(step, {})
        assert isinstance(below, dict)  # a question has no questions below it
        tree = below
    tree[name] = leaf


def _check(parent: etree._Element, tree: _Tree, wrong: dict[str, None], files: dict[str, None]) -> None:
    """Every answer of every submission comes by here: so no generators, and nothing is asked twice."""
    for child in parent:
        tag = child.tag
        if type(tag) is not str:  # a comment or processing instruction
            continue
        wanted = tree.get(tag.rpartition("}")[2])
        if wanted is None:
            continue
        if type(wanted) is dict:
            _check(child, wanted, wrong, files)
        elif text := (child.text or "").strip():
            _check_answer(wanted, text, wrong, files)


def _check_answer(leaf: "_Leaf | _Tree", text: str, wrong: dict[str, None], files: dict[str, None]) -> None:
    assert isinstance(leaf, _Leaf)
    if leaf.fits is None:
        files[text] = None
    elif not leaf.fits(text):
        wrong[leaf.path] = None


def _check_of(field: Field) -> Check | None:
    if field.choices is not None:
        return _one_or_more_of(frozenset(field.choices), field.select_multiple)
    return _BY_TYPE.get(field.type)


def _one_or_more_of(choices: frozenset[str], is_multiple: bool) -> Check:
    return (lambda text: choices.issuperset(text.split())) if is_multiple else choices.__contains__


def _parses(parse: Callable[[str], object]) -> Check:
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


_BY_TYPE: dict[str, Check] = {
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

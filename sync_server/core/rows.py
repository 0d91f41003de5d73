"""Turn one submission into rows: one for the root table, one for each instance of each repeat.

Layout and keys are ODK Central's: a repeat's KEY is the submission's key with the path below it, `uuid:…/visit[2]`,
counted within the repeat around it; PARENT_KEY is the KEY of the row it belongs to. Answers are passed on character
by character. An answer for which the form has no column (a version this server does not know) is never dropped: it is
given back beside the rows.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from lxml import etree

from sync_server.core.table_schema import FIRST_COLUMNS, LAST_COLUMNS, Node, TableSchema

# The edit chain is told by the column Edits; forms seldom declare the element itself.
_UNDECLARED = frozenset({"/meta/deprecatedID", "/meta/instanceID"})


@dataclass(frozen=True, slots=True)
class RowMetadata:
    """What the server knows of a submission besides its answers."""

    key: str
    submission_date: datetime
    submitter_id: str = ""
    submitter_name: str = ""
    attachments_present: int = 0
    attachments_expected: int = 0
    status: str = ""
    review_state: str = ""
    device_id: str = ""
    edits: int = 0
    form_version: str = ""


@dataclass(frozen=True, slots=True)
class UnplacedAnswer:
    """An answer that no version of the form has a column for."""

    key: str
    path: str
    value: str


@dataclass(slots=True)
class SubmissionRows:
    """The rows of one submission, per table of the schema, and the answers that fit in none."""

    tables: list[list[list[str]]]
    unplaced: list[UnplacedAnswer]


def make_rows(schema: TableSchema, answers: etree._Element | None, metadata: RowMetadata) -> SubmissionRows:
    """Make the rows of a submission; without answers (sealed) there is the root row only."""
    made = SubmissionRows([[] for _ in schema.tables], [])
    row = [""] * len(schema.tables[0].header)
    row[: len(FIRST_COLUMNS)] = [_timestamp(metadata.submission_date)]
    row[-len(LAST_COLUMNS) :] = _last_cells(metadata)
    made.tables[0].append(row)
    if answers is not None:
        _Frame(schema, made, row, metadata.key, metadata.key, {}).read(answers, schema.root, metadata.key)
    return made


def _timestamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def _last_cells(metadata: RowMetadata) -> list[str]:
    return [
        metadata.key,
        metadata.submitter_id,
        metadata.submitter_name,
        str(metadata.attachments_present),
        str(metadata.attachments_expected),
        metadata.status,
        metadata.review_state,
        metadata.device_id,
        str(metadata.edits),
        metadata.form_version,
    ]


@dataclass(slots=True)
class _Frame:
    """One row being filled: the submission's own, or that of one repeat instance."""

    schema: TableSchema
    made: SubmissionRows
    row: list[str]
    submission: str
    key: str
    counts: dict[str, int]

    def read(self, element: etree._Element, node: Node, place: str) -> bool:
        """Read the children of an element into this row; `place` is the element's path with repeat numbers.

        Tell whether there is text beside them. Plain questions, which nearly all are, take the short way here.
        """
        children, row = node.children, self.row
        has_text = _is_said(element.text)
        for child in element:
            tail = child.tail
            if tail and not tail.isspace():
                has_text = True
            tag = child.tag
            found = children.get(tag)
            if found is None:
                if type(tag) is not str:  # a comment or processing instruction
                    continue
                name = tag[tag.find("}") + 1 :]
                found = children.get(name)
                if found is None:
                    self._keep_aside(child, f"{place}/{name}")
                    continue
            column = found.column
            if column is not None and found.is_plain and not row[column] and not len(child):
                row[column] = child.text or ""
            else:
                self._read_one(child, found, place)
        return has_text

    def _read_one(self, element: etree._Element, node: Node, place: str) -> None:
        if ((node.children or node.table is not None) and _has_elements(element)) or _is_only_a_repeat(node):
            self._read_below(element, node, place)
        else:
            self._read_answer(element, node, f"{place}/{node.name}")

    def _read_below(self, element: etree._Element, node: Node, place: str) -> None:
        if node.table is None:
            has_text = self.read(element, node, f"{place}/{node.name}")
        else:
            has_text = self._read_repeat(element, node, place)
        if has_text:
            self._add_unplaced(f"{place}/{node.name}", _own_text(element))

    def _read_repeat(self, element: etree._Element, node: Node, place: str) -> bool:
        assert node.table is not None
        number = self.counts[node.path] = self.counts.get(node.path, 0) + 1
        key = f"{place}/{node.name}[{number}]"
        row = [""] * len(self.schema.tables[node.table].header)
        row[-2:] = self.key, key
        self.made.tables[node.table].append(row)
        return _Frame(self.schema, self.made, row, self.submission, key, {}).read(element, node, key)

    def _read_answer(self, element: etree._Element, node: Node, place: str) -> None:
        if len(element):
            text = _own_text(element)
            for child in element.iterchildren(etree.Element):
                self._keep_aside(child, f"{place}/{_local_name(child)}")
            if not text.strip():
                return
        else:
            text = element.text or ""
        if text and not self._place(node, text) and text.strip():
            self._add_unplaced(place, text)

    def _place(self, node: Node, text: str) -> bool:
        """Put an answer in its cells; a second answer to the same question does not fit."""
        column, point = node.column, node.point
        first = column if column is not None else point
        if first is None or self.row[first]:
            return False
        if column is not None:
            self.row[column] = text
        if point is not None and (column is None or _is_point(text)):
            # What is beyond the fourth part stays with the fourth: nothing of a malformed point is lost.
            parts = text.split(maxsplit=3)
            self.row[point : point + len(parts)] = parts
        return True

    def _keep_aside(self, element: etree._Element, place: str) -> None:
        for deeper, text in _answers_below(element, place):
            self._add_unplaced(deeper, text)

    def _add_unplaced(self, place: str, text: str) -> None:
        path = place[len(self.submission) :]
        if path not in _UNDECLARED:
            self.made.unplaced.append(UnplacedAnswer(self.submission, path, text))


def _is_said(text: str | None) -> bool:
    return text is not None and text != "" and not text.isspace()


def _is_only_a_repeat(node: Node) -> bool:
    """Tell whether an element without children is an empty row, and not a question that became a repeat later."""
    return node.table is not None and node.column is None and node.point is None


def _has_elements(element: etree._Element) -> bool:
    """Tell whether something is inside; a comment beside a text does not make a group of it."""
    return any(type(child.tag) is str for child in element)


def _answers_below(element: etree._Element, place: str) -> Iterator[tuple[str, str]]:
    """Walk whatever is there, however deep, without recursion: its shape is the sender's."""
    waiting = [(element, place)]
    while waiting:
        current, path = waiting.pop()
        text = _own_text(current)
        if text.strip():
            yield path, text
        children = list(current.iterchildren(etree.Element))
        waiting.extend((child, f"{path}/{_local_name(child)}") for child in reversed(children))


def _own_text(element: etree._Element) -> str:
    """An element's own text, also around comments."""
    return (element.text or "") + "".join(child.tail or "" for child in element)


def _local_name(element: etree._Element) -> str:
    tag = str(element.tag)
    return tag[tag.find("}") + 1 :]


def _is_point(text: str) -> bool:
    try:
        return 2 <= len([float(part) for part in text.split()]) <= 4
    except ValueError:
        return False

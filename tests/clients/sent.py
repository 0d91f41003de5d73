"""What tablets sent, and whether an export holds exactly that: everything, edits resolved, nothing twice."""

import hashlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from tests.clients.office import Export, Row
from tests.support.tablet import Events


@dataclass(frozen=True, slots=True)
class Sent:
    """One submission as its tablet last sent it; its key is the first instanceID of the chain of edits."""

    form_id: str
    key: str
    edits: int
    xml: Path

    def answers(self, repeats: Collection[str]) -> Row:
        """The answers outside the repeats, by the column they belong in."""
        return dict(_answers(ElementTree.parse(self.xml).getroot(), (), repeats))

    def count(self, repeat: str) -> int:
        return sum(_name(element) == repeat for element in ElementTree.parse(self.xml).getroot().iter())

    def photos(self) -> set[str]:
        """The sha256 of each file but the audit log, which exports join into one table."""
        files = [f for f in self.xml.parent.iterdir() if f != self.xml and f.name[0] != "." and f.name != "audit.csv"]
        return {hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def sent_by(*runs: Events) -> list[Sent]:
    """Follow each filled form through its edits."""
    chains: dict[str, Sent] = {}
    for event in (event for run in runs for event in run.filled()):
        before = chains.pop(event["deprecated_id"] or "", None)
        key, edits = (before.key, before.edits + 1) if before else (event["instance_id"], 0)
        chains[event["instance_id"]] = Sent(event["form_id"], key, edits, Path(event["file"]))
    return list(chains.values())


def assert_holds_exactly(export: Export, sent: Iterable[Sent]) -> None:
    """Compare an export with what was sent: rows, edits, answers, rows of repeats, photos."""
    by_key = {one.key: one for one in sent}
    assert sorted(row["KEY"] for row in export.rows) == sorted(by_key)
    assert {row["KEY"]: int(row["Edits"]) for row in export.rows} == {key: one.edits for key, one in by_key.items()}
    for row in export.rows:
        answers = by_key[row["KEY"]].answers(export.repeats)
        columns = answers.keys() & row.keys()  # a position has four columns
        assert len(columns) > len(answers) / 2
        assert {column: row[column] for column in columns} == {column: answers[column] for column in columns}
    for repeat, rows in export.repeats.items():
        assert len(rows) == sum(one.count(repeat) for one in by_key.values()), repeat
        assert len({row["KEY"] for row in rows}) == len(rows), repeat
    assert sorted(export.media.values()) == sorted(photo for one in by_key.values() for photo in one.photos())


def _answers(parent: ElementTree.Element, path: tuple[str, ...], repeats: Collection[str]) -> Iterator[tuple[str, str]]:
    for child in parent:
        name = _name(child)
        if name in repeats:
            continue
        if len(child):
            yield from _answers(child, (*path, name), repeats)
        else:
            yield "-".join((*path, name)), child.text or ""


def _name(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]

"""Take one person out of a submission: blank what is theirs, keep everything else where it is.

A person's answers are those of the innermost repeat row that carries their entity id or phone. The row itself stays,
empty, so that the keys of other rows and the counts do not shift. Elsewhere an answer goes when it holds the
identifier, or one of the row's free texts (a calculated list of names). What another row answers to the same question
stays: the next participant may have the same name. From a list of chosen ids only the person's is taken out. Where the
identifier stands alone at the root, the whole submission is that person's: `is_whole` says so, and the caller decides.

The tablet's audit log goes too: it can hold every value an answer ever had.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from lxml import etree

from sync_server.core.instance_xml import local_name, parse_xml
from sync_server.core.person_identity import ENTITY, Person, iter_candidates, normal_entity
from sync_server.core.xform import Field

SHORTEST_TEXT = 3  # of a free answer that is looked for elsewhere
WITHIN_WORDS = 5  # from this length on also inside of words: Arabic writes "and Ali" as one word
NEVER = frozenset({"/meta/instanceID", "/meta/deprecatedID", "/meta/rootUuid"})  # they name the submission, no person
_AUDIT = "/meta/audit"
_PLAIN = re.compile(r"[-+\d.,:/TZ\s]*")


@dataclass(frozen=True, slots=True)
class Shape:
    """What of a form's versions matters here: paths of its repeats, of its lists of choices, of its free texts."""

    repeats: frozenset[str] = frozenset()
    lists: frozenset[str] = frozenset()
    texts: frozenset[str] = frozenset()
    others: frozenset[str] = frozenset()

    @classmethod
    def of(cls, fields: Iterable[Field]) -> "Shape":
        known = list(fields)
        texts = {f.path for f in known if f.type == "string" and f.choices is None and not f.select_multiple}
        return cls(
            frozenset(f.path for f in known if f.type == "repeat"),
            frozenset(f.path for f in known if f.select_multiple),
            frozenset(texts),
            frozenset(f.path for f in known if f.type not in ("repeat", "structure")) - texts,
        )


@dataclass(frozen=True, slots=True)
class Row:
    """A row that was the person's: its repeat, its number in it, and its free texts by question."""

    path: str
    number: int
    texts: frozenset[tuple[str, str]] = field(repr=False)


@dataclass(slots=True)
class Redaction:
    """What of one document is the person's, and what became of it."""

    xml: bytes = field(default=b"", repr=False)
    is_whole: bool = False
    rows: int = 0
    answers: int = 0
    files: frozenset[str] = frozenset()
    found: tuple[Row, ...] = field(default=(), repr=False)
    entities: frozenset[str] = frozenset()  # of the blanked rows: a later version may have no phone any more

    @property
    def has_found(self) -> bool:
        return self.is_whole or bool(self.rows or self.answers)


def redact(xml: bytes, person: Person, shape: Shape, like: Iterable[Row] = ()) -> Redaction:
    """Return the document without the person; its bytes as they came when nothing in it is theirs.

    `like` are rows of theirs in other versions of the same submission: where no row has the identifier, the one in
    the same place with an equal text is theirs too (the phone was corrected by an edit).
    """
    root = parse_xml(xml)
    made = _Redacting(root, person, shape, tuple(like)).run()
    made.xml = etree.tostring(root, xml_declaration=True, encoding="UTF-8") if made.has_found else xml
    return made


class _Redacting:
    def __init__(self, root: etree._Element, person: Person, shape: Shape, like: tuple[Row, ...]) -> None:
        self._root, self._person, self._shape, self._like = root, person, shape, like
        self._made = Redaction()
        self._places = {element: path for path, element in _walk(root, "")}
        self._texts: dict[str, set[str]] = {}  # a row's free text → the questions it answers
        self._files: set[str] = set()
        self._entities: set[str] = set()

    def run(self) -> Redaction:
        rows = list(self._find_rows())
        if not rows and not self._made.is_whole:
            rows = [row for row, told in self._told_rows() if self._is_like(told)]
        self._made.found = tuple(told for row, told in self._told_rows() if row in rows)
        for row in rows:
            self._remember(row)
        for row in rows:
            self._blank_row(row)
        self._blank_elsewhere(set(rows))
        if self._made.has_found:
            self._forget_audit()
        self._made.files, self._made.entities = frozenset(self._files), frozenset(self._entities)
        return self._made

    def _find_rows(self) -> Iterator[etree._Element]:
        found: dict[etree._Element, None] = {}
        for element, path in self._places.items():
            if path not in NEVER and path not in self._shape.lists and self._is_theirs(element):
                row = self._row_of(element)
                if row is None:
                    self._made.is_whole = True
                else:
                    found[row] = None
        yield from (row for row in found if not any(above in found for above in row.iterancestors()))

    def _told_rows(self) -> Iterator[tuple[etree._Element, Row]]:
        numbers: Counter[str] = Counter()
        for element, path in self._places.items():
            if element is not self._root and self._is_row(element):
                texts = ((self._places[e], (e.text or "").strip()) for e in element.iter(etree.Element))
                own = frozenset((p, t) for p, t in texts if len(t) >= SHORTEST_TEXT and p in self._shape.texts)
                yield element, Row(path, numbers[path], own)
                numbers[path] += 1

    def _is_like(self, row: Row) -> bool:
        return any((row.path, row.number) == (r.path, r.number) and row.texts & r.texts for r in self._like)

    def _is_theirs(self, element: etree._Element) -> bool:
        return any(
            candidate.is_whole and self._person.knows(candidate)
            for text in _own_texts(element)
            for candidate in iter_candidates(text)
        )

    def _row_of(self, element: etree._Element) -> etree._Element | None:
        for above in (element, *element.iterancestors()):
            if above is not self._root and self._is_row(above):
                return above
        return None

    def _is_row(self, element: etree._Element) -> bool:
        if self._places[element] in self._shape.repeats:
            return True
        parent = element.getparent()
        is_known = self._shape.others or self._shape.texts
        # A form this server does not know: what stands there twice repeats.
        return not is_known and len(element) > 0 and parent is not None and len(parent.findall(element.tag)) > 1

    def _remember(self, row: etree._Element) -> None:
        for element in row.iter(etree.Element):
            text = (element.text or "").strip()
            if text:
                self._files.add(text)
            if len(text) >= SHORTEST_TEXT and self._is_free(element, text):
                self._texts.setdefault(text, set()).add(self._places[element])
            if local_name(element) == "entity" and (id := normal_entity(element.get("id") or "")):
                self._entities.add(id)

    def _is_free(self, element: etree._Element, text: str) -> bool:
        path = self._places[element]
        return path in self._shape.texts or (path not in self._shape.others and not _PLAIN.fullmatch(text))

    def _blank_row(self, row: etree._Element) -> None:
        self._made.rows += 1
        for element in row.iter(etree.Element):
            self._blank(element)
            for name in list(element.attrib):
                if str(name) != "dataset":
                    del element.attrib[name]
        for aside in list(row.iter(etree.Comment, etree.ProcessingInstruction)):
            _remove(aside)
        for element in row.iterdescendants():
            element.tail = element.tail if (element.tail or "").strip() == "" else None

    def _blank_elsewhere(self, rows: set[etree._Element]) -> None:
        for element, path in self._places.items():
            if path in NEVER or (element is self._root) or any(above in rows for above in _upwards(element)):
                continue
            if path in self._shape.lists:
                self._take_out(element)
            elif self._names_person(element) or self._quotes_row(element, path):
                self._blank(element)
            self._blank_attributes(element)

    def _take_out(self, element: etree._Element) -> None:
        words = (element.text or "").split()
        kept = [word for word in words if not self._is_entity(word)]
        if len(kept) < len(words):
            element.text = " ".join(kept) or None
            self._made.answers += 1

    def _is_entity(self, word: str) -> bool:
        return any(c.kind == ENTITY and c.is_whole and self._person.knows(c) for c in iter_candidates(word))

    def _names_person(self, element: etree._Element) -> bool:
        return any(self._person.knows(candidate) for candidate in iter_candidates(element.text or ""))

    def _quotes_row(self, element: etree._Element, path: str) -> bool:
        text = element.text or ""
        return any(path not in questions and _quotes(text, quoted) for quoted, questions in self._texts.items())

    def _blank_attributes(self, element: etree._Element) -> None:
        for name, value in element.attrib.items():
            if any(self._person.knows(candidate) for candidate in iter_candidates(str(value))):
                element.set(name, "")
                self._made.answers += 1

    def _blank(self, element: etree._Element) -> None:
        if (element.text or "").strip():
            self._made.answers += 1
            element.text = None

    def _forget_audit(self) -> None:
        self._files.add("audit.csv")
        for element, path in self._places.items():
            if path == _AUDIT and element.text:
                self._files.add(element.text.strip())
                element.text = None


def _walk(element: etree._Element, path: str) -> Iterator[tuple[str, etree._Element]]:
    yield path, element
    for child in element.iterchildren(etree.Element):
        yield from _walk(child, f"{path}/{local_name(child)}")


def _own_texts(element: etree._Element) -> Iterator[str]:
    yield element.text or ""
    for name, value in element.attrib.items():
        if str(name) not in ("version", "dataset"):
            yield str(value)


def _upwards(element: etree._Element) -> Iterator[etree._Element]:
    yield element
    yield from element.iterancestors()


def _quotes(text: str, quoted: str) -> bool:
    if quoted not in text:
        return False
    return len(quoted) >= WITHIN_WORDS or re.search(rf"(?<!\w){re.escape(quoted)}(?!\w)", text) is not None


def _remove(node: etree._Element) -> None:
    parent = node.getparent()
    if parent is not None:
        node.tail = None
        parent.remove(node)

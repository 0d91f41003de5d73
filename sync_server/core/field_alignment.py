"""Lay several versions of a document side by side, field by field.

XML alone does not say what is a repeat, so this asks only what the documents show. An element that occurs equally often
in all of them is followed downward, by position; otherwise (a row added, a group no longer relevant) all its
occurrences are one value. So they are when rows moved: position 2 is then another person, and merging by position
would give one person the other's telephone number.
"""

from collections.abc import Iterator, Sequence
from itertools import chain

from lxml import etree

from sync_server.core.canonical import canonical_attributes, canonical_element, is_answer
from sync_server.core.field_path import ATTRIBUTES, WHOLE
from sync_server.core.instance_xml import local_name

Values = tuple[str, ...]
"""The canonical value of one field in each document; "" = absent, which is not the same as empty."""
Lineage = Sequence[tuple[int, int]]
"""Which document (second) came from which (first), by position."""


def align_fields(documents: Sequence[etree._Element], lineage: Lineage) -> dict[str, Values]:
    """Return every field's path and its values, one for each document.

    Attributes of the root (form id and version) are no field: they are the current version's.
    """
    if len({local_name(document) for document in documents}) > 1 or any(map(is_answer, documents)):
        return align_whole(documents)
    return dict(_children("", documents, lineage))


def align_whole(documents: Sequence[etree._Element]) -> dict[str, Values]:
    """Return the documents as one field: sealed ones, whose parts mean nothing apart."""
    return {WHOLE: tuple(map(canonical_element, documents))}


def _children(path: str, elements: Sequence[etree._Element], lineage: Lineage) -> Iterator[tuple[str, Values]]:
    by_name = [_by_name(element) for element in elements]
    for name in dict.fromkeys(chain.from_iterable(by_name)):
        yield from _rows(f"{path}/{name}", [children.get(name, []) for children in by_name], lineage)


def _by_name(element: etree._Element) -> dict[str, list[etree._Element]]:
    children: dict[str, list[etree._Element]] = {}
    for child in element.iterchildren(etree.Element):
        children.setdefault(local_name(child), []).append(child)
    return children


def _rows(path: str, rows: Sequence[list[etree._Element]], lineage: Lineage) -> Iterator[tuple[str, Values]]:
    count = len(rows[0])
    if any(len(row) != count for row in rows) or (count > 1 and _is_moved(rows, lineage)):
        yield path, tuple("".join(map(canonical_element, row)) for row in rows)
        return
    for index in range(count):
        indexed = path if count == 1 else f"{path}[{index + 1}]"
        yield from _element(indexed, [row[index] for row in rows], lineage)


def _element(path: str, elements: Sequence[etree._Element], lineage: Lineage) -> Iterator[tuple[str, Values]]:
    if any(map(is_answer, elements)):
        yield path, tuple(map(canonical_element, elements))
        return
    attributes = tuple(map(canonical_attributes, elements))
    own = [(f"{path}/{ATTRIBUTES}", attributes)] if any(attributes) else []
    yield from chain(own, _children(path, elements, lineage))


def _is_moved(rows: Sequence[list[etree._Element]], lineage: Lineage) -> bool:
    """Tell whether any document has a row of its base at another position than its base has it."""
    written = [list(map(canonical_element, row)) for row in rows]
    known = [set(row) for row in written]
    return any(
        mine != theirs and mine in known[base]
        for base, side in lineage
        for mine, theirs in zip(written[side], written[base], strict=True)
    )

"""Make the document of a resolved submission: the current version's, with fields taken from other versions."""

from collections.abc import Callable, Sequence
from copy import deepcopy

from lxml import etree

from sync_server.core.field_path import ATTRIBUTES, WHOLE, find_parent, named_children, occurrences
from sync_server.core.ids import VersionId
from sync_server.core.instance_xml import local_name, parse_xml
from sync_server.core.submission_state import SubmissionState


def merged_document(state: SubmissionState, xml_of: Callable[[VersionId], bytes]) -> etree._Element:
    """Return the root element of the submission as it stands; `xml_of` reads a version's bytes.

    What is absent in the version a field comes from is absent here too. What it has and the current version lacks goes
    behind the same neighbour as there.
    """
    document = parse_xml(xml_of(state.current))
    read: dict[VersionId, etree._Element] = {}
    for path, version in sorted(state.sources.items()):
        if version not in read:
            read[version] = parse_xml(xml_of(version))
        document = _take(document, read[version], path)
    return document


def _take(document: etree._Element, source: etree._Element, path: str) -> etree._Element:
    if path == WHOLE:
        return deepcopy(source)
    into, from_parent = find_parent(document, path), find_parent(source, path)
    if into is None or from_parent is None:
        # `sources` names only paths whose parents stand in both: this state belongs to other versions.
        raise LookupError(f"no place for {path}")
    step = path.rpartition("/")[2]
    if step == ATTRIBUTES:
        _copy_attributes(into, from_parent)
    else:
        _replace(into, occurrences(into, step), occurrences(from_parent, step))
    return document


def _copy_attributes(into: etree._Element, source: etree._Element) -> None:
    into.attrib.clear()
    for name, value in source.attrib.items():
        into.set(name, value)


def _replace(into: etree._Element, old: Sequence[etree._Element], new: Sequence[etree._Element]) -> None:
    place = into.index(old[0]) if old else _place(into, new[0]) if new else 0
    for element in old:
        into.remove(element)
    for offset, element in enumerate(new):
        into.insert(place + offset, deepcopy(element))


def _place(into: etree._Element, element: etree._Element) -> int:
    """Return the position behind the nearest neighbour before `element` that stands in `into` as well."""
    for neighbour in element.itersiblings(etree.Element, preceding=True):
        found = named_children(into, local_name(neighbour))
        if found:
            return into.index(found[-1]) + 1
    return 0

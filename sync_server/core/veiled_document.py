"""Empty the answers of a submission that somebody may not see, and tell how sensitive each of its files is.

The document keeps its shape, so a reader sees that the question is there; comments and text between elements go, since
nobody knows what they hold. An element no published version of the form has is severe.
"""

from collections.abc import Iterator

from lxml import etree

from sync_server.core.instance_xml import local_name
from sync_server.core.sensitivity import Level
from sync_server.core.sight import Sight


def veil_document(root: etree._Element, sight: Sight, level: Level) -> int:
    """Empty, in place, what is above the level; return how many answers went."""
    if not needs_veil(root, sight, level):
        return 0
    for extra in list(root.iter(etree.Comment, etree.ProcessingInstruction)):
        _drop(extra)
    hidden = _veil(root, "", sight, level)
    root.tail = None
    return hidden


def has_answers_at(root: etree._Element, sight: Sight, level: Level) -> bool:
    """Tell whether there is an answer of just this level."""
    return any(_has_answer(element) and sight.level_of(path) == level for path, element in _elements(root, ""))


def rate_file(root: etree._Element, sight: Sight, name: str) -> Level:
    """Tell how sensitive a file is: as the most sensitive answer that is its name, else as all of the form."""
    named = (sight.level_of(path) for path, element in _elements(root, "") if (element.text or "").strip() == name)
    return max(named, default=sight.others)


def needs_veil(root: etree._Element, sight: Sight, level: Level) -> bool:
    """Tell whether the document has a place for something above the level."""
    return level < Level.SEVERE and any(sight.level_of(path) > level for path, _ in _elements(root, ""))


def _elements(parent: etree._Element, above: str) -> Iterator[tuple[str, etree._Element]]:
    for element in parent.iterchildren(etree.Element):
        path = f"{above}/{local_name(element)}"
        yield path, element
        yield from _elements(element, path)


def _has_answer(element: etree._Element) -> bool:
    return bool((element.text or "").strip()) or bool(element.attrib and len(element) == 0)


def _veil(parent: etree._Element, above: str, sight: Sight, level: Level) -> int:
    hidden = 0
    parent.text = None if len(parent) else parent.text
    for element in list(parent.iterchildren(etree.Element)):
        path = f"{above}/{local_name(element)}"
        element.tail = None
        if sight.level_of(path) > level and path not in _ALWAYS_SHOWN:
            hidden += _empty(element)
        else:
            hidden += _veil(element, path, sight, level)
    return hidden


# What the server says of every submission anyway.
_ALWAYS_SHOWN = frozenset(("/meta", "/meta/instanceID", "/meta/deprecatedID"))


def _empty(element: etree._Element) -> int:
    """Take out everything that is in an element; return how many answers that were."""
    answers = sum(_has_answer(each) for each in element.iter(etree.Element))
    element.attrib.clear()
    for child in list(element):
        element.remove(child)
    element.text = None
    return answers


def _drop(extra: etree._Element) -> None:
    parent = extra.getparent()
    if parent is not None:
        parent.remove(extra)  # with the text behind it

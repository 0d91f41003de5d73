"""Find a field in a document by its path, as `SubmissionState.sources` and `Conflict.path` write it.

`/meeting/date` from the root's children, names without prefix; `/people[2]/name` where an element occurs several times;
`/people` for all its occurrences; `/meta/entity/@*` for the attributes of an element; `/` for the whole document.
"""

import re

from lxml import etree

from sync_server.core.canonical import canonical_attributes, canonical_element

WHOLE = "/"
ATTRIBUTES = "@*"
_STEP = re.compile(r"(?P<name>[^\[]+)(?:\[(?P<position>[1-9][0-9]*)\])?")


def named_children(parent: etree._Element, name: str) -> list[etree._Element]:
    """Return the child elements of that local name, in order."""
    return list(parent.iterchildren("{*}" + name))


def occurrences(parent: etree._Element, step: str) -> list[etree._Element]:
    """Return the children that one step of a path names: all of the name, or the one at its position."""
    match = _STEP.fullmatch(step)
    if not match:
        return []
    children = named_children(parent, match["name"])
    if not match["position"]:
        return children
    position = int(match["position"])
    return children[position - 1 : position]


def find_parent(root: etree._Element, path: str) -> etree._Element | None:
    """Return the element that holds the field, None when it is not there or not the only one."""
    parent = root
    for step in path.split("/")[1:-1]:
        found = occurrences(parent, step)
        if len(found) != 1:
            return None
        parent = found[0]
    return parent


def value_at(root: etree._Element, path: str) -> str | None:
    """Return the canonical value of a field: "" when it is absent, None when there is no place for it."""
    if path == WHOLE:
        return canonical_element(root)
    parent = find_parent(root, path)
    if parent is None:
        return None
    step = path.rpartition("/")[2]
    if step == ATTRIBUTES:
        return canonical_attributes(parent)
    return "".join(canonical_element(element) for element in occurrences(parent, step))

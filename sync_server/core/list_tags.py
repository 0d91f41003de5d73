"""Which property of an entity list has which HXL tag: what a role that is narrowed to rows is asked by.

What people said of the list comes first, then what the forms say of the questions that are saved to it, then the name:
`adm1` to `adm4` are codes of places. When several properties have one tag, the first by name counts.
"""

import re
from collections.abc import Container, Iterable, Mapping
from typing import Any

from sync_server.errors import UnexpectedValue

_NAMED = {f"adm{level}": f"#adm{level}+code" for level in range(1, 5)}
_TAG = re.compile(r"(#[a-z][a-z0-9_]*(\+[a-z][a-z0-9_]*)*)?")


def tag_properties(
    properties: Iterable[str], of_forms: Mapping[str, str], of_people: Mapping[str, str]
) -> dict[str, str]:
    """Return tag → property."""
    said = {**of_forms, **of_people}
    tagged: dict[str, str] = {}
    ordered = sorted(properties)
    for tags in (said, _NAMED):
        for name in ordered:
            if (tag := tags.get(name)) and (tags is said or name not in said):
                tagged.setdefault(tag, name)
    return tagged


def check_tags(tags: Any, properties: Container[str]) -> None:
    """Raise UnexpectedValue for what is no tag, or of no property; an empty one takes the property's tag away."""
    if not isinstance(tags, dict):
        raise UnexpectedValue(field="tags", value=str(tags)[:100], reason="they are pairs of a property and a tag.")
    for name, tag in tags.items():
        if name not in properties:
            raise UnexpectedValue(field="tags", value=str(name)[:100], reason="the list has no such property.")
        if not isinstance(tag, str) or not _TAG.fullmatch(tag):
            raise UnexpectedValue(field="tags", value=str(tag)[:100], reason="a tag is written like #adm2+code.")

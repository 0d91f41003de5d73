"""Which property of an entity list has which HXL tag: what a role that is narrowed to rows is asked by.

What people said of the list comes first, then what the forms say of the questions that are saved to it, then the name:
`adm1` to `adm4` are codes of places. When several properties have one tag, the first by name counts.
"""

from collections.abc import Iterable, Mapping

_NAMED = {f"adm{level}": f"#adm{level}+code" for level in range(1, 5)}


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

"""Find calculations that carry an answer out of a more sensitive question: a copy is as telling as what was copied.

The answers of a calculated question, and the title that a form gives its submissions, are shown to whoever may see
that question. Comparing quotes as well (whether a case was reported is told by `if(${case} != '', …)`).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lxml import etree

from sync_server.core.sensitivity import (
    ABOUT_THE_WHOLE_FORM,
    Level,
    Sensitivities,
    highest_level,
    is_about_the_whole_form,
)
from sync_server.core.xform import XFORMS

_TEXT = re.compile(r"'[^']*'|\"[^\"]*\"")
_PATH = re.compile(r"(?:(?:\.\./)+|/)[\w.\-]+(?:/[\w.\-]+)*")


@dataclass(frozen=True, slots=True)
class Quotation:
    """A calculated question, its level, and a more sensitive one that it is made from."""

    path: str
    level: Level
    quoted: str
    quoted_level: Level


def find_quotations(root: etree._Element, root_name: str, sensitivities: Sensitivities) -> Iterator[Quotation]:
    """Look through all calculations of a form's XML; a level that is not marked is low.

    Only high and severe answers are looked for: counts and flags are made of moderate ones everywhere.
    """
    prefix = f"/{root_name}"
    for element in root.iter(f"{{{XFORMS}}}bind", f"{{{XFORMS}}}setvalue"):
        path = (element.get("nodeset") or element.get("ref") or "").removeprefix(prefix)
        expression = element.get("calculate") or element.get("value") or ""
        level = _level_of(path, sensitivities)
        for quoted in sorted(set(questions_in(expression, path, prefix))):
            quoted_level = sensitivities.get(quoted, Level.LOW)
            if quoted_level > level and quoted_level >= Level.HIGH:
                yield Quotation(path, level, quoted, quoted_level)


def _level_of(path: str, sensitivities: Mapping[str, Level]) -> Level:
    # Hidden from whoever may not see all of the form; only severe answers still have no place in it.
    if path in ABOUT_THE_WHOLE_FORM:
        return Level.HIGH
    return highest_level(sensitivities) if is_about_the_whole_form(path) else sensitivities.get(path, Level.LOW)


def questions_in(expression: str, path: str, prefix: str) -> Iterator[str]:
    """Name the questions in an expression that stands at `path`, by their whole paths; texts are left out."""
    for found in _PATH.findall(_TEXT.sub("''", expression)):
        if found.startswith("/"):
            yield found.removeprefix(prefix)
        else:
            ups = found.count("../")
            steps = path.split("/")
            yield "/".join((*steps[: max(1, len(steps) - ups)], found.replace("../", "")))

"""How sensitive each question of a form is: low, moderate, high, severe.

The form's column `sensitivity` says it, for each version. A question is as sensitive as the most sensitive of all
versions says: publishing the form without the column, or with a lower word, opens nothing that was promised closed.
A group hands its level down to what is in it. Files about the whole form (the audit log of a filling, its title made
of answers) are as sensitive as the most sensitive question.
"""

from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import Any, TypeAlias

# Made from any of the form's answers, so nobody below all of them may see it.
ABOUT_THE_WHOLE_FORM = ("/meta/audit", "/meta/instanceName")


class Level(IntEnum):
    """From harmless to dangerous for a person; the greater, the fewer see it."""

    LOW = 0
    MODERATE = 1
    HIGH = 2
    SEVERE = 3

    @property
    def word(self) -> str:
        return self.name.lower()


# What a question's path is to its level. A path that is missing was in no version; core/sight.py takes it for severe.
Sensitivities: TypeAlias = Mapping[str, Level]


def read_level(word: str | None) -> Level:
    """Read a cell of the column; nothing is low, and a word nobody knows is severe rather than open."""
    text = (word or "").strip().upper()
    if not text:
        return Level.LOW
    return Level[text] if text in Level.__members__ else Level.SEVERE


def is_about_the_whole_form(path: str) -> bool:
    """Tell whether it is made of any answers: the entity that a form makes has no cell to be rated in."""
    return path in ABOUT_THE_WHOLE_FORM or "/meta/entity/" in f"{path}/"


def rate_questions(paths: Iterable[str], annotations: Iterable[Mapping[str, Mapping[str, Any]]]) -> dict[str, Level]:
    """Rate every question of a form: `paths` of all its versions, and the annotations of all its versions."""
    marked = _marked(annotations)
    known = {*paths, *marked}
    rated = {path: _inherited(path, marked) for path in known}
    highest = max(rated.values(), default=Level.SEVERE)
    whole = (path for path in (*known, *ABOUT_THE_WHOLE_FORM) if is_about_the_whole_form(path))
    return rated | dict.fromkeys(whole, highest)


def highest_level(sensitivities: Sensitivities) -> Level:
    """Return the level of the most sensitive question: who may see it may see all."""
    return max(sensitivities.values(), default=Level.LOW)


def _marked(annotations: Iterable[Mapping[str, Mapping[str, Any]]]) -> dict[str, Level]:
    marked: dict[str, Level] = {}
    for version in annotations:
        for path, cells in version.items():
            marked[path] = max(marked.get(path, Level.LOW), read_level(cells.get("sensitivity")))
    return marked


def _inherited(path: str, marked: Mapping[str, Level]) -> Level:
    parts = path.split("/")
    above = ("/".join(parts[:n]) for n in range(2, len(parts) + 1))
    return max((marked.get(each, Level.LOW) for each in above), default=Level.LOW)

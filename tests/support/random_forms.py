"""Forms of every question type with nested repeats, versions of them that disagree, and submissions for them.

Names are few, so that versions use one for different things: what was a text becomes a number, a group or a repeat.
"""

import random
from collections.abc import Mapping
from xml.sax.saxutils import escape

TYPES = (
    *("string", "int", "decimal", "date", "dateTime", "time", "boolean", "geopoint", "geotrace", "geoshape"),
    *("barcode", "binary", "select", "select1", "odk:rank", "intent"),
)
NAMES = ("a", "b", "A", "c-1", "size", "é")
DEPTH = 3
ANSWERS = {
    "int": ("0", "7", "-12", "9007199254740993", "007", "many"),
    "decimal": ("0.5", "-1.25", "1e3", "2.7199999999999998", "12", "a lot"),
    "date": ("2026-11-23", "1999-12-31", "yesterday"),
    "dateTime": ("2026-11-23T07:19:34.637+03:00", "2026-01-01T00:00:00.000Z", "noon"),
    "time": ("10:00:00.000Z", "23:59:59", "late"),
    "boolean": ("true", "false", "perhaps"),
    "geopoint": ("36.19 44.01 415.2 4.9", "36.19 44.01", "by the mosque", "36.1 44 1 2 3"),
    "geotrace": ("36.1 44.0 0 0; 36.2 44.1 0 0",),
    "select": ("mosul sinjar", "mosul"),
}
TEXTS = (
    *(
        "Alice",
        "=cmd|' /C calc'!A0",
        "فريد حسن",
        "ڕێکخراو",
        "👮🏽‍♀️",
        ' "quoted", comma ',
        "line\nbreak",
        "0042",
        " ",
        "\t\n ",
    ),
    *("NULL", "\\N", "nan", "a" * 300, "it's", "{x}", "2026-11-23", "36.19 44.01", "12"),
)


def random_questions(chance: random.Random) -> dict[str, str]:
    """Return paths with types, "repeat" among them; a group is there because something is in it."""
    questions: dict[str, str] = {}
    _add_below(chance, questions, "", DEPTH)
    return questions or {"/a": "string"}


def changed_questions(chance: random.Random, before: Mapping[str, str]) -> dict[str, str]:
    """Return the next version: some questions renamed, retyped or removed, groups turned into repeats and back."""
    if chance.random() < 0.2:
        return random_questions(chance)
    after: dict[str, str] = {}
    for path, kind in before.items():
        change = chance.random()
        if change < 0.1 and kind != "repeat":
            continue
        if change < 0.25:
            kind = chance.choice(TYPES)
        after[path] = kind
    _add_below(chance, after, chance.choice(["", *(p for p, kind in after.items() if kind == "repeat")]), 2)
    groups = {path.rpartition("/")[0] for path in after if path.count("/") > 1}
    for group in sorted(groups):
        if chance.random() < 0.2:
            after[group] = "repeat"
    return {path: kind for path, kind in after.items() if kind == "repeat" or not _has_below(after, path)} or {
        "/b": "int"
    }


def _has_below(questions: Mapping[str, str], path: str) -> bool:
    return any(other.startswith(f"{path}/") for other in questions)


def _add_below(chance: random.Random, questions: dict[str, str], path: str, depth: int) -> None:
    for name in chance.sample(NAMES, chance.randint(1, 4)):
        below, kind = f"{path}/{name}", chance.random()
        if kind < 0.3 and depth:
            questions[below] = "repeat"
            _add_below(chance, questions, below, depth - 1)
        elif kind < 0.45 and depth:
            _add_below(chance, questions, below, depth - 1)
        else:
            questions[below] = chance.choice(TYPES)


def random_answers(chance: random.Random, questions: Mapping[str, str], below: str = "") -> str:
    """Fill a form: answers that fit and that do not, missing ones, rows none to three, and what no form asked for."""
    parts = []
    names = dict.fromkeys(p.removeprefix(f"{below}/").partition("/")[0] for p in questions if p.startswith(f"{below}/"))
    for name in names:
        path = f"{below}/{name}"
        kind = questions.get(path)
        times = chance.choice((0, 1, 1, 2, 3)) if kind == "repeat" else chance.choice((0, *[1] * 12, 2))
        parts += [_element(chance, questions, path, name, kind) for _ in range(times)]
    if chance.random() < 0.05:
        parts.append("<!-- made by hand -->")
    if chance.random() < 0.08:
        parts.append("<unknown>new<deep>1</deep></unknown>")
    return "".join(parts)


def _element(chance: random.Random, questions: Mapping[str, str], path: str, name: str, kind: str | None) -> str:
    if kind == "repeat" or _has_below(questions, path):
        stray = "stray" if chance.random() < 0.03 else ""
        return f"<{name}>{stray}{random_answers(chance, questions, path)}</{name}>"
    if chance.random() < 0.15:
        return f"<{name}/>"
    fitting = ANSWERS.get(kind or "", TEXTS)
    text = chance.choice(fitting if chance.random() < 0.8 else TEXTS)
    comment = "<!-- c -->" if chance.random() < 0.03 else ""
    return f"<{name}>{escape(text)}{comment}</{name}>"

"""Read an OData `$search` as ODK Central has it: words as one writes them to a search engine, not OData's own grammar.

All words must be found; between words, `OR` lets any of the two do; "quoted words" are one; -word must not be found.
Here a word is found within another too: nobody has to know how a name ends.
"""

import re
from dataclasses import dataclass

_WORD = re.compile(r'(-?)"([^"]*)"?|(\S+)')
MOST = 20  # words; each is looked for in every property


@dataclass(frozen=True, slots=True)
class Word:
    text: str
    is_excluded: bool = False


Search = tuple[tuple[Word, ...], ...]
"""One of the inner tuples must hold as a whole."""


def parse_search(text: str) -> Search:
    """Read a search; one without any word is empty, and finds everything."""
    ways: list[list[Word]] = [[]]
    for match in list(_WORD.finditer(text))[:MOST]:
        minus, quoted, plain = match.groups()
        if plain == "OR":
            ways.append([])
        elif word := _read_word(minus, quoted, plain):
            ways[-1].append(word)
    return tuple(tuple(way) for way in ways if way)


def _read_word(minus: str, quoted: str | None, plain: str | None) -> Word | None:
    if plain is not None:
        is_excluded, text = plain.startswith("-") and len(plain) > 1, plain
        return Word(text[1:] if is_excluded else text, is_excluded)
    return Word(quoted.strip(), bool(minus)) if quoted and quoted.strip() else None

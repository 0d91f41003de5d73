"""Recognise one person's entity id or phone in answers, by its plain value or only by salted, slow hashes of it.

Who erases knows the value. What is kept for later versions, other nodes and restored back-ups must not be the value, so
it is scrypt over a salt and the normalised form: enough to recognise it, 30 ms for each guess. An entity id is random
and cannot be guessed; a phone has about a thousand million possibilities, which a determined person with many machines
can go through. Both ways look at the same candidates, so that a hash finds exactly what the value found.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

PHONE, ENTITY = "phone", "entity"
SHORTEST_ENTITY, LONGEST_ENTITY = 3, 100
SHORTEST_PHONE, LONGEST_PHONE = 7, 15  # digits of the national number; 15 is ITU's longest
_SCRYPT = {"n": 2**14, "r": 8, "p": 1, "maxmem": 64 * 1024 * 1024, "dklen": 32}

_DIGITS = str.maketrans(
    {chr(start + n): str(n) for start in (0x0660, 0x06F0) for n in range(10)}
    # Marks of direction and of nothing: a number copied from a phone's contacts comes wrapped in them.
    | dict.fromkeys("\u061c\u200b\u200c\u200d\u200e\u200f\u2060\ufeff", "")
    | dict.fromkeys("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069", "")
    | dict.fromkeys("\u00a0\u2007\u2009\u202f", " ")
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-")
)
_NUMBER = re.compile(r"\(?\+?\d(?:[ \-.()]{0,3}\d){5,17}\)?")
_FRACTION = re.compile(r"\.0$")  # a table had taken the number for a sum
_COUNTRY = "964"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A part of an answer that could identify a person. `is_whole`: it is the whole answer."""

    kind: str
    value: str
    is_whole: bool


class Person(Protocol):
    """Knows one person's identifiers."""

    def knows(self, candidate: Candidate) -> bool: ...


def fold_digits(text: str) -> str:
    """Return the text with Arabic and Persian digits as 0 to 9, and without marks of direction."""
    return text.translate(_DIGITS)


def normal_phone(text: str) -> str | None:
    """Return the national number without its leading 0: 0770…, +964770… and 00964 (0)770… in any digits are one.

    None when the text is no phone number.
    """
    found = _NUMBER.fullmatch(text.translate(_DIGITS).strip())
    return _national(found.group()) if found else None


def normal_entity(text: str) -> str | None:
    text = text.strip().casefold()
    is_one = SHORTEST_ENTITY <= len(text) <= LONGEST_ENTITY and not any(c.isspace() for c in text)
    return text if is_one else None


def iter_candidates(text: str) -> Iterator[Candidate]:
    """Yield what of an answer could be an entity id or a phone: the answer itself, its words, its numbers."""
    words = text.split()
    for word in dict.fromkeys(words):
        for part in dict.fromkeys((word, word.strip(",;.:()[]،؛"))):
            if value := normal_entity(part):
                yield Candidate(ENTITY, value, len(words) == 1 and part == word)
    yield from dict.fromkeys(_phones(text.translate(_DIGITS).strip().rstrip(".,;")))


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """A person by the plain values, as (kind, normalised value)."""

    values: frozenset[tuple[str, str]] = field(repr=False)

    def knows(self, candidate: Candidate) -> bool:
        return (candidate.kind, candidate.value) in self.values


@dataclass(frozen=True)
class HashedPerson:
    """A person by hashes only; every value is hashed once."""

    salt: bytes = field(repr=False)
    hashes: frozenset[tuple[str, int, str]] = field(repr=False)  # kind, length of the value, hash

    @cached_property
    def _tried(self) -> dict[tuple[str, str], bool]:
        return {}

    def knows(self, candidate: Candidate) -> bool:
        key = (candidate.kind, candidate.value)
        if key not in self._tried:
            self._tried[key] = self._is_hashed(*key)
        return self._tried[key]

    def _is_hashed(self, kind: str, value: str) -> bool:
        if not any((kind, len(value)) == (of, length) for of, length, _ in self.hashes):
            return False  # a length spares nearly all of the slow hashing
        return (kind, len(value), hash_value(self.salt, kind, value)) in self.hashes

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "HashedPerson":
        hashes = ((str(h["kind"]), int(h["length"]), str(h["hash"])) for h in value["hashes"])
        return cls(bytes.fromhex(value["salt"]), frozenset(hashes))


def to_json(salt: bytes, values: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Write a person's identifiers so that they can be recognised but not read."""
    hashes = [
        {"kind": kind, "length": len(value), "hash": hash_value(salt, kind, value)} for kind, value in sorted(values)
    ]
    return {"salt": salt.hex(), "hashes": hashes}


def hash_value(salt: bytes, kind: str, value: str) -> str:
    return hashlib.scrypt(f"{kind} {value}".encode(), salt=salt, **_SCRYPT).hex()


def _phones(text: str) -> Iterator[Candidate]:
    # By words as well: two numbers with a blank between them read as one long number.
    for found in (*_NUMBER.finditer(text), *(m for word in text.split() if (m := _NUMBER.fullmatch(word)))):
        if number := _national(found.group()):
            yield Candidate(PHONE, number, found.group() == text)


def _national(text: str) -> str | None:
    digits = re.sub(r"\D", "", _FRACTION.sub("", text))
    is_international = text.lstrip(" (").startswith("+") or digits.startswith("00")
    digits = digits.removeprefix("00") if is_international and digits.startswith("00") else digits
    if digits.startswith(_COUNTRY) and (is_international or len(digits) > 10):
        digits = digits.removeprefix(_COUNTRY)
    digits = digits.lstrip("0")
    return digits if SHORTEST_PHONE <= len(digits) <= LONGEST_PHONE else None

"""Find what two sets differ in without listing them: by sums over ranges, and lists only where the sums differ.

Range-based set reconciliation. Each member has a *place*, 60 bits that are spread evenly, and a *mark* of 128 bits that
tells it from all others. A range is all places that begin with the same hexadecimal digits. One end tells the sum of
its marks in some ranges; the other answers only for those where its own is another, with the sums of their sixteen
parts. Where few are left, the marks themselves are told, and both know what each lacks.

Bytes and steps grow with what differs, times the logarithm of what is held. A sum is no seal against somebody who
makes thousands of members for the purpose (marks can be found that add up alike); `core/digest.py` is.
"""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from struct import pack
from typing import Generic, Protocol, TypeVar

DIGITS = 15  # of a place: 60 bits, which every database takes as a number
LONGEST = DIGITS - 1  # of a prefix: such a range is listed, however many are in it
PARTS = 16
FEW = 32  # members: as many marks are as long as the sums of forty parts, and spare two steps
MOST_LISTED = 4 * FEW  # when one end has few and the other more than this, the range is parted first
AT_ONCE = 256  # ranges in one question
MOST_QUESTIONS = 20_000  # of 256 ranges: more than an honest end with a hundred million members needs
MARK_BYTES, SEAL_BYTES = 16, 12

Mine = TypeVar("Mine")
Theirs = TypeVar("Theirs")
Member = TypeVar("Member", covariant=True)


class EndlessRanges(Exception):
    """The other end always has further ranges that differ: it is broken, or makes them up."""


@dataclass(frozen=True, slots=True)
class Tally:
    """How many members, and the sum of their marks, each read as four numbers of 32 bits."""

    count: int = 0
    sums: tuple[int, int, int, int] = (0, 0, 0, 0)

    def __add__(self, other: "Tally") -> "Tally":
        a, b = self.sums, other.sums
        return Tally(self.count + other.count, (a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3]))

    @property
    def seal(self) -> bytes:
        """The tally in 96 bits, as it is told."""
        return sha256(f"{self.count} {self.sums}".encode()).digest()[:SEAL_BYTES]


NOTHING = Tally()
Parts = Sequence[Tally]
"""The tallies of a range's sixteen parts, in order."""


@dataclass(frozen=True, slots=True)
class Question:
    """About the places that begin with `prefix`: the seal of what is held there, or the marks of all of it."""

    prefix: str
    seal: bytes | None = None
    marks: frozenset[bytes] | None = None


@dataclass(frozen=True, slots=True)
class Answer(Generic[Theirs]):
    """Of a range in which the answering end holds something else: its parts, or what each lacks of the other.

    `parts`: (count, seal) of all sixteen. `theirs`: members the asking end lacks. `lacking`: marks it alone has.
    """

    prefix: str
    parts: tuple[tuple[int, bytes], ...] = ()
    theirs: tuple[Theirs, ...] = ()
    lacking: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference(Generic[Mine, Theirs]):
    """Members of one range that only one end has."""

    mine: tuple[Mine, ...]
    theirs: tuple[Theirs, ...]


class Holder(Protocol[Member]):
    """An end: what it holds, by range."""

    def tally(self, prefixes: Sequence[str]) -> Mapping[str, Parts]:
        """Add up each of these ranges, which all are of one length, by its parts; an empty range may be left out."""
        ...

    def members(self, prefix: str) -> Mapping[bytes, Member]:
        """List a range: mark → member."""
        ...


def place_of(version_id: str) -> int:
    """Return the place of what is named by a hash in hex: its first fifteen digits."""
    return int(version_id[:DIGITS], 16)


def mark_of(version_id: str, files: Sequence[tuple[str, str]]) -> tuple[int, int, int, int]:
    """Return the mark of a version with these files, given as (name, sha256); their order does not matter."""
    told = "\n".join([version_id, *(f"{content} {name}" for name, content in sorted(files))])
    digest = sha256(told.encode("utf-8", "surrogatepass")).digest()
    return (_number(digest, 0), _number(digest, 4), _number(digest, 8), _number(digest, 12))


def write_mark(mark: Sequence[int]) -> bytes:
    return pack(">4I", *mark)


def bounds(prefix: str) -> tuple[int, int]:
    """Return the first and the last place of a range."""
    left = DIGITS - len(prefix)
    first = int(prefix or "0", 16) << (4 * left)
    return first, first + (1 << (4 * left)) - 1


def parts_of(prefix: str) -> list[str]:
    return [prefix + digit for digit in "0123456789abcdef"]


def answer_questions(holder: Holder[Theirs], questions: Sequence[Question]) -> Iterator[Answer[Theirs]]:
    """Answer those questions of which something differs here."""
    by_length: dict[int, list[Question]] = {}
    for question in questions:
        by_length.setdefault(len(question.prefix), []).append(question)
    for some in by_length.values():
        tallies = holder.tally([question.prefix for question in some])
        for question in some:
            answer = _answer(holder, question, tallies.get(question.prefix, ()))
            if answer is not None:
                yield answer


def _answer(holder: Holder[Theirs], question: Question, parts: Parts) -> Answer[Theirs] | None:
    whole = sum(parts, NOTHING)
    if question.marks is None:
        is_same = whole.seal == question.seal
        return None if is_same else Answer(question.prefix, parts=_told(parts))
    if whole.count > MOST_LISTED and len(question.prefix) < LONGEST:
        return Answer(question.prefix, parts=_told(parts))
    held = holder.members(question.prefix) if whole.count else {}
    theirs = tuple(held[mark] for mark in sorted(held.keys() - question.marks))
    lacking = tuple(sorted(question.marks - held.keys()))
    return Answer(question.prefix, theirs=theirs, lacking=lacking) if theirs or lacking else None


def _told(parts: Parts) -> tuple[tuple[int, bytes], ...]:
    return tuple((part.count, part.seal) for part in _all(parts))


Ask = Callable[[Sequence[Question]], Sequence[Answer[Theirs]]]


def find_differences(holder: Holder[Mine], ask: Ask[Theirs]) -> Iterator[Difference[Mine, Theirs]]:
    """Yield what only this end, or only the other, holds, range by range; memory does not grow with what is held.

    Raises EndlessRanges.
    """
    waiting = _begin(holder)
    for _ in range(MOST_QUESTIONS):
        if not waiting:
            return
        # Those parted last come first, so that what waits is never more than some hundred ranges of each length.
        now, waiting = waiting[-AT_ONCE:], waiting[:-AT_ONCE]
        asked = {question.prefix for question in now}
        for answer in ask(now):
            if answer.prefix not in asked or (answer.parts and len(answer.prefix) >= LONGEST):
                raise EndlessRanges
            asked.remove(answer.prefix)
            if answer.parts:
                waiting += yield from _part(holder, answer)
            else:
                yield _difference(holder, answer)
    raise EndlessRanges


def _begin(holder: Holder[Mine]) -> list[Question]:
    """Ask about all of it; of many members about 256 ranges at once, which spares a step."""
    firsts = parts_of("")
    tallies = holder.tally(firsts)
    parts = {
        name: part for first in firsts for name, part in zip(parts_of(first), _all(tallies.get(first)), strict=True)
    }
    whole = sum(parts.values(), NOTHING)
    if whole.count <= FEW * PARTS:
        return [_question(holder, "", whole)]
    return [Question(name, seal=part.seal) for name, part in parts.items()]


def _part(holder: Holder[Mine], answer: Answer[Theirs]) -> Generator[Difference[Mine, Theirs], None, list[Question]]:
    """Compare the parts of a range; return what to ask about those that differ."""
    own = _all(holder.tally([answer.prefix]).get(answer.prefix))
    further: list[Question] = []
    for name, mine, (count, seal) in zip(parts_of(answer.prefix), own, answer.parts, strict=True):
        if count == 0 and mine.count:
            yield from _list_own(holder, name, mine)
        elif mine.seal != seal:
            further.append(_question(holder, name, mine))
    return further


def _question(holder: Holder[Mine], prefix: str, mine: Tally) -> Question:
    if mine.count > FEW and len(prefix) < LONGEST:
        return Question(prefix, seal=mine.seal)
    return Question(prefix, marks=frozenset(holder.members(prefix)) if mine.count else frozenset())


def _list_own(holder: Holder[Mine], prefix: str, mine: Tally) -> Iterator[Difference[Mine, Theirs]]:
    """Yield all of a range of which the other end has nothing."""
    if mine.count <= MOST_LISTED or len(prefix) >= LONGEST:
        yield Difference(tuple(holder.members(prefix).values()), ())
        return
    for name, part in zip(parts_of(prefix), _all(holder.tally([prefix]).get(prefix)), strict=True):
        if part.count:
            yield from _list_own(holder, name, part)


def _difference(holder: Holder[Mine], answer: Answer[Theirs]) -> Difference[Mine, Theirs]:
    held = holder.members(answer.prefix) if answer.lacking else {}
    return Difference(tuple(held[mark] for mark in answer.lacking if mark in held), answer.theirs)


def _all(parts: Parts | None) -> Parts:
    return parts or (NOTHING,) * PARTS


def _number(digest: bytes, start: int) -> int:
    return int.from_bytes(digest[start : start + 4], "big")

"""Two sets are compared by ranges: what differs is found, all of it and nothing else, and little is said."""

import random
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from sync_server.core import range_digest
from sync_server.core.ids import sha256_hex
from sync_server.core.range_digest import (
    FEW,
    LONGEST,
    MARK_BYTES,
    SEAL_BYTES,
    Answer,
    EndlessRanges,
    Question,
    Tally,
    answer_questions,
    bounds,
    find_differences,
    mark_of,
    parts_of,
    place_of,
    write_mark,
)


class Memory:
    """An end that holds versions in memory: id → names of its files."""

    def __init__(self, held: Mapping[str, tuple[str, ...]]) -> None:
        self._members = sorted((place_of(id), self._mark(id, files), (id, *files)) for id, files in held.items())
        self._places = [place for place, _, _ in self._members]

    def tally(self, prefixes: Sequence[str]) -> Mapping[str, Sequence[Tally]]:
        return {prefix: [self._sum(part) for part in parts_of(prefix)] for prefix in prefixes}

    def members(self, prefix: str) -> Mapping[bytes, tuple[str, ...]]:
        return {write_mark(mark): member for _, mark, member in self._in(prefix)}

    def _sum(self, prefix: str) -> Tally:
        return sum((Tally(1, mark) for _, mark, _ in self._in(prefix)), Tally())

    def _in(self, prefix: str) -> list[tuple[int, tuple[int, int, int, int], tuple[str, ...]]]:
        first, last = bounds(prefix)
        return self._members[bisect_left(self._places, first) : bisect_right(self._places, last)]

    @staticmethod
    def _mark(id: str, files: tuple[str, ...]) -> tuple[int, int, int, int]:
        return mark_of(id, [(name, "f" * 64) for name in files])


@dataclass
class Talk:
    """Carries questions to an end, and counts them and their bytes."""

    end: Memory
    questions: int = 0
    size: int = 0
    longest: int = field(default=0)

    def __call__(self, questions: Sequence[Question]) -> Sequence[Answer[tuple[str, ...]]]:
        self.questions += 1
        answers = list(answer_questions(self.end, questions))
        self.longest = max(self.longest, len(questions))
        for question in questions:
            listed = len(question.marks or ()) * MARK_BYTES
            self.size += len(question.prefix) + (SEAL_BYTES if question.seal else listed)
        for answer in answers:
            told = len(answer.parts) * (SEAL_BYTES + 2) + len(answer.lacking) * MARK_BYTES
            self.size += len(answer.prefix) + told + sum(len(id) for id, *_ in answer.theirs)
        return answers


def make(numbers: range | list[int]) -> dict[str, tuple[str, ...]]:
    return {sha256_hex(str(number).encode()): () for number in numbers}


def compare(mine: Memory, theirs: Memory) -> tuple[set[tuple[str, ...]], set[tuple[str, ...]], Talk]:
    talk = Talk(theirs)
    found = list(find_differences(mine, talk))
    only_mine, only_theirs = ([m for d in found for m in d.mine], [t for d in found for t in d.theirs])
    assert len(only_mine) == len(set(only_mine))
    assert len(only_theirs) == len(set(only_theirs))
    return set(only_mine), set(only_theirs), talk


def as_members(held: dict[str, tuple[str, ...]]) -> set[tuple[str, ...]]:
    return {(id, *files) for id, files in held.items()}


@pytest.mark.parametrize("number", range(12))
def test_exactly_what_differs_is_found(number: int) -> None:
    seed = random.SystemRandom().randrange(10**6)
    print("seed", seed)
    chance = random.Random(seed)
    both = make(range(chance.choice([0, 1, 20, 400, 900])))
    mine, theirs = dict(both), dict(both)
    for number in range(chance.choice([0, 1, 17, 300])):
        id = sha256_hex(f"new {number}".encode())
        chance.choice([mine, theirs])[id] = ()
    for id in chance.sample(sorted(both), min(len(both), chance.choice([0, 3, 40]))):
        chance.choice([mine, theirs])[id] = ("photo.jpg",)
    only_mine, only_theirs, _ = compare(Memory(mine), Memory(theirs))
    assert only_mine == as_members(mine) - as_members(theirs)
    assert only_theirs == as_members(theirs) - as_members(mine)


def test_equal_sets_cost_one_question() -> None:
    held = make(range(700))
    only_mine, only_theirs, talk = compare(Memory(held), Memory(dict(reversed(held.items()))))
    assert (only_mine, only_theirs, talk.questions) == (set(), set(), 1)


def test_few_differences_among_many_members_cost_few_bytes() -> None:
    mine = make(range(3_000))
    theirs = make(range(9, 3_008))
    only_mine, only_theirs, talk = compare(Memory(mine), Memory(theirs))
    assert (len(only_mine), len(only_theirs)) == (9, 8)
    print("questions", talk.questions, "bytes", talk.size)
    assert talk.questions <= 3
    assert talk.size < 12_000


@pytest.mark.parametrize("swapped", [False, True])
def test_an_end_that_has_nothing_lacks_everything(swapped: bool) -> None:
    ends = Memory(make(range(1_000))), Memory({})
    only_mine, only_theirs, talk = compare(*(reversed(ends) if swapped else ends))
    assert (len(only_mine), len(only_theirs)) == ((0, 1_000) if swapped else (1_000, 0))
    assert talk.longest <= range_digest.AT_ONCE


def test_members_at_one_place_are_told_apart() -> None:
    """Nobody makes two contents whose hashes begin alike by chance; somebody may on purpose."""
    start = "ab" * 20
    mine = {start + f"{number:024x}": () for number in range(3 * FEW)}
    theirs = dict(list(mine.items())[1:])
    only_mine, only_theirs, _ = compare(Memory(mine), Memory(theirs))
    assert (len(only_mine), only_theirs) == (1, set())


def test_the_order_of_files_does_not_matter_and_their_names_do() -> None:
    one, other = ("a.jpg", "1" * 64), ("b.jpg", "2" * 64)
    assert mark_of("f" * 64, [one, other]) == mark_of("f" * 64, [other, one])
    marks = {mark_of("f" * 64, files) for files in ([], [one], [other], [one, other], [("b.jpg", "1" * 64)])}
    assert len(marks) == 5


def never_equal(questions: Sequence[Question]) -> list[Answer[str]]:
    return [Answer(question.prefix, parts=((9, b"x" * SEAL_BYTES),) * 16) for question in questions]


def another_range(questions: Sequence[Question]) -> list[Answer[str]]:
    return [Answer("f" * LONGEST, theirs=("made up",))]


@pytest.mark.parametrize("lie", [never_equal, another_range])
def test_an_end_that_makes_up_ranges_is_given_up(lie: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(range_digest, "MOST_QUESTIONS", 50)
    with pytest.raises(EndlessRanges):
        list(find_differences(Memory(make(range(40))), lie))  # type: ignore[arg-type]

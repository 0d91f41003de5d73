"""What two nodes ask each other to find out what one holds and the other does not (docs/completeness.md)."""

from dataclasses import dataclass

from sync_server.core.held_version import ALWAYS, HeldCount, HeldVersion, Period
from sync_server.core.range_digest import Answer, Question

VERSION = 1
"""Of these questions; an end that knows another only says so."""

HELD, ERASED, WITHDRAWN, UNKNOWN = "held", "erased", "withdrawn", "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class RangesAsked:
    """About a project, named by its uid, and a period: where this end holds the same; with counts, how much."""

    project: str
    period: Period = ALWAYS
    questions: tuple[Question, ...] = ()
    counts: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RangesAnswered:
    answers: tuple[Answer[HeldVersion], ...] = ()
    counts: tuple[HeldCount, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionsAsked:
    """About some versions of a project, by sha256, whenever they were received."""

    project: str
    versions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VersionFound:
    """What became of a version at an end: held, erased there, ordered back from the one that asks, or unknown."""

    version: str
    state: str
    held: HeldVersion | None = None

"""Answer, for a peer, what this node holds of what both must have in common: by ranges, and of single versions."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sync_server.core.held_version import HeldVersion
from sync_server.core.node_comparison import (
    ERASED,
    HELD,
    UNKNOWN,
    WITHDRAWN,
    RangesAnswered,
    RangesAsked,
    VersionFound,
    VersionsAsked,
)
from sync_server.core.range_digest import DIGITS, NOTHING, PARTS, Answer, Tally, answer_questions, bounds
from sync_server.node import Node
from sync_server.services.shared_versions import find_part
from sync_server.store import peer_subjects, replica_writes, version_marks
from sync_server.store.peers import PeerNode
from sync_server.store.version_marks import MarksPart


@dataclass(frozen=True, slots=True)
class HeldHere:
    """This node as one end of a comparison: its versions by range, named by their rows (core/range_digest.Holder)."""

    node: Node
    part: MarksPart

    def tally(self, prefixes: Sequence[str]) -> Mapping[str, Sequence[Tally]]:
        found: dict[str, list[Tally]] = {}
        with self.node.database.read() as session:
            for length, first, last in _spans(prefixes):
                shift = 4 * (DIGITS - length - 1)
                for bucket, tally in version_marks.iter_tallies(session, self.part, first, last, shift=shift):
                    prefix = f"{bucket >> 4:0{length}x}" if length else ""
                    found.setdefault(prefix, [NOTHING] * PARTS)[bucket % PARTS] = tally
        return found

    def members(self, prefix: str) -> Mapping[bytes, int]:
        with self.node.database.read() as session:
            return version_marks.find_members(session, self.part, *bounds(prefix))

    def describe(self, rows: Sequence[int]) -> dict[int, HeldVersion]:
        with self.node.database.read() as session:
            return version_marks.describe_versions(session, rows)


def _spans(prefixes: Sequence[str]) -> Iterator[tuple[int, int, int]]:
    """Join ranges that lie side by side: (length of the prefix, first place, last place)."""
    span: tuple[int, int, int] | None = None
    for prefix in sorted(prefixes):
        first, last = bounds(prefix)
        if span is not None and span[0] == len(prefix) and span[2] + 1 == first:
            span = (span[0], span[1], last)
            continue
        if span is not None:
            yield span
        span = (len(prefix), first, last)
    if span is not None:
        yield span


def compare_ranges(node: Node, peer: PeerNode, asked: RangesAsked) -> RangesAnswered:
    """Say where this node holds something else than the peer said of itself; raise NotFound, StillMarking."""
    part = find_part(node, peer, asked.project, asked.period)
    here = HeldHere(node, part)
    answers = list(answer_questions(here, asked.questions))
    told = here.describe([row for answer in answers for row in answer.theirs])
    counts = []
    if asked.counts:
        with node.database.read() as session:
            counts = version_marks.count_held(session, part)
    return RangesAnswered(answers=tuple(_tell(answer, told) for answer in answers), counts=tuple(counts))


def _tell(answer: Answer[int], told: Mapping[int, HeldVersion]) -> Answer[HeldVersion]:
    theirs = tuple(told[row] for row in answer.theirs if row in told)
    return Answer(answer.prefix, parts=answer.parts, theirs=theirs, lacking=answer.lacking)


def find_versions(node: Node, peer: PeerNode, asked: VersionsAsked) -> Sequence[VersionFound]:
    """Say what became here of versions that the peer names; of what is not for it, as if it were not here."""
    here = HeldHere(node, find_part(node, peer, asked.project))
    with node.database.read() as session:
        rows = version_marks.find_rows(session, here.part, asked.versions)
    held = here.describe(list(rows.values()))
    gone = _find_gone(node, peer, here.part.project_id, [v for v in asked.versions if rows.get(v) not in held])
    return [
        VersionFound(version, HELD, held[rows[version]])
        if rows.get(version) in held
        else VersionFound(version, gone.get(version, UNKNOWN))
        for version in asked.versions
    ]


def _find_gone(node: Node, peer: PeerNode, project_id: int, versions: Sequence[str]) -> dict[str, str]:
    """Say which were erased here, and which the peer was told to remove."""
    with node.database.read() as session:
        erased = replica_writes.find_erased_versions(session, versions)
        roots = version_marks.find_roots(session, project_id, versions)
        named = {(project_id, form_id, root): version for version, (form_id, of) in roots.items() for root in of}
        withdrawn = peer_subjects.find_withdrawn(session, peer.id, named)
    return {
        **{named[root]: WITHDRAWN for root in withdrawn},
        **{version: ERASED for version in versions if (project_id, version) in erased},
    }

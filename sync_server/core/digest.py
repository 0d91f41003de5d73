"""Sum up what a node holds in a few hashes, so that two nodes can compare by eye.

Over sets: order and repetition change nothing. A version's files are members of the set by themselves, so a version
told twice with some of its files each time sums up as the version with all of them.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sync_server.core.submission_state import Decision, SubmissionState, Version

_CANONICAL = json.JSONEncoder(ensure_ascii=True, sort_keys=True, separators=(",", ":"), allow_nan=False)


@dataclass(frozen=True, slots=True)
class Digest:
    """The sha256, in hex, of each set, and one of them all."""

    versions: str
    decisions: str
    states: str
    total: str


def digest(
    versions: Iterable[Version], decisions: Iterable[Decision] = (), states: Iterable[SubmissionState] = ()
) -> Digest:
    """Sum up versions, decisions and states; each is read once and may be a stream."""
    return digest_members(
        (member for version in versions for member in version_members(version.id, version.attachments)),
        (decision_member(d.id, d.kind, d.parents, d.body) for d in decisions),
        (canonical_json(state.to_json()) for state in states),
    )


def digest_members(versions: Iterable[str], decisions: Iterable[str], states: Iterable[str]) -> Digest:
    """Sum up sets whose members were written by the functions below (a store streams rows, not objects)."""
    parts = digest_set(versions), digest_set(decisions), digest_set(states)
    return Digest(*parts, sha256("\n".join(parts).encode()).hexdigest())


def digest_set(members: Iterable[str]) -> str:
    """Return the sha256 of a set of texts. Memory: about 100 bytes for each different member."""
    hashes = {sha256(member.encode()).digest() for member in members}
    return sha256(b"".join(sorted(hashes))).hexdigest()


def version_members(id: str, attachments: Iterable[tuple[str, str]]) -> list[str]:
    """Write a version and each of its attachments as members of the set of versions."""
    return [canonical_json([id]), *(canonical_json([id, name, content]) for name, content in attachments)]


def decision_member(id: str, kind: str, parents: Iterable[str], body: Any) -> str:
    """Write a decision as a member of the set of decisions."""
    return canonical_json({"id": id, "kind": kind, "parents": sorted(parents), "body": body})


def canonical_json(value: Any) -> str:
    """Write JSON values so that equal ones are written alike."""
    return _CANONICAL.encode(value)

"""Fold the set of received versions and decisions of a submission into its state (guarantee G2).

The result is a pure function of the set: order, duplicates, clocks and nodes play no part.
"""

from collections.abc import Iterable

from sync_server.core.submission_state import Conflict, Decision, SubmissionState, Version

__all__ = ["Conflict", "Decision", "SubmissionState", "Version", "resolve"]


def resolve(versions: Iterable[Version], decisions: Iterable[Decision] = ()) -> tuple[SubmissionState, ...]:
    """Return the states of the submissions in `versions`, by root_id.

    `versions` is a connected component: all that hang together by instanceID or deprecatedID. Several can come out.
    """
    received = list(versions)
    if len(received) == 1 and received[0].deprecated_id is None:
        return (_untouched(received[0]),)
    raise NotImplementedError


def _untouched(version: Version) -> SubmissionState:
    """Return the state of a submission nobody edited or sent twice: nearly all of them, so no XML is read."""
    attachments = dict(sorted(version.attachments))
    only = (version.id,)
    return SubmissionState(
        version.instance_id, version.id, {}, (), None, (version.instance_id,), only, 0, attachments
    )

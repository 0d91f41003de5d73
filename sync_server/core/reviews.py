"""Fold the reviews of one submission into its review state, as ODK Central has it.

The review that no other one has seen stands. Several that stand and say different things (people on two nodes) leave
a conflict for a person to settle by a further review. Until then the most cautious counts: rejected, hasIssues,
edited, approved, received. What one person doubts must not pass as approved because another did not see the doubt,
and a doubt too much costs a second look, not a wrong figure.

A content that no standing review has seen makes it "edited", as any edit does in Central: what was approved was not
this. The same content written otherwise is no edit.
"""

from collections.abc import Iterable

from sync_server.core.ids import VersionId
from sync_server.core.submission_state import EDITED, REVIEW, REVIEW_STATES, Conflict
from sync_server.core.verdict import Decisions


def fold_reviews(contents: Iterable[frozenset[VersionId]], judge: Decisions) -> tuple[str | None, tuple[Conflict, ...]]:
    """Return what the reviews of a submission come to (None without any), and the conflict when they disagree.

    Each of its contents is given as the versions that have it.
    """
    all_contents = list(contents)
    said, seen = judge.find_reviews(frozenset().union(*all_contents))
    if not said:
        return None, ()
    ordered = sorted(said, key=REVIEW_STATES.index)
    conflicts = (Conflict(REVIEW, ", ".join(ordered), ()),) if len(ordered) > 1 else ()
    is_all_seen = all(ids & seen for ids in all_contents)
    return (ordered[0] if is_all_seen else EDITED), conflicts

"""Open, closing, closed: fold what was decided about a form into its state, whatever the order of arrival.

A decision that another one follows is over. Of those that are left, made without knowledge of each other, the most
cautious holds: a form that somebody closed does not go on because somebody else reopened it before hearing of that.
"""

from collections.abc import Iterable

from sync_server.core.submission_state import Decision

OPEN, CLOSING, CLOSED = "open", "closing", "closed"
# The most cautious last.
STATES = (OPEN, CLOSING, CLOSED)


def fold_form_state(decisions: Iterable[Decision]) -> str | None:
    """Return the state that decisions about one form lead to; None when nobody decided."""
    said = {str(decision.body.get("state")) for decision in find_heads(decisions)}
    return max((state for state in STATES if state in said), key=STATES.index, default=None)


def find_heads(decisions: Iterable[Decision]) -> list[Decision]:
    """List the decisions that no other one follows, by id."""
    known = sorted(decisions, key=lambda decision: decision.id)
    followed = {parent for decision in known for parent in decision.parents}
    return [decision for decision in known if decision.id not in followed]

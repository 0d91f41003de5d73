"""Several decisions about one form, made without knowledge of each other, lead to one state everywhere."""

from itertools import permutations

import pytest

from sync_server.core.form_states import fold_form_state
from sync_server.core.submission_state import Decision


def decided(id: str, state: str, *parents: str) -> Decision:
    return Decision(id, "form_state", frozenset(parents), {"state": state})


@pytest.mark.parametrize(
    "decisions, state",
    [
        ((), None),
        ((decided("a", "closed"),), "closed"),
        ((decided("a", "closed"), decided("b", "open", "a")), "open"),
        ((decided("a", "open"), decided("b", "closing"), decided("c", "closed")), "closed"),
        ((decided("a", "closed"), decided("b", "open", "a"), decided("c", "closing", "a")), "closing"),
        ((decided("a", "closed"), decided("b", "closing"), decided("c", "open", "a", "b")), "open"),
        ((decided("b", "open", "unknown"),), "open"),
        ((decided("a", "ajar"),), None),
    ],
)
def test_the_most_cautious_of_the_newest_holds_in_any_order(decisions: tuple[Decision, ...], state: str | None) -> None:
    assert {fold_form_state(order) for order in permutations(decisions)} == {state}

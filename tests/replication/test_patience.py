"""A line that breaks is waited for, not for ever."""

import pytest

from sync_server.peer_errors import PeerAway
from sync_server.replication.patience import BREAKS, Patience

AWAY = PeerAway(reason="the line broke")


def test_waits_double_up_to_half_a_minute_and_then_it_gives_up() -> None:
    waits: list[float] = []
    patience = Patience(waits.append, chance=lambda: 0.5)
    for _ in range(BREAKS - 1):
        patience.broke(AWAY)
    assert waits == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0]
    with pytest.raises(PeerAway):
        patience.broke(AWAY)


def test_whatever_gets_through_begins_the_count_anew() -> None:
    waits: list[float] = []
    patience = Patience(waits.append, chance=lambda: 0.5)
    for _ in range(5 * BREAKS):
        patience.broke(AWAY)
        patience.moved()
    assert set(waits) == {0.5}
    assert patience.breaks == 5 * BREAKS

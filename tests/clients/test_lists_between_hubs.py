"""Two tablets at two hubs, offline: both register people and follow up one concern, and disagree; a person settles it
at one hub; all three nodes and both tablets come to the same.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.clients.office import Office
from tests.clients.shared_lists import (
    MEETING,
    PICKED,
    RAISED,
    SEED,
    Answers,
    newcomer,
    only_concern,
    people,
    write_answers,
)
from tests.support.server import SHIPPED_FORMS, LiveServer
from tests.support.tablet import Tablet

FOLLOW_UP = "cpf_concern_followup"


@dataclass(frozen=True)
class Region:
    """A centre and two hubs that have everything, each with its office; a tablet at each hub."""

    centre: Office
    north: Office
    south: Office
    tablets: tuple[Tablet, Tablet]

    def synchronise(self) -> None:
        """Let every hub go its rounds until what one of them has is at the other."""
        for hub in (self.north, self.south, self.north):
            hub.command("sync")

    def each(self, *words: str) -> list[str]:
        return [office.command(*words) for office in (self.centre, self.north, self.south)]


@pytest.fixture
def region(tmp_path: Path) -> Iterator[Region]:
    never = {"SYNC_SYNC_MINUTES": "0", "SYNC_SYNC_QUIET_SECONDS": "0"}
    with ExitStack() as stack:
        centre = stack.enter_context(LiveServer(tmp_path / "centre", environ={**never, **SHIPPED_FORMS}))
        hubs = [stack.enter_context(LiveServer(tmp_path / name, environ=never)) for name in ("north", "south")]
        at_centre, north, south = (Office(server) for server in (centre, *hubs))
        for hub, name in ((north, "north"), (south, "south")):
            code = at_centre.command("pair", "offer", name, "--all").splitlines()[-1]
            hub.command("pair", "accept", centre.url, code)
            hub.command("sync")
        tablets = (
            Tablet(tmp_path / "first", north.add_tablet("first")),
            Tablet(tmp_path / "second", south.add_tablet("second")),
        )
        yield Region(at_centre, north, south, tablets)


@pytest.fixture
def answers(tmp_path: Path) -> Callable[[str, Answers], Path]:
    return lambda form_id, given: write_answers(tmp_path, form_id, given)


def test_what_two_hubs_disagree_about_is_settled_at_one_and_known_everywhere(
    region: Region, answers: Callable[[str, Answers], Path]
) -> None:
    first, second = region.tablets
    first.fill_and_send(forms=["cpf_concern"], seed=SEED, answers=answers("cpf_concern", RAISED))
    region.synchronise()
    id, _ = only_concern(first)
    assert only_concern(second)[0] == id

    went = {"/data/g_fu/fu_date": "2026-11-25", "/data/g_fu/fu_actor": "police", "/data/next_review": None}
    for tablet, status, name in ((first, "resolved", "بهنام"), (second, "referred", "ئازاد")):
        follow_up = {**PICKED, **went, "/data/g_pick/concern": id, "/data/g_fu/new_status": status}
        meeting = {**MEETING, "/data/new_p": 1, **newcomer(1, "مريم", name)}
        tablet.fill(forms=[FOLLOW_UP], seed=SEED, answers=answers(FOLLOW_UP, follow_up))
        tablet.fill(forms=["cpf_attendance"], seed=SEED, answers=answers("cpf_attendance", meeting))
    for tablet in (first, second):
        tablet.send_pending()
    region.synchronise()
    shown, *others = region.each("entities", "list")
    assert others == [shown, shown]
    assert "concerns  entities=1 conflicts=1 waiting=0 " in shown
    assert "participants  entities=2 conflicts=0 waiting=0 " in shown

    region.south.command("entities", "settle", "concerns", id, "status=referred", "--reason", "asked both")
    region.synchronise()
    shown, *others = region.each("entities", "list")
    assert others == [shown, shown]
    assert "concerns  entities=1 conflicts=0 waiting=0 " in shown
    assert {only_concern(tablet)[1]["status"] for tablet in region.tablets} == {"referred"}
    assert sorted(people(first).values()) == sorted(people(second).values()) == ["مريم ئازاد", "مريم بهنام"]

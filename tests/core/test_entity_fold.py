"""An entity is what its events come to, whichever way and in whatever order they came."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations, permutations, product

import pytest

from sync_server.core.entity_event import (
    CREATE,
    DELETE,
    DELETION,
    RESTORE,
    UPDATE,
    UPSERT,
    WITHDRAWN,
    EntityEvent,
    EntityState,
)
from sync_server.core.entity_fold import fold_entity
from sync_server.core.entity_number import FINGERPRINTS, make_number
from sync_server.core.entity_rules import Rule, read_rules
from tests.support.entity_world import Step, World, naive_claims

CREATED = EntityEvent(id="c", kind=CREATE, values={"label": "Well", "status": "open", "place": "Bartella"}, source="s1")
BORN = make_number([CREATED])


def update(id: str, branch: str, number: int = 0, trunk: int = BORN, /, **values: str) -> EntityEvent:
    """The update after `number` others of a tablet's branch."""
    return EntityEvent(
        id=id, kind=UPDATE, values=values, base=trunk + number, trunk=trunk, branch=branch, source=f"s-{id}"
    )


def by_office(id: str, kind: str, sees: Sequence[EntityEvent], **values: str) -> EntityEvent:
    return EntityEvent(id=id, kind=kind, values=values, parents=frozenset(event.id for event in sees))


def about(state: EntityState) -> list[str]:
    return [conflict.about for conflict in state.conflicts]


def test_parallel_updates_of_different_properties_both_count() -> None:
    state = fold_entity([CREATED, update("u", "one", status="closed"), update("v", "two", place="Sinjar")])
    assert state.values == {"label": "Well", "status": "closed", "place": "Sinjar"}
    assert not state.conflicts
    assert not state.waits


def test_an_answer_passed_on_as_it_was_shown_changes_nothing() -> None:
    both = {"status": "open", "place": "Sinjar"}
    state = fold_entity([CREATED, update("u", "one", status="closed"), update("v", "two", **both)])
    assert (state.values["status"], state.values["place"]) == ("closed", "Sinjar")
    assert not state.conflicts


def test_parallel_updates_of_one_property_are_a_conflict_that_keeps_both() -> None:
    state = fold_entity([CREATED, update("u", "one", status="closed"), update("v", "two", status="referred")])
    (conflict,) = state.conflicts
    assert conflict.about == "status"
    assert [claim.value for claim in conflict.claims] == ["referred", "closed"]
    assert state.values["status"] == "referred"


def test_who_decides_having_seen_both_settles_it_once() -> None:
    parallel = [CREATED, update("u", "one", status="closed"), update("v", "two", status="referred")]
    decided = [*parallel, by_office("d", UPDATE, parallel, status="closed")]
    state = fold_entity(decided)
    assert state.values["status"] == "closed"
    assert not state.conflicts
    late = fold_entity([*decided, update("w", "three", status="open again")])
    assert about(late) == ["status"]


def test_saying_again_what_is_shown_for_the_time_being_does_not_settle_a_conflict() -> None:
    parallel = [CREATED, update("u", "one", status="closed"), update("v", "two", status="referred")]
    number = fold_entity(parallel).number
    seen = update("w", "three", 0, number, status="referred", place="Sinjar")
    state = fold_entity([*parallel, seen])
    assert about(state) == ["status"]
    assert state.values["place"] == "Sinjar"


def test_an_update_that_came_before_its_base_shows_at_once_and_waits() -> None:
    second = update("v", "one", 1, status="resolved")
    early = fold_entity([CREATED, second])
    assert early.values["status"] == "resolved"
    assert early.waits == ("v",)
    whole = fold_entity([CREATED, second, update("u", "one", status="closed")])
    assert whole.values["status"] == "resolved"
    assert not whole.waits
    assert not whole.conflicts


def test_an_update_without_its_creation_is_kept_and_not_shown() -> None:
    early = fold_entity([update("u", "one", status="closed")])
    assert not early.is_created
    assert early.waits == ("u",)


def test_what_a_tablet_made_and_went_on_with_offline_is_one_line() -> None:
    first = update("a", "own", 1, 0, status="closed")
    second = update("b", "own", 2, 0, status="resolved")
    state = fold_entity([second, first, CREATED])
    assert state.values["status"] == "resolved"
    assert not state.conflicts
    assert not state.waits


def test_who_decided_without_having_all_of_it_does_not_contradict_what_they_saw() -> None:
    """At a hub that has what people decided about an entity, and not the submissions."""
    tablets = [CREATED, update("u", "one", status="closed"), update("v", "two", place="Sinjar")]
    first = by_office("z", UPDATE, tablets, status="dry")
    after = by_office("d", UPDATE, [first], status="open")
    assert not fold_entity([*tablets, first, after]).conflicts
    part = fold_entity([first, after])
    assert (part.values, part.conflicts, part.waits, part.is_created) == ({"status": "open"}, (), ("z",), False)


def test_two_that_create_the_same_come_together_property_by_property() -> None:
    other = replace(CREATED, id="d", values={"label": "Well", "status": "closed"}, source="s2")
    state = fold_entity([CREATED, other])
    assert about(state) == ["status"]
    assert state.values["place"] == "Bartella"


def test_an_upsert_creates_what_is_not_there_and_updates_what_is() -> None:
    upsert = EntityEvent(id="u", kind=UPSERT, values={"label": "Well", "status": "closed"}, source="s2")
    assert fold_entity([upsert]).is_created
    known = replace(upsert, base=BORN, trunk=BORN, branch="one")
    state = fold_entity([CREATED, known])
    assert state.values["status"] == "closed"
    assert not state.conflicts


def test_deleted_and_restored() -> None:
    deleted = by_office("d", DELETE, [CREATED])
    assert fold_entity([CREATED, deleted]).is_deleted
    restored = by_office("r", RESTORE, [CREATED, deleted])
    state = fold_entity([CREATED, deleted, restored])
    assert not state.is_deleted
    assert not state.conflicts


def test_what_was_gathered_about_a_deleted_entity_is_kept_and_a_person_is_told() -> None:
    deleted, late = by_office("d", DELETE, [CREATED]), update("u", "one", status="closed")
    state = fold_entity([CREATED, deleted, late])
    assert state.is_deleted
    assert state.values["status"] == "closed"
    assert about(state) == [DELETION]
    assert not fold_entity([CREATED, deleted, late, by_office("e", DELETE, [CREATED, deleted, late])]).conflicts
    assert not fold_entity([CREATED, deleted, late, by_office("r", RESTORE, [CREATED, deleted, late])]).conflicts


def test_a_number_says_which_of_two_hubs_a_tablet_had_its_list_from() -> None:
    at_one, at_other = update("u", "one", status="closed"), update("v", "two", status="referred")
    seen_there = fold_entity([CREATED, at_one]).number
    assert seen_there != fold_entity([CREATED, at_other]).number
    after = update("w", "three", 0, seen_there, status="resolved")
    state = fold_entity([CREATED, at_one, at_other, after])
    assert [claim.value for claim in state.conflicts[0].claims] == ["resolved", "referred"]


def test_the_number_grows_with_everything_that_becomes_known() -> None:
    events = [CREATED, update("u", "one", status="closed"), update("v", "two", place="Sinjar")]
    numbers = [make_number(events[:count]) for count in range(4)]
    assert numbers == sorted(set(numbers))
    edited = replace(events[1], facts=2)
    assert make_number([CREATED, edited, events[2]]) > numbers[3]
    assert all(number >= FINGERPRINTS for number in numbers[1:])


def test_an_update_is_placed_even_when_what_its_author_saw_was_edited_since() -> None:
    number = fold_entity([CREATED, update("u", "one", status="closed")]).number
    edited = replace(update("u", "one", status="shut"), facts=2)
    after = update("w", "two", 0, number, status="resolved")
    state = fold_entity([CREATED, edited, after])
    assert state.values["status"] == "resolved"
    assert not state.conflicts
    assert not state.waits


def test_updates_that_begin_from_versions_nobody_served_wait_and_are_not_searched_for_ever() -> None:
    forged = [update(f"{n:02d}", f"b{n}", 0, 990_000 + n, status="x") for n in range(60)]
    state = fold_entity([CREATED, *forged])
    assert len(state.waits) == 60
    assert not state.conflicts


def test_rules_of_the_list_merge_what_is_parallel() -> None:
    rules = read_rules(
        {
            "severity": "maximum",
            "groups": "union",
            "status": "latest by  on",
            "on": "maximum",
            "raised": "count",
        }
    )
    made = EntityEvent(id="c", kind=CREATE, values={"raised": "1", "on": "2026-11-01"}, source="s1")
    trunk = make_number([made])
    one = {"severity": "9", "groups": "women", "status": "closed", "on": "2026-11-09", "raised": "2"}
    two = {"severity": "10", "groups": "youth women", "status": "open", "on": "2026-11-08", "raised": "2"}
    parallel = [made, update("u", "one", 0, trunk, **one), update("v", "two", 0, trunk, **two)]
    state = fold_entity(parallel, rules)
    merged = {"severity": "10", "groups": "women youth", "status": "closed", "on": "2026-11-09", "raised": "3"}
    assert state.values == merged
    assert not state.conflicts
    corrected = fold_entity(
        [*parallel, by_office("d", UPDATE, parallel, status="open", severity="2", raised="7")], rules
    )
    assert {**corrected.values} == {**merged, "status": "open", "severity": "2", "raised": "7"}


def test_a_rule_that_finds_no_furthest_date_leaves_it_to_a_person() -> None:
    rules = {"status": Rule("latest", "on")}
    same_day = [
        CREATED,
        update("u", "one", status="closed", on="2026-11-09"),
        update("v", "two", status="referred", on="2026-11-09"),
    ]
    assert about(fold_entity(same_day, rules)) == ["status"]


@pytest.mark.parametrize("cell", ["newest", "latest", "latest by", "union by on", ""])
def test_what_is_no_rule_is_none(cell: str) -> None:
    assert read_rules({"status": cell}) == {}


def five_events() -> list[EntityEvent]:
    first = update("u", "one", status="closed")
    second = update("a", "two", status="referred", place="Sinjar")
    edit = by_office("e", UPDATE, [CREATED, first], place="Mosul")
    deleted = by_office("d", DELETE, [CREATED, first, edit])
    return [CREATED, first, second, edit, deleted, by_office("r", RESTORE, [CREATED, first, edit, deleted])]


@pytest.mark.parametrize("left_out", [*"cuaedr"])
def test_every_order_of_arrival_comes_to_one_state(left_out: str) -> None:
    events = [event for event in five_events() if event.id != left_out]
    expected = fold_entity(events)
    assert all(fold_entity(order) == expected for order in permutations(events))
    assert len(set(about(expected))) == len(about(expected))
    subsets = [some for count in range(6) for some in combinations(events, count)]
    numbers = {frozenset(event.id for event in some): fold_entity(some).number for some in subsets}
    assert all(numbers[less] < numbers[more] for less in numbers for more in numbers if less < more)


STEPS: tuple[Step, ...] = (
    ("fetch", "T1", "A"),
    ("fetch", "T2", "B"),
    ("update", "T1", "status", "closed"),
    ("update", "T1", "status", "resolved"),
    ("update", "T2", "status", "referred"),
    ("update", "T2", "place", "Sinjar"),
    ("send", "T1", "A"),
    ("send", "T1", "B"),
    ("send_last", "T2", "B"),
    ("send", "T2", "B"),
    ("edit", "A", "place", "Mosul"),
    ("delete", "B"),
    ("restore", "A"),
    ("settle", "A"),
    ("sync",),
)


def stories(chance: random.Random, count: int, length: int) -> Iterator[list[Step]]:
    for _ in range(count):
        yield [chance.choice(STEPS) for _ in range(length)]


def check_story(story: list[Step]) -> None:
    """Play it, let everything arrive everywhere, and hold the result against what really was seen."""
    world = World()
    world.do(("create", "A"))
    world.do(("sync",))
    for step in story:
        world.do(step)
    for step in (("send", "T1", "A"), ("send", "T2", "B"), ("sync",)):
        world.do(step)
    shown, truth = fold_entity(world.hubs["A"].events.values()), fold_entity(world.truth())
    assert shown == fold_entity(world.hubs["B"].events.values()), story
    assert not shown.waits, story
    assert replace(shown, number=0) == replace(truth, number=0), story
    for name, values in naive_claims(world.truth()).items():
        said = [{claim.value for claim in c.claims} for c in shown.conflicts if c.about == name]
        assert said == ([values] if len(values) > 1 else []), story
        assert shown.values[name] in values, story


def test_stories_of_two_tablets_and_an_office_at_two_hubs_come_out_as_they_were_seen() -> None:
    seed = random.randrange(2**32)
    print(f"seed={seed}")
    for story in stories(random.Random(seed), 150, 12):
        check_story(story)


@pytest.mark.long
def test_every_story_of_four_steps_comes_out_as_it_was_seen() -> None:
    for story in product(STEPS, repeat=4):
        check_story([("fetch", "T1", "A"), ("fetch", "T2", "B"), *story])


@pytest.mark.parametrize("source", ["s1", None])
@pytest.mark.parametrize("kind", [CREATE, UPSERT])
def test_what_only_was_created_is_what_the_whole_fold_makes_of_it(kind: str, source: str | None) -> None:
    alone = EntityEvent(id="c", kind=kind, values={"label": "Well", "raised": "07", "place": ""}, source=source)
    later = replace(alone, id="d", kind=WITHDRAWN, values={})
    rules = read_rules({"raised": "count"})
    short, whole = fold_entity([alone], rules), fold_entity([alone, later], rules)
    assert replace(whole, number=short.number, events=short.events) == short

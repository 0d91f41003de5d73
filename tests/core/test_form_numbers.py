"""Gaps in forms' numbers: every planted loss is named, nothing that came or never was is."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from sync_server.core.form_numbers import MOST_GAPS, Gap, Numbered, Restart, Series, count_series, find_restarts
from sync_server.core.form_numbers import read_number as read
from tests.support.number_fleet import CAME, FORMS, Fleet, iter_losses, make_fleet
from tests.support.samples import submission

NOON = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def counted(*numbers: int, series: str = "A", tablet: str = "7", since: float = 0) -> list[Numbered]:
    return [Numbered(series, number, at(since + place), tablet) for place, number in enumerate(sorted(numbers))]


def test_numbers_that_never_came_are_named_with_when_their_neighbours_came() -> None:
    [series] = count_series(counted(1, 2, 5, 6, 8))
    assert series.gaps == (Gap(3, 4, at(1), at(2)), Gap(7, 7, at(3), at(4)))
    assert (series.came, series.missing, series.highest) == (5, 3, 8)


def test_the_first_numbers_can_be_missing_too() -> None:
    [series] = count_series(counted(3))
    assert series.gaps == (Gap(1, 2, None, at(0)),)


def test_a_number_that_came_twice_is_one() -> None:
    [series] = count_series(counted(1, 1, 2))
    assert (series.came, series.gaps) == (2, ())


def test_an_absurd_number_makes_one_gap_and_very_many_gaps_are_counted_only() -> None:
    assert next(count_series(counted(1, 2**31 - 1))).missing == 2**31 - 3
    [series] = count_series(counted(*range(2, 402, 2)))
    assert (len(series.gaps), series.missing) == (MOST_GAPS, 200)


def test_counting_anew_is_a_restart_and_no_gap() -> None:
    before, after = counted(1, 2, 3), counted(1, 2, series="B", since=60)
    series = list(count_series(before + after))
    assert [each.missing for each in series] == [0, 0]
    assert find_restarts(series) == [Restart(3, at(2), at(60))]


def test_two_tablets_with_one_name_count_side_by_side() -> None:
    series = count_series(counted(1, 2, 3) + counted(1, 2, series="B", since=1))
    assert find_restarts(series) == []


@pytest.mark.parametrize(
    ("answers", "found"),
    [
        ("<form_series>A</form_series><form_number>7</form_number>", ("A", 7)),
        ("<form_series>A</form_series><form_number> 7\n</form_number>", ("A", 7)),
        ("<form_series/><form_number>7</form_number>", None),
        ("<form_series>A</form_series><form_number/>", None),
        ("<form_series>A</form_series><form_number>0</form_number>", None),
        ("<form_series>A</form_series><form_number>1.0</form_number>", None),
        ("<form_series>A</form_series><form_number>٧</form_number>", None),
        ("<form_series>A</form_series><form_number>99999999999999</form_number>", None),
        ("<group><form_series>A</form_series><form_number>7</form_number></group>", None),
    ],
)
def test_a_number_is_read_where_it_can_be(answers: str, found: tuple[str, int] | None) -> None:
    assert read(submission("uuid:one", answers)) == found
    assert read(b"no xml") is None


@pytest.mark.parametrize("seed", range(1, 3))
def test_in_a_fleet_every_planted_loss_is_named_and_nothing_that_came_is(seed: int) -> None:
    check_fleet(make_fleet(seed))


@pytest.mark.long
def test_in_many_fleets() -> None:
    figures = sum((check_fleet(make_fleet(seed)) for seed in range(401, 441)), Counter[str]())
    print(dict(figures))


def check_fleet(fleet: Fleet) -> Counter[str]:
    """Compare what is told with the truth; return how often each came about."""
    series = [each for form in FORMS for each in count_series(fleet.of_form(form))]
    asked = {(each.name, number) for each in series for number in _numbers(each)}
    truth = {(name, number): fate for name, count in fleet.counts.items() for number, fate in count.fates.items()}
    assert asked <= truth.keys(), "a number that never was"
    figures = Counter(f"asked: {truth[each]}" for each in asked)
    assert not figures[f"asked: {CAME}"]
    highest = {each.name: each.highest for each in series}
    assert asked == {each for each, fate in truth.items() if fate != CAME and each[1] <= highest.get(each[0], 0)}
    figures += Counter(_how_named(fleet, series, asked, loss) for loss in iter_losses(fleet))
    assert figures["loss: by its number"] > 0
    assert not figures["loss: not at all"]
    _check_restarts(fleet, series)
    return figures + Counter({"came": len({(each.series, each.number) for each in fleet.numbered})})


def _how_named(fleet: Fleet, series: list[Series], asked: set[tuple[str, int]], loss: tuple[str, int]) -> str:
    """Say how a loss shows. At the end of a count nothing tells of it until the tablet counts on, or anew."""
    if loss in asked:
        return "loss: by its number"
    count = fleet.counts[loss[0]]
    theirs = [each for each in series if (each.tablet, fleet.counts[each.name].form) == (count.tablet, count.form)]
    own = next((each for each in theirs if each.name == loss[0]), None)
    if own is None:
        order = list(fleet.counts)  # one tablet's counts follow each other
        is_later = {order.index(each.name) > order.index(loss[0]) for each in theirs}
        return (
            "loss: before a restart" if len(is_later) == 2 else "loss: of a first or last count of which nothing came"
        )
    if any(restart.last_at == own.last_at and restart.after < loss[1] for restart in find_restarts(theirs)):
        return "loss: before a restart"
    return "loss: not at all" if any(each.first_at > own.last_at for each in theirs) else "loss: the last of a tablet"


def _check_restarts(fleet: Fleet, series: Iterable[Series]) -> None:
    by_tablet: dict[tuple[str, str], list[Series]] = {}
    for each in series:
        by_tablet.setdefault((each.tablet, fleet.counts[each.name].form), []).append(each)
    for theirs in by_tablet.values():
        ended = [each for each in theirs if fleet.counts[each.name].ended]
        assert len(find_restarts(theirs)) <= len(ended)


def _numbers(series: Series) -> Iterable[int]:
    return (number for gap in series.gaps for number in range(gap.first, gap.last + 1))

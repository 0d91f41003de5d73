"""An age counts in the calendar's months."""

from datetime import UTC, datetime

import pytest

from sync_server.core.ages import before_age

NOW = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("age", "day"),
    [("1d", "2026-03-30"), ("2w", "2026-03-17"), ("1m", "2026-02-28"), ("24m", "2024-03-31"), ("2Y", "2024-03-31")],
)
def test_an_age_is_a_moment_before(age: str, day: str) -> None:
    assert f"{before_age(NOW, age):%Y-%m-%d}" == day


@pytest.mark.parametrize("age", ["", "0m", "-1d", "24", "m", "9999y"])
def test_what_is_no_age_is_refused(age: str) -> None:
    with pytest.raises(ValueError):
        before_age(NOW, age)

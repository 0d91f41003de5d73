"""Start and end are read from where the form keeps them, whatever it calls them."""

from datetime import UTC, datetime

import pytest

from sync_server.core.clock_answers import TimePaths, find_time_paths, read_times
from sync_server.core.xform import parse_xform
from tests.support.samples import xform

PLAIN = TimePaths()


def test_the_questions_are_found_by_what_fills_them() -> None:
    bind = b'<bind nodeset="/data/when/done" type="dateTime"'
    preload = b' xmlns:jr="http://openrosa.org/javarosa" jr:preload="timestamp" jr:preloadParams="end"'
    form = xform("1", {"/when/done": "dateTime"}).replace(bind, bind + preload)
    assert find_time_paths(parse_xform(form)) == TimePaths("/start", "/when/done")


def test_both_are_read_with_their_zone() -> None:
    xml = b"<data><start>2026-11-22T11:40:00.000Z</start><when><end>2026-11-22T15:00:00.250+03:00</end></when></data>"
    start, end = read_times(xml, TimePaths("/start", "/when/end"))
    assert (start, end) == (
        datetime(2026, 11, 22, 11, 40, tzinfo=UTC),
        datetime(2026, 11, 22, 12, 0, 0, 250_000, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    "xml",
    [
        b"not XML",
        b"<data/>",
        b"<data><end/></data>",
        b"<data><end>yesterday</end></data>",
        b"<data><end>2026-11-22T15:00:00</end></data>",
        b"<data><end>0001-01-01T00:00:00+14:00</end></data>",
        b"<data><end>9999-12-31T23:59:59-14:00</end></data>",
    ],
)
def test_what_cannot_be_a_moment_is_none(xml: bytes) -> None:
    assert read_times(xml, PLAIN) == (None, None)

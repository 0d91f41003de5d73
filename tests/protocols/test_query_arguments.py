"""What an address asks for is read, or refused in words, whatever is written there."""

import pytest
from flask import Flask

from sync_server.errors import UnexpectedValue
from sync_server.protocols.query_arguments import read_day, read_number


def test_what_is_not_given_is_none(app: Flask) -> None:
    with app.test_request_context("/?day="):
        assert (read_number("number"), read_day("day")) == (None, None)


def test_a_number_and_a_day_are_read(app: Flask) -> None:
    with app.test_request_context("/?number=42&day=2026-11-23"):
        assert (read_number("number"), str(read_day("day"))) == (42, "2026-11-23")


@pytest.mark.parametrize("given", ["", "-1", "1.5", "٤٢", str(2**31), "9" * 5_000])
def test_what_is_no_number_is_refused(app: Flask, given: str) -> None:
    with app.test_request_context("/", query_string={"number": given}), pytest.raises(UnexpectedValue):
        read_number("number")


@pytest.mark.parametrize("given", ["yesterday", "2026-02-30", "0001-01-01", "9999-12-31"])
def test_what_is_no_day_of_our_time_is_refused(app: Flask, given: str) -> None:
    with app.test_request_context("/", query_string={"day": given}), pytest.raises(UnexpectedValue):
        read_day("day")

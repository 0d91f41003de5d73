"""The page Clocks: whose clock was off, by how much, as a picture and as a table, in the reader's language."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient
from lxml import etree

from sync_server.core.roles import DATA_COLLECTOR, MNE
from sync_server.core.scope import Grant
from sync_server.core.tablet_clock import Point
from sync_server.node import Node
from sync_server.web.office.clock_plot import draw_plot
from tests.support.clock_forms import DAY, send_filled
from tests.support.people import add_person
from tests.support.samples import NOON, publish
from tests.web.conftest import sign_in

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def fleet(hub: Node) -> None:
    """Yesterday a right tablet sent one form, and one three hours ahead two."""
    publish(hub, "0", {"/start": "dateTime", "/end": "dateTime"})
    yesterday = (datetime.now(UTC) - NOON).total_seconds() / 60 - 2 * DAY
    send_filled(hub, "uuid:right", finished=yesterday, sent=yesterday + 60, off=timedelta(), device_id="collect:right")
    for at in (yesterday - DAY, yesterday):
        send_filled(hub, f"uuid:{at}", finished=at, sent=at + 60, off=timedelta(hours=3))


def words(client: FlaskClient, path: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub("<[^>]+>", " ", client.get(path).text)))


@pytest.mark.usefixtures("fleet")
def test_it_says_whose_clock_was_off_and_how_often_another_time_is_proposed(office: FlaskClient) -> None:
    text = words(office, "/clocks")
    assert "collect:abc Another time is proposed for 2 of 2 submissions" in text
    assert "Its clock when last it could be told 3 h ahead" in text
    assert "By how much the clock was off" in text
    assert "The tablet said its own time when it sent, and that was off by this much." in text
    assert "collect:right · 1" in text


@pytest.mark.usefixtures("fleet")
def test_it_is_said_in_arabic_and_kurdish(office: FlaskClient) -> None:
    assert "متقدمة" in words(office, "/clocks?lang=ar")
    page = office.get("/clocks?lang=ckb").text
    assert 'lang="ckb" dir="rtl"' in page
    assert "لە پێشەوە" in page


@pytest.mark.usefixtures("fleet")
def test_a_period_is_of_what_came_in_it(office: FlaskClient, hub: Node) -> None:
    send_filled(
        hub, "uuid:old", finished=-60 * DAY, sent=-60 * DAY + 60, off=timedelta(hours=5), device_id="collect:old"
    )
    assert "collect:old" not in words(office, "/clocks?days=30")
    assert "collect:old" in words(office, "/clocks?days=365")
    assert "the last 90 days" in words(office, "/clocks?days=nonsense")


def test_a_node_without_submissions_says_so(office: FlaskClient) -> None:
    assert "Nothing came in this time" in words(office, "/clocks")


@pytest.mark.usefixtures("fleet")
def test_who_reads_cleaned_answers_finds_it_and_who_fills_forms_does_not(app: Flask, hub: Node) -> None:
    for name, role, status in (("mina", MNE, 200), ("chelsea", DATA_COLLECTOR, 403)):
        add_person(hub, name, Grant(role, 1))
        client = app.test_client()
        sign_in(client, f"{name}@example.org")
        assert client.get("/clocks").status_code == status
        assert ('href="/clocks"' in client.get("/account").text) == (status == 200)


def draw(*points: Point, is_rtl: bool = False) -> etree._Element:
    svg = draw_plot(points, since=NOON, until=NOON + timedelta(days=10), title="<how far>", is_rtl=is_rtl)
    return etree.fromstring(svg)


def places(svg: etree._Element) -> list[tuple[float, float]]:
    return [(float(c.get("cx") or 0), float(c.get("cy") or 0)) for c in svg.iter(f"{SVG}circle")]


def test_ahead_is_above_the_line_behind_below_and_right_on_it() -> None:
    at = [NOON + timedelta(days=day) for day in (1, 5, 9)]
    svg = draw(Point(at[0], 10_800), Point(at[1], 0), Point(at[2], -10_800))
    (x0, ahead), (x1, right), (x2, behind) = places(svg)
    assert ahead < right < behind
    assert right - ahead == pytest.approx(behind - right, abs=0.2)
    assert x0 < x1 < x2
    assert svg.findtext(f"{SVG}title") == "<how far>"


def test_time_runs_from_right_to_left_where_the_page_is_read_so() -> None:
    svg = draw(Point(NOON, 60), Point(NOON + timedelta(days=10), 60), is_rtl=True)
    (first, _), (last, _) = places(svg)
    assert first > last


def test_half_a_century_and_an_hour_are_both_within_the_picture() -> None:
    svg = draw(Point(NOON - timedelta(days=40), -56 * 365 * 86_400), Point(NOON + timedelta(days=1), 3_600))
    _, _, width, height = (float(n) for n in (svg.get("viewBox") or "").split())
    assert all(0 <= x <= width and 0 <= y <= height for x, y in places(svg))
    assert places(svg)[1][1] < height / 2 - 5

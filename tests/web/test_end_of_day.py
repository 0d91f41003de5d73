"""The end-of-day sheet: who is shown it, what is on it, and that no answer is."""

import re
from datetime import timedelta
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient

from sync_server.core.roles import MNE
from sync_server.core.scope import Grant
from sync_server.node import Node
from sync_server.services import devices
from sync_server.services.tablet_completeness import see_tablets
from tests.support.numbered_forms import publish_counted, send_counted
from tests.support.people import PASSWORD, add_person
from tests.support.samples import NOON, send, submission
from tests.web.conftest import sign_in

SHEET = "/projects/1/end-of-day/2026-11-22"


@pytest.fixture
def day(hub: Node) -> None:
    """Two tablets on a day; one of them counts, and lacks a photo."""
    publish_counted(hub)
    sara, _token = devices.add_device(hub, None, "Tablet of Sara", 1)
    devices.add_device(hub, None, "Asleep", 1)
    send_counted(hub, "S", 1, 2, 5, actor_id=sara.id)
    send_counted(hub, "T", 1, actor_id=sara.id, minutes=60)
    answers = "<place>Bartella</place><photo>a.jpg</photo>"
    send(hub, submission("uuid:one", answers), actor_id=sara.id, minutes=70)


def words(client: FlaskClient, path: str = SHEET) -> str:
    """What is read on the page, without markup."""
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return re.sub(r"\s+", " ", unescape(re.sub("<[^>]+>", " ", answer.text)))


def test_it_says_what_came_from_each_tablet_and_what_to_ask(hub: Node, day: None, office: FlaskClient) -> None:
    text = words(office)
    assert "Sunday 22 November 2026" in text
    assert "All times are of Asia/Baghdad (UTC+03:00)" in text
    assert "Tablet of Sara Visit 5 5 5 1 0 22 Nov 2026, 13:10" in text
    assert "Asleep 0 0 0 0 never" in text
    assert "All tablets 5 5 1 0" in text
    assert "Tablet of Sara · Visit : numbers 3 to 4 never came." in text
    assert "counts anew since 22 Nov 2026, 13:00" in text


def test_the_slip_has_the_code_that_the_server_says(hub: Node, day: None, office: FlaskClient) -> None:
    report = see_tablets(hub, None, project_id=1, now=NOON + timedelta(hours=5))
    sara = next(tablet for tablet in report.tablets if tablet.code)
    page = office.get(SHEET).text
    assert page.count('class="slip"') == 1
    assert f'<code dir="ltr">{sara.code}</code>' in page


def test_no_answer_is_on_it(day: None, office: FlaskClient) -> None:
    assert "Bartella" not in office.get(SHEET).text


@pytest.mark.parametrize(
    ("language", "title", "question"),
    [
        ("ar", "ورقة نهاية اليوم", "الأرقام من 3 إلى 4 لم تصل."),
        ("ckb", "پەڕەی کۆتایی ڕۆژ", "ژمارەکانی 3 تا 4 نەگەیشتن."),
    ],
)
def test_it_is_in_the_language_from_right_to_left(
    day: None, office: FlaskClient, language: str, title: str, question: str
) -> None:
    page = office.get(f"{SHEET}?lang={language}").text
    assert f'<html lang="{language}" dir="rtl">' in page
    assert title in page
    assert question in page
    assert "<bdi>Tablet of Sara</bdi>" in page


def test_another_day_and_language_are_a_link_away(day: None, office: FlaskClient) -> None:
    assert f'href="{SHEET}?lang=ar"' in office.get(SHEET).text
    assert office.get("/end-of-day?project=1&day=2026-11-22").location == SHEET
    assert re.fullmatch(r"/projects/1/end-of-day/\d{4}-\d\d-\d\d", office.get("/end-of-day").location)
    assert 'href="/end-of-day"' in office.get("/sync").text
    assert "Asleep 0 0 0 0 never" in words(office, "/projects/1/end-of-day/2026-11-23")


def test_a_day_that_is_none_is_said(office: FlaskClient) -> None:
    answer = office.get("/projects/1/end-of-day/yesterday")
    assert answer.status_code == 400
    assert "write a day as in 2026-11-23" in answer.text
    assert office.get("/projects/7/end-of-day/2026-11-22").status_code == 404


def test_who_may_not_look_after_what_waits_is_refused(hub: Node, app: Flask, day: None) -> None:
    add_person(hub, "mina", Grant(MNE, 1))
    with app.test_client() as client:
        assert client.get(SHEET).status_code == 303
        sign_in(client, "mina@example.org", PASSWORD)
        assert client.get(SHEET).status_code == 403

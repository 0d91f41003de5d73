"""Languages: how one is chosen, what it changes on the page, and that every text has a translation."""

import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from flask.testing import FlaskClient

import sync_server
from sync_server.node import Node
from tests.support.samples import publish_visit, send, visit

PACKAGE = Path(sync_server.__file__).parent
METHODS = [("web/templates/**.html", "jinja2"), ("**.py", "python")]


@pytest.mark.parametrize(
    ("header", "language", "direction"),
    [
        ("", "en", "ltr"),
        ("de-DE,de;q=0.9", "en", "ltr"),
        ("ar-IQ,ar;q=0.9,en;q=0.8", "ar", "rtl"),
        ("ckb,en;q=0.5", "ckb", "rtl"),
        ("ckb-IQ", "ckb", "rtl"),
        ("ku", "ckb", "rtl"),
    ],
)
def test_browser_gets_its_own_language(visitor: FlaskClient, header: str, language: str, direction: str) -> None:
    page = visitor.get("/", headers={"Accept-Language": header})

    assert f'<html lang="{language}" dir="{direction}">' in page.text


def test_chosen_language_wins_and_is_remembered(visitor: FlaskClient) -> None:
    visitor.get("/?lang=ckb", headers={"Accept-Language": "ar"})

    assert '<html lang="ckb" dir="rtl">' in visitor.get("/sign-in", headers={"Accept-Language": "ar"}).text
    assert '<html lang="en" dir="ltr">' in visitor.get("/?lang=en").text
    assert '<html lang="en" dir="ltr">' in visitor.get("/?lang=xx").text


def test_choosing_a_language_stays_on_the_page_and_keeps_where_to_go(visitor: FlaskClient) -> None:
    assert "/sign-in?next=/devices/7&amp;lang=ar" in visitor.get("/sign-in?next=/devices/7").text
    assert 'href="/?lang=ar"' in visitor.get("/?_external=1&_scheme=javascript").text
    assert 'href="/?lang=ar"' in visitor.post("/sign-in", data={"email": "a@b", "password": "x"}).text


def test_wrong_password_is_said_in_the_language_of_the_page(visitor: FlaskClient) -> None:
    answer = visitor.post("/sign-in?lang=ar", data={"email": "a@b", "password": "x"})

    assert "كلمة المرور غير صحيح" in answer.text


def test_moments_are_local_and_in_the_language(hub: Node, office: FlaskClient) -> None:
    publish_visit(hub)
    send(hub, visit(), minutes=30)  # 09:30 UTC, 12:30 in Baghdad

    assert "22 Nov 2026, 12:30" in office.get("/?lang=en").text
    assert "22 تشرين الثاني 2026، 12:30" in office.get("/?lang=ar").text
    assert "22 تشرینی دووەم 2026، 12:30" in office.get("/?lang=ckb").text


@pytest.mark.parametrize("language", ["ar", "ckb"])
def test_every_text_of_the_pages_is_translated(language: str) -> None:
    with (PACKAGE / "web" / "translations" / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    keywords = {"_": None, "gettext": None, "_l": None, "lazy_gettext": None}
    texts = {found[2] for found in extract_from_dir(PACKAGE, METHODS, keywords=keywords) if isinstance(found[2], str)}

    assert len(texts) > 80, "there are no texts to look at: have the templates moved?"
    assert {text for text in texts if not ((message := catalogue.get(text)) and message.string)} == set()


def test_signed_in_page_in_arabic_has_no_english_left(hub: Node, office: FlaskClient) -> None:
    publish_visit(hub)
    send(hub, visit(people="seven", photo="a.jpg"))
    text = re.sub(r"<title>.*?</title>|<[^>]+>", " ", office.get("/?lang=ar").text)

    allowed = {"English", "Alice", "Visit", "visit", "SQLite", "CSV", "ODK", "Collect", "KoboCollect", "QR", "Wi", "Fi"}
    allowed |= {"Configure", "with", "code", "sync", "server", "serve", "host", "collect", "abc", "uuid", "one"}
    words = set(re.findall(r"[A-Za-z]{2,}", text)) - allowed
    from sync_server.services.office_overview import name_node

    assert {word for word in words if word not in name_node(hub) and word not in hub.id} == set()

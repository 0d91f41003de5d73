"""Accounts in a real browser: somebody is added, sets a password and a second factor, by keyboard and small screens."""

import io
from itertools import pairwise

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.browser.test_first_page import sign_in, tab_to
from tests.support.codes import app_code
from tests.support.server import LiveServer

PASSWORD = "four words nobody thinks of"


def add(page: Page, server: LiveServer, name: str) -> str:
    """Add somebody; return the link that is shown once."""
    page.goto(f"{server.url}/people")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("E-mail", exact=True).fill(f"{name}@example.org")
    page.get_by_label("Role", exact=True).select_option("mne")
    page.get_by_role("button", name="Add", exact=True).click()
    return page.locator("#link").inner_text()


def test_somebody_is_added_and_sets_their_own_password_and_second_factor(
    page: Page, chromium: Browser, demo_server: LiveServer
) -> None:
    sign_in(page, demo_server)
    link = add(page, demo_server, "sara")

    theirs = chromium.new_context(locale="en-GB").new_page()
    asked: list[str] = []
    theirs.on("request", lambda request: asked.append(request.url + str(request.headers)))
    theirs.goto(link)
    theirs.get_by_label("Code").fill(link)
    theirs.get_by_label("New password").fill(PASSWORD)
    theirs.get_by_role("button", name="Set the password").click()
    expect(theirs.get_by_role("status")).to_contain_text("The password was set")
    assert not any(link.partition("#")[2] in each for each in asked)  # in no address and no Referer

    enter(theirs, "sara")
    theirs.get_by_role("link", name="My account").click()
    theirs.get_by_label("Password", exact=True).fill(PASSWORD)
    theirs.get_by_role("button", name="Set it up").click()
    picture = theirs.get_by_role("img", name="QR code for an authenticator app").screenshot()
    (code,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture)))
    key = theirs.locator("code.key").inner_text()
    assert f"secret={key.replace(' ', '')}" in code.text
    theirs.get_by_label("Code from your app").fill(app_code(key))
    theirs.get_by_role("button", name="Turn it on").click()
    recovery = theirs.locator(".codes code").first.inner_text()

    theirs.get_by_role("link", name="I have kept them").click()
    theirs.get_by_role("button", name="Sign out", exact=True).click()
    theirs.goto(f"{demo_server.url}/sign-in")
    enter(theirs, "sara")
    expect(theirs.get_by_label("Code from your app")).to_be_focused()
    theirs.keyboard.type(recovery)
    theirs.keyboard.press("Enter")
    expect(theirs.get_by_role("button", name="Sign out", exact=True)).to_be_visible()
    theirs.context.close()


def person_of(page: Page, server: LiveServer) -> str:
    """The address of alice's own page."""
    page.goto(f"{server.url}/people?q=alice")
    return page.locator("tbody th a").first.get_attribute("href") or ""


def enter(page: Page, name: str) -> None:
    page.get_by_label("E-mail").fill(f"{name}@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()


def test_a_role_is_given_and_access_ended_by_keyboard(page: Page, demo_server: LiveServer) -> None:
    sign_in(page, demo_server)
    add(page, demo_server, "nora")
    page.goto(f"{demo_server.url}/people?q=nora")
    page.get_by_role("link", name="nora").click()
    tab_to(page, "Role")
    page.keyboard.type("Coord")
    tab_to(page, "Give the role")
    page.keyboard.press("Enter")
    expect(page.locator(".chip")).to_have_count(2)
    tab_to(page, "End this person's access")
    page.keyboard.press("Enter")
    tab_to(page, "End access now")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("People")
    expect(page.get_by_role("link", name="nora")).to_have_count(0)


@pytest.mark.parametrize("language", ["en", "ar", "ckb"])
def test_nothing_is_wider_than_a_small_screen(page: Page, demo_server: LiveServer, language: str) -> None:
    page.set_viewport_size({"width": 360, "height": 640})
    sign_in(page, demo_server)

    for path in ("/people", person_of(page, demo_server), "/account", "/reset"):
        page.goto(f"{demo_server.url}{path}?lang={language}")
        for summary in page.locator("summary").all():
            summary.click()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path


def test_every_field_and_button_has_a_name(page: Page, demo_server: LiveServer) -> None:
    sign_in(page, demo_server)
    named = "input:not([type=hidden]):not([hidden]),select,button,a,summary"
    nameless = "all => all.filter(e => !e.labels?.length && !e.innerText.trim()).map(e => e.outerHTML)"
    for path in ("/people", person_of(page, demo_server), "/account", "/reset"):
        page.goto(f"{demo_server.url}{path}")
        assert page.locator(named).evaluate_all(nameless) == []
        ids = page.locator("[id]").evaluate_all("all => all.map(e => e.id)")
        assert len(ids) == len(set(ids)), path
        levels = page.locator("h1,h2,h3").evaluate_all("all => all.map(e => Number(e.tagName[1]))")
        assert levels[0] == 1
        assert all(after - before <= 1 for before, after in pairwise(levels))

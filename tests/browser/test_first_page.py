"""The first page in a real browser: signing in, a tablet's code, languages, small screens, keyboard, paper."""

import io
from itertools import pairwise

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Page, expect

from sync_server.core.collect_settings import decode_settings
from tests.browser.conftest import NODE_NAME
from tests.support.server import ALICE_PASSWORD, LiveServer


def sign_in(page: Page, server: LiveServer) -> None:
    page.goto(f"{server.url}/sign-in")
    page.get_by_label("E-mail").fill("alice@example.org")
    page.get_by_label("Password").fill(ALICE_PASSWORD)
    page.get_by_role("main").get_by_role("button").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(NODE_NAME)


def scan(page: Page) -> str:
    """Read the code off the screen, as a tablet's camera does; return the server URL in it."""
    picture = Image.open(io.BytesIO(page.get_by_role("img", name="QR code with the settings").screenshot()))
    (code,) = zxingcpp.read_barcodes(picture)
    address: str = decode_settings(code.text)["general"]["server_url"]
    return address


def test_alice_adds_a_tablet_and_its_code_leads_to_this_server(page: Page, demo_server: LiveServer) -> None:
    sign_in(page, demo_server)
    page.get_by_label("Name of the new tablet").fill("Tablet 7, Tel Afar")
    page.get_by_role("button", name="Add the tablet").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Tablet 7, Tel Afar")
    address = scan(page)
    assert address.startswith(f"{demo_server.url}/v1/key/")
    assert page.request.get(f"{address}/formList").status == 200

    page.get_by_text("End this tablet's access").click()
    page.get_by_role("button", name="End access now").click()
    expect(page.get_by_role("status")).to_contain_text("was ended on")
    assert page.request.get(f"{address}/formList").status == 403


def test_code_can_be_scanned_off_paper_and_off_a_small_screen(page: Page, demo_server: LiveServer) -> None:
    sign_in(page, demo_server)
    page.get_by_role("link", name="Tablet 1 · Mosul").click()
    address = scan(page)

    page.set_viewport_size({"width": 360, "height": 640})
    assert scan(page) == address
    page.emulate_media(media="print")
    assert scan(page) == address
    expect(page.get_by_role("banner")).to_be_hidden()
    expect(page.get_by_text("End this tablet's access")).to_be_hidden()


def test_everything_is_done_by_keyboard(page: Page, demo_server: LiveServer) -> None:
    page.goto(demo_server.url)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("main").get_by_role("link", name="Sign in")).to_be_focused()
    page.keyboard.press("Enter")

    page.get_by_label("E-mail").focus()
    page.keyboard.type("alice@example.org")
    page.keyboard.press("Tab")
    page.keyboard.type(ALICE_PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()

    tab_to(page, "Which ones")
    page.keyboard.press("Enter")
    expect(page.locator("details[open]")).to_have_count(1)
    tab_to(page, "Name of the new tablet")
    page.keyboard.type("By keyboard")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("By keyboard")


def tab_to(page: Page, name: str) -> None:
    """Press Tab until something of that name has the focus, and see that the focus shows."""
    for _ in range(80):
        page.keyboard.press("Tab")
        label, outline = page.evaluate(
            "() => { const e = document.activeElement, l = e.labels && e.labels[0];"
            " return [(l || e).innerText || '', getComputedStyle(e).outlineStyle] }"
        )
        if label.startswith(name):
            assert outline == "solid", "the focus cannot be seen"
            return
    pytest.fail(f"Tab never reaches {name!r}")


@pytest.mark.parametrize(("language", "heading"), [("ar", "ما وصل"), ("ckb", "ئەوەی گەیشتووە")])
def test_right_to_left_pages_begin_at_the_right(
    page: Page, demo_server: LiveServer, language: str, heading: str
) -> None:
    sign_in(page, demo_server)
    page.goto(f"{demo_server.url}/?lang={language}")

    title = page.get_by_role("heading", name=heading, exact=True)
    card = title.locator("xpath=..").bounding_box()
    assert page.locator("html").get_attribute("dir") == "rtl"
    assert title.evaluate("e => getComputedStyle(e).direction") == "rtl"
    first_column = page.get_by_role("columnheader").first.bounding_box()
    assert card is not None
    assert first_column is not None
    assert first_column["x"] + first_column["width"] > card["x"] + card["width"] * 0.9


@pytest.mark.parametrize("language", ["en", "ar", "ckb"])
def test_nothing_is_wider_than_a_small_screen(page: Page, demo_server: LiveServer, language: str) -> None:
    page.set_viewport_size({"width": 360, "height": 640})
    sign_in(page, demo_server)

    for path in ("/", "/devices/1", "/sign-in"):
        page.goto(f"{demo_server.url}{path}?lang={language}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path


def test_screen_reader_finds_its_way(page: Page, demo_server: LiveServer) -> None:
    sign_in(page, demo_server)

    for landmark in ("banner", "main", "navigation"):
        expect(page.get_by_role(landmark)).to_have_count(1)  # type: ignore[arg-type]
    assert page.get_by_role("heading", level=1).count() == 1
    levels = page.locator("h1,h2,h3").evaluate_all("all => all.map(e => Number(e.tagName[1]))")
    assert all(after - before <= 1 for before, after in pairwise(levels))
    nameless = "all => all.filter(e => !(e.labels && e.labels.length) && !e.innerText.trim()).map(e => e.outerHTML)"
    assert page.locator("input:not([type=hidden]),button,a,summary").evaluate_all(nameless) == []
    ids = page.locator("[id]").evaluate_all("all => all.map(e => e.id)")
    assert len(ids) == len(set(ids))


def test_tables_stay_tables_for_a_screen_reader_on_a_small_screen(page: Page, demo_server: LiveServer) -> None:
    page.set_viewport_size({"width": 360, "height": 640})
    sign_in(page, demo_server)

    table = page.get_by_role("table", name="The last ten")
    expect(table.get_by_role("row")).to_have_count(10)  # the row of headings is hidden, each cell says its own
    expect(table.get_by_role("cell")).to_have_count(30)


def test_csv_is_one_link_away(page: Page, demo_server: LiveServer) -> None:
    sign_in(page, demo_server)

    with page.expect_download() as download:
        page.get_by_role("link", name="CSV: CPF concern report").click()
    assert download.value.suggested_filename.endswith(".zip")

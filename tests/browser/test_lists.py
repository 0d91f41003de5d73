"""The pages Lists in a real browser: a conflict is found, and settled by keyboard, in both directions of writing."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from sync_server.node import Node
from sync_server.services.make_demo import make_demo
from sync_server.settings import Settings
from tests.browser.conftest import NODE_NAME
from tests.browser.test_first_page import sign_in, tab_to
from tests.support.samples import send
from tests.support.server import LiveServer
from tests.support.wells import OTHER, WELL, publish_wells, shown, update, well


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A hub with a well that one tablet closed, and another, which did not know, found dry."""
    data = tmp_path_factory.mktemp("lists") / "hub"
    with Node.open(Settings(data=data, min_free_bytes=0)) as node:
        make_demo(node, submissions=5)
        publish_wells(node)
        for number, id in enumerate((WELL, OTHER)):
            send(node, well(f"made-{number}", id=id, label="بئر برطلة · Bartella"))
            base = shown(node)[id].number
            send(node, well(f"closed-{number}", update(base), id=id, state="closed"))
            send(node, well(f"dry-{number}", update(base, "two"), id=id, state="dry"))
    with LiveServer(data, environ={"SYNC_NODE_NAME": NODE_NAME}) as live:
        yield live


def test_alice_finds_what_tablets_said_differently_and_settles_it_by_keyboard(page: Page, server: LiveServer) -> None:
    sign_in(page, server)
    page.get_by_role("banner").get_by_role("link", name="Lists").click()
    row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name="wells", exact=True))
    row.get_by_role("cell").nth(1).get_by_role("link").click()
    page.get_by_role("link", name="Bartella").first.click()
    expect(page.get_by_role("heading", name="Said differently at the same time")).to_be_visible()
    choices = page.get_by_role("group", name="status").get_by_role("radio")
    expect(choices).to_have_count(2)
    choices.first.focus()
    page.keyboard.press("ArrowDown")
    expect(choices.nth(1)).to_be_checked()
    tab_to(page, "Settle")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Said differently at the same time")).to_have_count(0)
    expect(page.get_by_role("row").filter(has_text="Settled")).to_have_count(1)


@pytest.mark.parametrize("language", ["ar", "ckb"])
@pytest.mark.parametrize("path", ["/lists", "/lists/1/wells", f"/lists/1/wells/{OTHER}"])
def test_nothing_is_cut_off_from_right_to_left_on_a_small_screen(
    page: Page, server: LiveServer, path: str, language: str
) -> None:
    sign_in(page, server)
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(f"{server.url}{path}?lang={language}")
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")

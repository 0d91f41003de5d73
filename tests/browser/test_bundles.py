"""The page Bundles in a real browser: by keyboard, without scripts, in both directions, on a small screen."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from sync_server.node import Node
from sync_server.replication.bundle_make import make_bundle
from sync_server.replication.bundle_take import take_bundle
from sync_server.settings import Settings
from tests.browser.conftest import NODE_NAME
from tests.browser.test_first_page import sign_in, tab_to
from tests.support.paired_nodes import open_node, pair
from tests.support.samples import publish_visit, send, visit
from tests.support.server import LiveServer
from tests.support.stick import Stick

OFFICE = "Sinjar office"


@dataclass
class Place:
    """A centre that serves, the folder of its office, and the files on a stick of that."""

    server: LiveServer
    office: Path
    files: list[Path]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("bundles")
    stick = Stick(folder / "stick").folder
    with (
        Node.open(Settings(data=folder / "centre", min_free_bytes=0)) as centre,
        open_node(folder / "office") as office,
    ):
        publish_visit(centre)
        pair(office, centre, name=OFFICE)
        Stick(folder / "first").carry(centre, office)
        for number in range(3):
            send(office, visit(f"v-{number}", photo="p.jpg"), {"p.jpg": bytes([number]) * 900_000})
        make_bundle(office, centre.id, stick / "up.bundle", volume_bytes=1_000_000)
    with LiveServer(folder / "centre", environ={"SYNC_NODE_NAME": NODE_NAME}) as server:
        yield Place(server, folder / "office", sorted(stick.iterdir()))


def open_page(page: Page, place: Place) -> None:
    sign_in(page, place.server)
    page.get_by_role("navigation").or_(page.get_by_role("banner")).get_by_role("link", name="Centre").first.click()
    page.get_by_role("link", name="Without a line: bundles on a stick").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Bundles on a stick")


def test_alice_puts_the_files_of_a_stick_on_the_field_and_reads_what_became_of_them(page: Page, place: Place) -> None:
    open_page(page, place)
    page.get_by_label("Bundles with all their volumes").set_input_files(place.files)
    page.get_by_role("button", name="Take").click()
    expect(page.get_by_text(f"Taken from {OFFICE}.")).to_be_visible(timeout=60_000)
    expect(page.locator("#outcome")).to_be_focused()
    page.get_by_label("Bundles with all their volumes").set_input_files(place.files[0])  # the page goes on working
    page.get_by_role("button", name="Take").click()
    expect(page.get_by_role("alert")).to_contain_text("missing", timeout=60_000)


def test_a_bundle_is_made_by_keyboard_and_downloaded_whole(page: Page, place: Place, tmp_path: Path) -> None:
    open_page(page, place)
    tab_to(page, "Make a bundle")
    page.keyboard.press("Enter")
    link = page.get_by_role("link", name=".bundle").first
    expect(link).to_be_visible(timeout=60_000)
    with page.expect_download() as downloading:
        link.click()
    carried = tmp_path / "down.bundle"
    downloading.value.save_as(carried)
    with open_node(place.office) as office:
        assert take_bundle(office, carried).name == "centre"


def test_without_scripts_the_form_does_the_same(chromium: Browser, place: Place) -> None:
    context = chromium.new_context(locale="en-GB", java_script_enabled=False)
    page = context.new_page()
    open_page(page, place)
    page.get_by_label("Bundles with all their volumes").set_input_files(place.files)
    page.get_by_role("button", name="Take").click()
    expect(page.get_by_text(f"Taken from {OFFICE}.")).to_be_visible(timeout=60_000)
    context.close()


@pytest.mark.parametrize("language", ["en", "ar", "ckb"])
def test_nothing_is_wider_than_a_small_screen(page: Page, place: Place, language: str) -> None:
    page.set_viewport_size({"width": 360, "height": 640})
    sign_in(page, place.server)
    page.goto(f"{place.server.url}/bundles?lang={language}")
    page.locator("input[type=file]").set_input_files(place.files[0])
    page.locator("form[data-progress] button").click()
    expect(page.locator("#outcome [role=alert]")).to_be_visible(timeout=60_000)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.locator("html").get_attribute("dir") == ("ltr" if language == "en" else "rtl")

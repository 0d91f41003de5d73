"""The page Centre and the tablet's own page in a real browser: in both directions, on a small screen, by keyboard."""

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Page, expect
from sqlalchemy import update
from sqlalchemy.orm import Session

from sync_server.node import Node
from sync_server.services import devices
from sync_server.settings import Settings
from sync_server.store import peer_rounds, refusals
from sync_server.store.tables import peer_rounds as rounds_table
from sync_server.store.tables import projects
from tests.browser.conftest import NODE_NAME
from tests.browser.test_first_page import sign_in, tab_to
from tests.support.peers_seen import QUIET, pair_with
from tests.support.samples import NOON, publish_visit, send, visit
from tests.support.server import LiveServer, free_port

WHOLE, LACKING = "Tablet 1 · Mosul", "Tablet 2 · Tel Afar"


@pytest.fixture(scope="module")
def hub_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A hub at whose centre's address another node answers; two tablets were seen today, and items were refused."""
    data, port = tmp_path_factory.mktemp("centre") / "hub", free_port()
    with Node.open(Settings(data=data, min_free_bytes=0)) as node:
        fill(node, port)
    # It dials when it is asked to, not by itself: what the page shows holds still.
    with LiveServer(data, environ={"SYNC_NODE_NAME": NODE_NAME, "SYNC_SYNC_MINUTES": "0"}, port=port) as server:
        yield server


def fill(node: Node, port: int) -> None:
    publish_visit(node)
    pair_with(node, replace(QUIET, url=f"http://127.0.0.1:{port}"))  # its own: it is told so without any waiting
    minutes = (datetime.now(UTC) - NOON).total_seconds() / 60
    for name, photos in ((WHOLE, {"p.jpg": b"\xff\xd8\xff"}), (LACKING, {})):
        device, _token = devices.add_device(node, None, name, 1)
        for number in range(3):
            send(node, visit(f"{device.id}-{number}", photo="p.jpg"), photos, actor_id=device.id, minutes=minutes)
    refused = [("submission:4c1d/ab12cd34ef56", "beyond_scope"), ("decision:90ab12cd", "forged_author")]

    def write(session: Session) -> None:
        session.execute(update(projects).values(home=QUIET.id))
        refusals.put_refusals(session, QUIET.id, refusals.OUT, refused, now=NOON)

    node.write(write)


def own_page(server: LiveServer, name: str) -> str:
    """The address of a tablet's own page."""
    with Node.open(Settings(data=server.data, min_free_bytes=0)) as node:
        device = next(each for each in devices.list_devices(node, None) if each.display_name == name)
        return f"{server.url}/all-received/{devices.show_token(node, None, device.id)}"


def be_busy(server: LiveServer, *, is_busy: bool) -> None:
    """Let it look as if a round were under way, or not."""
    progress = {
        "records_done": 1200,
        "records_total": 3000,
        "files_done": 4,
        "files_total": 36,
        "bytes_done": 5_300_000,
    }
    until = datetime.now(UTC) + timedelta(seconds=60)
    values = {"busy_token": "test", "busy_until": until, "progress": {**progress, "seconds_left": 200}}
    with Node.open(Settings(data=server.data, min_free_bytes=0)) as node:
        if is_busy:
            node.write(lambda session: session.execute(update(rounds_table).values(**values)))
        else:
            node.write(lambda session: peer_rounds.release(session, QUIET.id, "test"))


def test_alice_asks_for_a_round_and_reads_why_it_failed(page: Page, hub_server: LiveServer) -> None:
    sign_in(page, hub_server)
    page.get_by_role("main").get_by_role("link", name="Centre").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Centre")
    expect(page.get_by_role("row", name=WHOLE)).to_contain_text("3")
    tab_to(page, "Synchronise now")
    page.keyboard.press("Enter")
    expect(page.get_by_text("The last synchronisation did not succeed.")).to_be_visible(timeout=20_000)
    expect(page.get_by_text("does not know this one")).to_be_visible()
    assert page.locator("meta[http-equiv=refresh]").count() == 0


def test_a_round_is_followed_until_the_reader_wants_the_page_to_keep_still(page: Page, hub_server: LiveServer) -> None:
    sign_in(page, hub_server)
    be_busy(hub_server, is_busy=True)
    page.goto(f"{hub_server.url}/sync")
    records = page.get_by_role("progressbar", name="Records")
    assert records.evaluate("e => [e.value, e.max]") == [1200, 3000]
    expect(page.get_by_text("1,200 of 3,000")).to_be_visible()
    page.get_by_role("link", name="Keep this page still").click()
    assert page.locator("meta[http-equiv=refresh]").count() == 0
    page.get_by_role("link", name="Let this page load itself again").click()
    be_busy(hub_server, is_busy=False)
    expect(page.get_by_role("button", name="Synchronise now")).to_be_visible(timeout=10_000)


@pytest.mark.parametrize(
    ("name", "says"), [(WHOLE, "Everything you sent is here"), (LACKING, "3 photos or files have")]
)
def test_sara_opens_her_tablets_page_by_its_code(page: Page, hub_server: LiveServer, name: str, says: str) -> None:
    sign_in(page, hub_server)
    page.get_by_role("link", name=name).click()
    page.get_by_text("Open it on the tablet").click()
    picture = Image.open(io.BytesIO(page.get_by_role("img", name="QR code of the page").screenshot()))
    (code,) = zxingcpp.read_barcodes(picture)
    page.goto(code.text)
    expect(page.get_by_role("status")).to_contain_text(says)
    token = code.text.rpartition("/")[2]
    assert token not in page.content()
    page.get_by_role("link", name="العربية").click()
    assert page.locator("html").get_attribute("dir") == "rtl"
    assert token in page.url
    expect(page.get_by_role("heading", level=1)).to_have_text("ما وصل من هذا الجهاز")


@pytest.mark.parametrize("language", ["en", "ar", "ckb"])
def test_nothing_is_wider_than_a_small_screen(page: Page, hub_server: LiveServer, language: str) -> None:
    page.set_viewport_size({"width": 360, "height": 640})
    sign_in(page, hub_server)
    be_busy(hub_server, is_busy=True)
    for address in (
        f"{hub_server.url}/sync?still=1&",
        *(f"{own_page(hub_server, name)}?" for name in (WHOLE, LACKING)),
    ):
        page.goto(f"{address}lang={language}")
        for summary in page.locator("summary").all():
            summary.click()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, address
        assert page.locator("html").get_attribute("dir") == ("ltr" if language == "en" else "rtl")
    be_busy(hub_server, is_busy=False)


def test_a_screen_reader_finds_its_way(page: Page, hub_server: LiveServer) -> None:
    sign_in(page, hub_server)
    for address in (f"{hub_server.url}/sync", own_page(hub_server, WHOLE)):
        page.goto(address)
        levels = page.locator("h1,h2,h3,h4").evaluate_all("all => all.map(e => Number(e.tagName[1]))")
        assert levels[0] == 1
        assert all(after - before <= 1 for before, after in pairwise(levels)), address
        ids = page.locator("[id]").evaluate_all("all => all.map(e => e.id)")
        assert len(ids) == len(set(ids)), address
        nameless = "all => all.filter(e => !e.labels?.length && !e.innerText.trim()).map(e => e.outerHTML)"
        assert page.locator("button,a,summary,progress").evaluate_all(nameless) == []

"""The end-of-day sheet in a real browser: fits A4 in three languages, and is reached and printed without scripts."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_first_page import sign_in
from tests.support.server import LiveServer

A4_AT_96_DPI = {"width": 794, "height": 1123}
TITLES = {"en": "End-of-day sheet", "ar": "ورقة نهاية اليوم", "ckb": "پەڕەی کۆتایی ڕۆژ"}


@pytest.mark.parametrize("language", TITLES)
def test_the_sheet_fits_a_page_of_paper(page: Page, demo_server: LiveServer, language: str) -> None:
    sign_in(page, demo_server)
    page.goto(f"{demo_server.url}/end-of-day")
    page.goto(f"{page.url}?lang={language}")
    expect(page.get_by_role("heading", level=1)).to_have_text(TITLES[language])
    page.set_viewport_size(A4_AT_96_DPI)  # type: ignore[arg-type]
    page.emulate_media(media="print")
    wide = (
        "[...document.querySelectorAll('.sheet, .slip, table')].filter(e => e.scrollWidth > e.clientWidth + 1).length"
    )
    assert page.evaluate(wide) == 0
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    expect(page.get_by_role("banner")).to_be_hidden()
    expect(page.locator("form.screen-only")).to_be_hidden()
    assert page.pdf(prefer_css_page_size=True)[:5] == b"%PDF-"


def test_another_day_is_chosen_above_the_sheet(page: Page, demo_server: LiveServer) -> None:
    sign_in(page, demo_server)
    page.goto(f"{demo_server.url}/end-of-day")
    page.get_by_label("Day", exact=True).fill("2026-11-01")
    page.get_by_role("button", name="Show the sheet of this day").click()
    expect(page).to_have_url(f"{demo_server.url}/projects/1/end-of-day/2026-11-01")
    expect(page.get_by_text("Sunday 1 November 2026").first).to_be_visible()

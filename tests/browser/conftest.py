"""What tests in a real browser share: a live hub with a demo in it, and the system's Chromium."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from sync_server.node import Node
from sync_server.services.make_demo import make_demo
from sync_server.settings import Settings
from tests.support.server import SHIPPED_FORMS, LiveServer

NODE_NAME = "Mosul office"


@pytest.fixture(scope="session")
def demo_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    data = tmp_path_factory.mktemp("browser") / "hub"
    with Node.open(Settings(data=data, min_free_bytes=0)) as node:
        make_demo(node, submissions=40)
    with LiveServer(data, environ={**SHIPPED_FORMS, "SYNC_NODE_NAME": NODE_NAME}) as server:
        yield server


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The system's browser; playwright's own is never downloaded."""
    path = next((found for name in ("chromium", "google-chrome") if (found := shutil.which(name))), None)
    assert path, "these tests need a browser: apt-get install chromium"
    sandbox = [] if os.name == "nt" or os.getuid() else ["--no-sandbox"]  # Chromium's sandbox refuses root
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=Path(path), args=sandbox)
        yield browser
        browser.close()


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    """A browser of its own: English, and no network but this machine's."""
    context = chromium.new_context(locale="en-GB", viewport={"width": 1000, "height": 800})
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page that fails the test when it complains or asks another host."""
    page = context.new_page()
    complaints: list[str] = []
    foreign: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: None if "//127.0.0.1:" in request.url else foreign.append(request.url))
    yield page
    assert complaints == []
    assert foreign == []

"""Pages work without internet: nothing in templates or static files is fetched from another host."""

import re

from tests.house.sources import PACKAGE, name_of

# What a browser would fetch; a link that a person may follow (href of <a>) is none.
FETCHED = re.compile(
    r"""(?ix)
    (?: <(?:script|img|iframe|source|audio|video|embed)\b[^>]*?\s(?:src|srcset|poster)
      | <link\b[^>]*?\shref
      | <(?:use|image)\b[^>]*?\s(?:xlink:)?href
    ) \s*=\s* ["']? \s* (?:https?:)?//
    | url\( \s* ["']? (?:https?:)?//
    | @import \s* ["'] (?:https?:)?//
    | (?:fetch|import|importScripts|WebSocket|EventSource)\( \s* ["'`] (?:https?:|wss?:)?//
    """
)
TEXT = {".html", ".css", ".js", ".mjs", ".svg", ".xml", ".json", ".txt"}


def test_pages_fetch_nothing_from_other_hosts() -> None:
    pages = [path for path in (PACKAGE / "web").rglob("*") if path.suffix in TEXT]
    found = [
        f"{name_of(path)}: {match[0]}"
        for path in pages
        for match in FETCHED.finditer(path.read_text("utf-8", errors="replace"))
    ]
    assert pages, "there are no pages to look at: has their folder moved?"
    assert found == []

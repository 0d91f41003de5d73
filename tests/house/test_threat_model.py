"""The threat model claims nothing without a test, and names no test that is not there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "threat-model.md").read_text("utf-8")
THREATS = re.split(r"^## T\d+\. ", PAGE, flags=re.MULTILINE)[1:]
ROW = re.compile(r"^\| (T\d+\.\d+) \|(.*)\|(.*)\|$", re.MULTILINE)
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


@pytest.mark.parametrize(("file", "name"), sorted(set(TEST.findall(PAGE))))
def test_each_named_test_exists(file: str, name: str) -> None:
    assert re.search(rf"^ *def {name}\(", (ROOT / file).read_text("utf-8"), re.MULTILINE)


def test_every_claim_names_a_test() -> None:
    assert [point for point, _, proof in ROW.findall(PAGE) if not TEST.search(proof)] == []


def test_every_threat_says_what_stops_it_and_what_does_not() -> None:
    assert len(THREATS) == 9
    assert [text[:40] for text in THREATS if not ROW.search(text) or "**Does not stop" not in text] == []

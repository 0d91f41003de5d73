"""The ledger claims nothing without a test, and names no test that is not there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
LEDGER = (ROOT / "docs" / "openrosa-compliance.md").read_text("utf-8")
ROW = re.compile(r"^\| ([A-H]\d+[a-z]?) \|(.*)\|(.*)\|(.*)\|$", re.MULTILINE)
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
POINTS = {
    *(f"A{n}" for n in range(1, 14)),
    *(f"B{n}" for n in range(1, 13)),
    *(f"C{n}" for n in range(1, 17)),
    *(f"D{n}" for n in range(1, 9)),
    *(f"E{n}" for n in range(1, 11)),
    *(f"F{n}" for n in range(1, 6)),
    *(f"G{n}" for n in range(1, 7)),
    *(f"H{n}" for n in range(1, 7)),
}


@pytest.mark.parametrize(("file", "name"), sorted(set(TEST.findall(LEDGER))))
def test_each_named_test_exists(file: str, name: str) -> None:
    assert re.search(rf"^def {name}\(", (ROOT / file).read_text("utf-8"), re.MULTILINE)


def test_every_point_has_a_line() -> None:
    assert POINTS - {point for point, *_ in ROW.findall(LEDGER)} == set()


def test_every_claim_is_one_of_three_and_has_a_proof_or_a_reason() -> None:
    for point, _, claim, proof in ROW.findall(LEDGER):
        said = claim.strip()
        assert said.startswith(("supported", "partly: ", "no, because ", "no, on purpose: ")), point
        assert said.startswith("no, ") or TEST.search(proof), point

"""The terminal: a preview first, a question before, a receipt after."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sync_server.cli import main
from sync_server.node import Node
from sync_server.settings import Settings
from tests.support.attendance import OMAR, OMARS_PHONE, SARA, SARAS_PHONE, attendance, publish_attendance, row
from tests.support.samples import send
from tests.support.traces import find_traces


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "hub"
    with Node.open(Settings(data=folder, min_free_bytes=0)) as node:
        publish_attendance(node)
        send(node, attendance("one", row(OMAR, OMARS_PHONE), row(SARA, SARAS_PHONE)))
        send(node, attendance("two", place="Bashiqa"))
    return folder


def run(data: Path, *words: str, answer: str = "") -> Result:
    return CliRunner().invoke(main, ["--data", str(data), "--min-free-bytes", "0", "erase", *words], input=answer)


def test_a_person_is_shown_first_and_erased_when_confirmed(data: Path) -> None:
    words = ("person", "--phone", "0770 123 4567", "--reason", "consent withdrawn")
    shown = run(data, *words, "--dry-run")
    assert "attendance  uuid:one  1 row(s), 2 answer(s)" in shown.output
    assert SARA not in shown.output
    assert run(data, *words, answer="n\n").exit_code == 1
    assert find_traces(data, SARA)
    done = run(data, *words, answer="y\n")
    assert "one person; 1 version(s)" in done.output, done.output
    assert find_traces(data, SARA, SARAS_PHONE) == []
    assert find_traces(data, OMAR)


def test_a_submission_is_erased_and_its_receipt_shown_again(data: Path, tmp_path: Path) -> None:
    done = run(data, "submission", "uuid:two", "--reason", "consent withdrawn", "--yes")
    assert done.exit_code == 0, done.output
    id = done.output.split()[1]
    assert id[:12] in run(data, "list").output
    run(data, "show", id[:8], "--json", "-o", str(tmp_path / "receipt.json"))
    assert json.loads((tmp_path / "receipt.json").read_text("utf-8"))["subjects"][0]["root_id"] == "uuid:two"
    assert find_traces(data, "Bashiqa") == []
    assert "no erasure" in run(data, "show", "zz").output
    assert "no submission" in run(data, "submission", "uuid:two", "--reason", "x", "--yes").output


def test_age_and_rule(data: Path) -> None:
    assert (
        "0 submission(s) of attendance are older than 24m"
        in run(data, "older-than", "24m", "--form", "attendance").output
    )
    assert "keeps" not in run(data, "rule").output
    set_to = run(data, "rule", "--form", "attendance", "--age", "24m", "--reason", "as the donor asks")
    assert "attendance  older than 24m  0 submission(s) today" in set_to.output
    ended = run(data, "rule", "--form", "attendance", "--age", "never", "--reason", "audit")
    assert "everything is kept" in ended.output
    assert run(data, "older-than", "old", "--form", "attendance").exit_code == 1


def test_a_person_is_named_one_way(data: Path) -> None:
    assert run(data, "person", "--reason", "x").exit_code == 2
    assert run(data, "person", "--phone", "Sara", "--reason", "x").exit_code == 1


def test_a_list_of_nothing_says_so(data: Path) -> None:
    assert run(data, "list").output == "Nothing has been erased here.\n"


def test_a_reason_is_asked_for_before_anything_else(data: Path) -> None:
    refused = run(data, "submission", "uuid:1", answer="y\n")
    assert refused.exit_code == 2
    assert "--reason" in refused.output
    assert "no way back" not in refused.output

"""The operator exports a form and settles what waits, at the terminal."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import pytest
from click.testing import CliRunner, Result

from sync_server.cli import main
from sync_server.node import Node
from sync_server.settings import Settings
from tests.support.new_folder import new_folder
from tests.support.samples import publish, send, submission

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    with Node.open(Settings(data=new_folder(tmp_path / "data"), min_free_bytes=0)) as node:
        publish(node)
        send(node, submission("uuid:1", "<place>Erbil</place><photo>p.jpg</photo>"), files={"p.jpg": b"photo"})
        send(node, submission("uuid:2", "<place>Mosul</place>"), is_revoked=True)
        for place in "AB":
            send(node, submission("uuid:3", f"<place>{place}</place>"), minutes=5)

    def sync_server(*arguments: str | Path) -> Result:
        settings = ["--data", str(tmp_path / "data"), "--min-free-bytes", "0"]
        return CliRunner().invoke(main, [*settings, *map(str, arguments)])

    return sync_server


def test_export_says_where_it_is_what_is_in_it_and_what_is_not(run: Run, tmp_path: Path) -> None:
    target = tmp_path / "out.zip"
    done = run("export", "visit", "-o", target)
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines() == [
        "Left out:",
        "- 1 submission(s) came from a tablet whose access was ended and wait to be accepted: "
        "`sync-server quarantine`.",
        "May still change:",
        "- 1 submission(s) were sent with different answers or files; the export shows one of them. "
        "See `sync-server quarantine`.",
        f"2 submission(s), 2 row(s), 1 file(s): {target}",
        f"sha256 {hashlib.sha256(target.read_bytes()).hexdigest()}",
    ]
    with ZipFile(target) as archive:
        assert set(archive.namelist()) == {"visit.csv", "visit-who.csv", "media/p.jpg", "_notes.txt"}


def test_export_goes_to_the_current_folder_under_the_forms_name(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("export", "visit", "--no-media").exit_code == 0
    with ZipFile(tmp_path / "visit.zip") as archive:
        assert "media/p.jpg" not in archive.namelist()


def test_export_takes_the_switches_of_central(run: Run, tmp_path: Path) -> None:
    target = tmp_path / "out.zip"
    chosen = ["--no-groups", "--split", "--no-deleted", "--filter", "__system/submissionDate gt 2026-11-22T09:01:00Z"]
    done = run("export", "visit", "-o", target, *chosen)
    assert done.exit_code == 0, done.output
    assert "- Submissions that a filter ($filter) of whoever exported did not let through." in done.stdout
    with ZipFile(target) as archive:
        assert [line.split(",")[7:9] for line in archive.read("visit.csv").decode().splitlines()] == [
            ["instanceID", "KEY"],
            ["uuid:3", "uuid:3"],
        ]


def test_export_with_a_filter_that_cannot_be_read_says_where(run: Run, tmp_path: Path) -> None:
    done = run("export", "visit", "-o", tmp_path / "out.zip", "--filter", "place eq")
    assert done.exit_code == 1
    assert "$filter" in done.output


def test_export_of_an_unknown_form_says_so_and_writes_nothing(run: Run, tmp_path: Path) -> None:
    done = run("export", "nothing", "-o", tmp_path / "out.zip")
    assert done.exit_code == 1
    assert "There is no form nothing" in done.output
    assert not (tmp_path / "out.zip").exists()


def test_export_into_a_folder_that_is_not_there_says_so(run: Run, tmp_path: Path) -> None:
    done = run("export", "visit", "-o", tmp_path / "none" / "out.zip")
    assert (done.exit_code, "there is no folder" in done.output) == (2, True)


def test_quarantine_lists_accepts_and_settles_until_nothing_waits(run: Run) -> None:
    listed = run("quarantine").stdout.splitlines()
    assert listed[0].split() == ["WHEN", "(UTC)", "FORM", "INSTANCE", "WHY", "→", "WHAT", "TO", "DO"]
    assert [line.split()[:4] for line in listed[1:3]] == [
        ["2026-11-22", "09:00", "visit", "uuid:2"],
        ["2026-11-22", "09:05", "visit", "uuid:3"],
    ]
    assert listed[3] == "2 reason(s) to look."
    accepted = run("quarantine", "accept", "uuid:2", "--reason", "the tablet was found")
    assert accepted.stdout.startswith("Accepted uuid:2")
    version = listed[2].rpartition(" or ")[2].rstrip(".")
    settled = run("quarantine", "settle", "uuid:3", "--keep", version, "--reason", "seen on paper")
    assert settled.stdout == f"Settled uuid:3: version {version} stands.\n"
    assert run("quarantine").stdout == "Nothing waits for a person.\n"


def test_decision_without_a_reason_is_refused(run: Run) -> None:
    assert run("quarantine", "accept", "uuid:2").exit_code == 2


def test_settling_with_a_version_that_is_not_in_question_names_those_that_are(run: Run) -> None:
    done = run("quarantine", "settle", "uuid:3", "--keep", "zz", "--reason", "x")
    assert done.exit_code == 1
    assert "choose one of" in done.output

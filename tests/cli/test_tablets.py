"""The operator plugs in a tablet, copies its folder, sees what is in it and takes what is finished."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sync_server.cli import main
from sync_server.node import Node
from sync_server.settings import Settings
from tests.support.collect_copy import CollectCopy
from tests.support.new_folder import new_folder
from tests.support.samples import publish_visit, visit

Run = Callable[..., Result]


@pytest.fixture
def copy(tmp_path: Path) -> CollectCopy:
    copy = CollectCopy.make(tmp_path / "tablet-7")
    copy.add("visit_1", visit("one", photo="p.jpg"), {"p.jpg": b"photo", ".nomedia": b""})
    copy.add("visit_2", visit("two"))
    copy.add("visit_3", visit("three"))
    copy.add("other_1", visit("four", form="other"))
    for name, status in (("visit_1", "complete"), ("visit_2", "submissionFailed"), ("visit_3", "incomplete")):
        copy.list(name, status)
    copy.list("other_1", "complete", form_id="other")
    copy.list("visit_0", "submitted", deleted=True)
    return copy


@pytest.fixture
def run(tmp_path: Path) -> Run:
    with Node.open(Settings(data=new_folder(tmp_path / "data"), min_free_bytes=0)) as node:
        publish_visit(node)

    def sync_server(*arguments: str | Path) -> Result:
        settings = ["--data", str(tmp_path / "data"), "--min-free-bytes", "0"]
        return CliRunner().invoke(main, [*settings, *map(str, arguments)])

    return sync_server


def test_the_list_shows_what_is_in_the_copy_and_takes_nothing(run: Run, copy: CollectCopy) -> None:
    before = copy.files()
    for _ in range(2):
        done = run("import-tablet", copy.root, "--list")
        assert done.exit_code == 0, done.output
        assert done.stdout.splitlines() == [
            f"Field office: 4 form folder(s) in {copy.path}",
            "What is finished is told by the tablet's list, metadata/instances.db.",
            "FORM                      FINISHED  HERE ALREADY  DRAFTS  DELETED  UNDECIDED  DAMAGED",
            "other                            1             0       0        0          0        0",
            "visit                            2             0       1        1          0        0",
            "Drafts, left; whoever began them finishes and sends them on the tablet:",
            "- visit  visit_3  last saved 2026-11-21 09:30",
        ]
    assert copy.files() == before


def test_what_is_finished_comes_in_and_what_stays_is_said(run: Run, copy: CollectCopy) -> None:
    done = run("import-tablet", copy.root)
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines() == [
        f"Field office: 4 form folder(s) in {copy.path}",
        "What is finished is told by the tablet's list, metadata/instances.db.",
        "3 submission(s) received, 0 here already, 1 file(s) with them; 1 deleted on the tablet.",
        "Those of other (unknown) wait for a person: sync-server quarantine",
        "Drafts, left; whoever began them finishes and sends them on the tablet:",
        "- visit  visit_3  last saved 2026-11-21 09:30",
        "Left, because no tablet sends them:",
        "- visit_1/.nomedia",
    ]


def test_a_second_time_everything_is_here_already(run: Run, copy: CollectCopy) -> None:
    run("import-tablet", copy.root)
    assert "0 submission(s) received, 3 here already" in run("import-tablet", copy.root).stdout
    listed = run("import-tablet", copy.root, "--list").stdout.splitlines()
    assert listed[4] == "visit                            0             2       1        1          0        0"


def test_without_the_tablets_list_it_is_said_what_is_undecided_and_how_to_take_it(run: Run, copy: CollectCopy) -> None:
    done = run("import-tablet", copy.path / "instances" / "visit_1")
    assert "1 submission(s) received" in done.stdout
    copy.list_path.unlink()
    done = run("import-tablet", copy.root)
    assert done.exit_code == 0, done.output
    assert "The tablet's list, metadata/instances.db, is not in the copy." in done.stdout
    assert "0 submission(s) received, 0 here already" in done.stdout
    assert "Undecided, left; to take them all the same, name --take-undecided:\n- other  other_1  last saved " in (
        done.stdout
    )
    done = run("import-tablet", copy.root, "--take-undecided")
    assert "3 submission(s) received, 1 here already" in done.stdout
    assert "4 of them may be unfinished; their receipts say so." in done.stdout


def test_a_damaged_list_is_said_and_the_exit_status_tells(run: Run, copy: CollectCopy) -> None:
    copy.list_path.write_bytes(b"SQLite format 3\0" + b"x" * 500)
    done = run("import-tablet", copy.root)
    assert done.exit_code == 1
    assert "metadata/instances.db, cannot be read (file is not a database)." in done.stdout


def test_what_cannot_be_read_is_named_and_the_rest_comes_in(run: Run, copy: CollectCopy) -> None:
    (copy.folder("visit_2") / "visit_2.xml").write_bytes(b"<data")
    copy.list("visit_9", "complete")
    done = run("import-tablet", copy.root)
    assert done.exit_code == 1
    assert "2 submission(s) received" in done.stdout
    title, damaged, lost = done.stderr.splitlines()
    assert title == "Could not be read; copy them from the tablet again:"
    assert damaged.startswith("- visit  visit_2: it is not readable XML: ")
    assert damaged.endswith("(its bytes are kept: sync-server quarantine)")
    assert lost == "- visit  visit_9: the tablet's list names it, and its folder was not copied"


def test_a_form_erased_here_before_stays_erased(run: Run, copy: CollectCopy) -> None:
    run("import-tablet", copy.root)
    erased = run("erase", "submission", "uuid:one", "--reason", "asked for", "--yes")
    assert erased.exit_code == 0, erased.output
    done = run("import-tablet", copy.root)
    assert "0 submission(s) received, 2 here already, 0 file(s) with them" in done.stdout
    assert "1 were erased here on request before, and nothing of them was kept." in done.stdout


def test_a_folder_of_something_else_says_what_to_copy(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = run("import-tablet", tmp_path / "empty")
    assert done.exit_code == 1
    assert "Copy the folder Android/data/org.odk.collect.android/files from the tablet" in done.output


def test_a_misspelt_folder_or_project_is_said(run: Run, copy: CollectCopy, tmp_path: Path) -> None:
    assert run("import-tablet", tmp_path / "nowhere").exit_code == 2
    done = run("import-tablet", copy.root, "--project", "99")
    assert (done.exit_code, "There is no project 99." in done.output) == (1, True)


def test_other_projects_on_the_tablet_are_listed_and_one_has_to_be_named(
    run: Run, copy: CollectCopy, tmp_path: Path
) -> None:
    other = CollectCopy.make(copy.root, project="0b", name="Somebody else's")
    other.add("secret_1", visit("five", form="secret"))
    assert "Somebody else's: 1 form folder(s)" in run("import-tablet", copy.root, "--list").stdout
    done = run("import-tablet", copy.root)
    assert done.exit_code == 1
    assert "Nothing was taken." in done.output
    assert "3 submission(s) received" in run("import-tablet", copy.path).stdout


def test_names_in_the_copy_do_not_command_the_terminal(run: Run, copy: CollectCopy) -> None:
    copy.list("a\x1b[2J", "incomplete", form_id="f\x1b]0;x")
    done = run("import-tablet", copy.root, "--list")
    assert "\x1b" not in done.output

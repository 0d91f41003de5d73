"""What is finished on a copied tablet comes in as if the tablet had sent it, once; nothing else does."""

import errno
import os
import resource
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from sync_server.core.collect_folder import BY_KEY, BY_LIST, BY_LOG, BY_SEAL
from sync_server.core.form_sealing import seal_form
from sync_server.errors import DiskFull, NotFound
from sync_server.node import Node
from sync_server.operator_errors import SeveralTabletProjects
from sync_server.services import consumers, import_tablet, tablet_copy, tablet_instances
from sync_server.services.import_tablet import (
    CABLE,
    CABLE_UNDECIDED,
    Taken,
    find_tablet_projects,
    is_wanted,
    kind_of,
    note_import,
    require_one,
    take_instance,
)
from sync_server.services.list_quarantine import list_quarantine
from sync_server.services.tablet_instances import TabletInstance, iter_instances, read_tablet_list
from sync_server.store import audits
from sync_server.store.tables import receipts, submission_attachments, submission_versions
from tests.support.collect_copy import FINALISED_LOG, SAVED, SEALED, CollectCopy
from tests.support.samples import NOON, add_form, publish_visit, send, submission, visit, visit_form


@pytest.fixture
def copy(tmp_path: Path) -> CollectCopy:
    return CollectCopy.make(tmp_path / "tablet-7")


def judge(node: Node, folder: Path) -> dict[str, TabletInstance]:
    project = require_one(folder, find_tablet_projects(node, folder, 1))
    found = iter_instances(node, 1, project, read_tablet_list(node, project))
    return {instance.folder.name: instance for instance in found}


def take(node: Node, folder: Path, *, undecided: bool = False) -> dict[str, Taken]:
    return {
        name: take_instance(node, 1, instance, source=folder.name, now=NOON)
        for name, instance in judge(node, folder).items()
        if is_wanted(instance, undecided=undecided)
    }


def stored_receipts(node: Node) -> list[tuple[str, str | None, int | None]]:
    columns = receipts.c.door, receipts.c.device_id, receipts.c.actor_id
    with node.database.read() as session:
        return [tuple(row) for row in session.execute(select(*columns).order_by(receipts.c.device_id))]


def stored_xml(node: Node) -> list[bytes]:
    with node.database.read() as session:
        return list(session.scalars(select(submission_versions.c.xml).order_by(submission_versions.c.id)))


def stored_files(node: Node) -> list[str]:
    with node.database.read() as session:
        return list(session.scalars(select(submission_attachments.c.name).order_by(submission_attachments.c.name)))


def test_finished_forms_come_in_with_their_files_and_drafts_stay(node: Node, copy: CollectCopy) -> None:
    publish_visit(node)
    copy.add("done", visit("one", photo="p.jpg"), {"p.jpg": b"photo", "audit.csv": b"event", ".nomedia": b""})
    copy.add("failed", visit("two"))
    copy.add("draft", visit("three"))
    for name, status in (("done", "complete"), ("failed", "submissionFailed"), ("draft", "valid")):
        copy.list(name, status)
    before = copy.files()
    taken = take(node, copy.root)
    assert {name: each.receipt is not None and each.receipt.form_state for name, each in taken.items()} == {
        "done": "open", "failed": "open",
    }  # fmt: skip
    assert sorted(stored_xml(node)) == sorted([visit("one", photo="p.jpg"), visit("two")])
    assert stored_files(node) == ["audit.csv", "p.jpg"]
    assert copy.files() == before
    draft = judge(node, copy.root)["draft"]
    assert (draft.standing, draft.rule, draft.saved_at) == ("draft", BY_LIST, SAVED)


def test_receipts_say_that_it_came_by_cable_and_from_which_tablet(node: Node, copy: CollectCopy) -> None:
    copy.add("a", submission("uuid:a", "<deviceid>collect:7</deviceid>"))
    copy.add("b", submission("uuid:b"))
    for name in "ab":
        copy.list(name, "complete")
    take(node, copy.root)
    assert stored_receipts(node) == [(CABLE, "collect:7", None), (CABLE, "folder:tablet-7", None)]


def test_taking_a_copy_twice_adds_receipts_and_no_submission(node: Node, copy: CollectCopy) -> None:
    copy.add("a", visit())
    copy.list("a", "complete")
    assert [take(node, copy.root)["a"].receipt.is_new for _ in range(3)] == [True, False, False]  # type: ignore[union-attr]
    assert (len(stored_xml(node)), len(stored_receipts(node))) == (1, 3)


def test_what_the_tablet_sent_before_or_sends_later_is_the_same_submission(node: Node, copy: CollectCopy) -> None:
    for name in ("before", "later"):
        copy.add(name, visit(name, photo="p.jpg"), {"p.jpg": b"photo"})
        copy.list(name, "complete")
    send(node, visit("before", photo="p.jpg"), {"p.jpg": b"photo"})
    kinds = {name: kind_of(node, 1, instance) for name, instance in judge(node, copy.root).items()}
    assert kinds == {"before": "here", "later": "finished"}
    take(node, copy.root)
    assert not send(node, visit("later", photo="p.jpg"), {"p.jpg": b"photo"}).is_new
    assert (len(stored_xml(node)), stored_files(node)) == (2, ["p.jpg", "p.jpg"])


def test_a_file_that_was_missing_is_added_when_it_is_in_the_copy(node: Node, copy: CollectCopy) -> None:
    send(node, visit(photo="p.jpg"))
    copy.add("a", visit(photo="p.jpg"), {"p.jpg": b"photo"})
    copy.list("a", "submitted")
    take(node, copy.root)
    assert stored_files(node) == ["p.jpg"]


def test_forms_that_are_unknown_here_wait_for_a_person(node: Node, copy: CollectCopy) -> None:
    copy.add("a", visit(form="somebody_elses"))
    copy.list("a", "complete")
    assert take(node, copy.root)["a"].receipt.form_state == "unknown"  # type: ignore[union-attr]
    assert [waiting.form_id for waiting in list_quarantine(node, None)] == ["somebody_elses"]


def test_a_sealed_form_comes_in_with_its_sealed_files_and_nothing_in_the_clear(node: Node, copy: CollectCopy) -> None:
    sealed = {"submission.xml.enc": b"sealed", "photo.jpg.enc": b"sealed"}
    copy.add("sealed", SEALED, sealed)
    copy.add("interrupted", visit("plain"), {"submission.xml": SEALED, "photo.jpg": b"photo", **sealed})
    found = judge(node, copy.root)
    assert {(each.standing, each.rule) for each in found.values()} == {("finished", BY_SEAL)}
    assert found["interrupted"].left == ("photo.jpg",)
    take(node, copy.root)
    assert (stored_xml(node), stored_files(node)) == ([SEALED], ["photo.jpg.enc", "submission.xml.enc"])


def test_without_the_list_an_audit_log_decides_and_else_nothing_does(node: Node, copy: CollectCopy) -> None:
    publish_visit(node)
    copy.add("logged", visit("one"), {"audit.csv": FINALISED_LOG.encode()})
    copy.add("silent", visit("two"))
    found = judge(node, copy.root)
    assert {name: (each.standing, each.rule) for name, each in found.items()} == {
        "logged": ("finished", BY_LOG), "silent": ("undecided", ""),
    }  # fmt: skip
    assert list(take(node, copy.root)) == ["logged"]


def test_what_is_undecided_is_taken_when_asked_for_and_its_receipt_says_so(node: Node, copy: CollectCopy) -> None:
    copy.add("silent", visit())
    assert list(take(node, copy.root, undecided=True)) == ["silent"]
    assert [door for door, _device, _actor in stored_receipts(node)] == [CABLE_UNDECIDED]


def test_a_form_that_has_to_be_sealed_and_is_not_is_a_draft(node: Node, copy: CollectCopy) -> None:
    add_form(node, seal_form(visit_form(), "AAAA", ""), "visit", "1", NOON)
    copy.add("a", visit())
    found = judge(node, copy.root)["a"]
    assert (found.standing, found.rule) == ("draft", BY_KEY)


def test_what_the_list_does_not_know_is_undecided(node: Node, copy: CollectCopy) -> None:
    copy.add("new", visit("one"))
    copy.list("old", "submitted", deleted=True)
    copy.list("gone", "submitted")
    copy.list("begun", "incomplete")
    assert {name: each.standing for name, each in judge(node, copy.root).items()} == {
        "new": "undecided", "old": "deleted", "gone": "deleted", "begun": "draft",
    }  # fmt: skip


def test_a_finished_form_whose_folder_was_not_copied_is_told(node: Node, copy: CollectCopy) -> None:
    copy.list("lost", "complete")
    assert judge(node, copy.root)["lost"].problem == "the tablet's list names it, and its folder was not copied"


def test_of_one_form_folder_the_list_is_asked_and_the_others_are_not_missed(node: Node, copy: CollectCopy) -> None:
    copy.add("a", visit())
    copy.list("a", "complete")
    copy.list("b", "complete")
    assert list(take(node, copy.folder("a"))) == ["a"]


def test_a_damaged_list_leaves_everything_undecided(node: Node, copy: CollectCopy) -> None:
    copy.add("a", visit())
    copy.list("a", "complete")
    copy.list_path.write_bytes(copy.list_path.read_bytes()[:100])
    (project,) = find_tablet_projects(node, copy.root, 1)
    known = read_tablet_list(node, project)
    assert known.problem
    assert list(node.scratch.glob("tablet-*")) == []
    assert judge(node, copy.root)["a"].standing == "undecided"


@pytest.mark.parametrize(
    "xml",
    [
        b"",
        visit()[:100],
        b'<!DOCTYPE d [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;">]><data id="visit">&b;</data>',
        b'<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/hostname">]><data id="visit">&x;</data>',
        b"<a>" * 100_000,
    ],
)
def test_damaged_and_hostile_answers_are_kept_for_rescue_and_the_rest_goes_on(
    node: Node, copy: CollectCopy, xml: bytes
) -> None:
    copy.add("a", xml)
    copy.add("b", visit())
    for name in "ab":
        copy.list(name, "complete")
    assert kind_of(node, 1, judge(node, copy.root)["a"]) == "damaged"
    taken = take(node, copy.root)
    assert taken["a"].receipt is None
    assert stored_xml(node) == [visit()]
    assert any("not readable XML" in waiting.reason for waiting in list_quarantine(node, None))


def test_a_file_too_large_for_answers_is_not_read_into_memory(
    node: Node, copy: CollectCopy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tablet_instances, "LARGEST_XML", 100)
    copy.add("a", visit())
    copy.list("a", "complete")
    assert judge(node, copy.root)["a"].problem == "it cannot be read: it is too large for a filled form"


def test_links_out_of_the_copy_are_not_followed(node: Node, copy: CollectCopy, tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "secret.xml").write_bytes(visit("secret"))
    folder = copy.add("a", visit(photo="p.jpg"))
    (folder / "p.jpg").symlink_to(tmp_path / "secret" / "secret.xml")
    copy.folder("b").symlink_to(tmp_path / "secret", target_is_directory=True)
    copy.add("c", None)
    (copy.folder("c") / "c.xml").symlink_to(tmp_path / "secret" / "secret.xml")
    for name in "abc":
        copy.list(name, "complete")
    found = judge(node, copy.root)
    assert found["a"].left == ("p.jpg",)
    assert found["b"].problem == "it is a link, and links are not followed"
    assert found["c"].problem == "the file with the answers is not there"
    take(node, copy.root)
    assert (stored_xml(node), stored_files(node)) == ([visit(photo="p.jpg")], [])


def test_a_file_that_vanished_is_told_and_the_answers_come_in(node: Node, copy: CollectCopy) -> None:
    folder = copy.add("a", visit(photo="p.jpg"), {"p.jpg": b"photo", "q.jpg": b"photo"})
    copy.list("a", "complete")
    found = judge(node, copy.root)["a"]
    (folder / "p.jpg").unlink()
    taken = take_instance(node, 1, found, source="tablet-7", now=NOON)
    assert (taken.unread, taken.files, stored_files(node)) == (("p.jpg",), 1, ["q.jpg"])


@pytest.mark.parametrize("number", [errno.EIO, errno.EACCES])
def test_what_cannot_be_read_costs_that_alone_and_the_rest_goes_on(
    hub: Node, copy: CollectCopy, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    for name in "abc":
        copy.add(name, visit(name, photo="p.jpg"), {"p.jpg": b"photo", "q.jpg": b"photo"})
        copy.list(name, "complete")
    closed = {copy.folder("a") / "p.jpg", copy.folder("b") / "b.xml", copy.folder("c")}
    for module, name in (
        (import_tablet, "open_plain"),
        (tablet_instances, "open_plain"),
        (tablet_instances, "list_names"),
    ):
        monkeypatch.setattr(
            module, name, failing(getattr(tablet_copy, name), closed, OSError(number, os.strerror(number)))
        )
    problem = f"it cannot be read: {os.strerror(number)}"
    found = judge(hub, copy.root)
    assert {name: each.problem for name, each in found.items()} == {"a": None, "b": problem, "c": problem}
    taken = take(hub, copy.root)
    assert (list(taken), taken["a"].unread) == (["a"], ("p.jpg",))
    assert (stored_xml(hub), stored_files(hub)) == ([visit("a", photo="p.jpg")], ["q.jpg"])


def test_a_card_that_fails_within_a_file_leaves_no_half_of_it(
    hub: Node, copy: CollectCopy, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy.add("a", visit(photo="p.jpg"), {"p.jpg": b"photo"})
    copy.list("a", "complete")
    found = judge(hub, copy.root)["a"]
    monkeypatch.setattr(import_tablet, "open_plain", lambda path: FailingFile())
    taken = take_instance(hub, 1, found, source="tablet-7", now=NOON)
    assert (taken.unread, stored_files(hub)) == (("p.jpg",), [])


def failing(function: Callable[[Path], Any], paths: set[Path], error: OSError) -> Callable[[Path], Any]:
    """Fail for these paths as the system does for what is closed to this account, or lies on blocks that are bad."""

    def run(path: Path) -> Any:
        if path in paths:
            raise error
        return function(path)

    return run


class FailingFile(BytesIO):
    """Gives a little, and then the error of a card whose blocks cannot be read."""

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell():
            raise OSError(errno.EIO, "Input/output error")
        self.seek(1)
        return b"<"


def test_a_full_disk_stops_it_and_says_so(hub: Node, copy: CollectCopy, monkeypatch: pytest.MonkeyPatch) -> None:
    copy.add("a", visit(photo="p.jpg"), {"p.jpg": b"photo"})
    copy.list("a", "complete")
    found = judge(hub, copy.root)["a"]
    monkeypatch.setattr(Node, "free_bytes", lambda self: 3)
    with pytest.raises(DiskFull, match="Make space on the disk"):
        take_instance(hub, 1, found, source="tablet-7", now=NOON)
    assert stored_xml(hub) == []


def test_hundreds_of_files_take_no_more_open_ones_than_a_process_may_have(hub: Node, copy: CollectCopy) -> None:
    copy.add("a", visit(), {f"{number}.jpg": b"photo" for number in range(300)})
    copy.list("a", "complete")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (200, hard))
    try:
        assert take(hub, copy.root)["a"].files == 300
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_of_several_projects_none_is_taken_unless_one_is_named(node: Node, tmp_path: Path, copy: CollectCopy) -> None:
    copy.add("a", visit())
    other = CollectCopy.make(tmp_path / "tablet-7", project="0b", name="Somebody else's")
    other.add("b", visit("two"))
    with pytest.raises(SeveralTabletProjects, match="Somebody else's"):
        judge(node, copy.root)
    assert list(judge(node, copy.path)) == ["a"]


def test_a_folder_without_answers_is_a_form_that_was_never_saved(node: Node, copy: CollectCopy) -> None:
    copy.add("a", None, {"p.jpg": b"photo"})
    copy.add("b", None)
    assert {name: (each.standing, each.rule) for name, each in judge(node, copy.root).items()} == {
        "a": ("draft", "nothing was saved in it"),
    }  # fmt: skip


def test_blank_forms_are_no_submissions(node: Node, copy: CollectCopy) -> None:
    (copy.path / "forms" / "visit.xml").write_bytes(visit_form())
    assert judge(node, copy.path / "forms") == {}


def test_the_project_has_to_be_there(node: Node, copy: CollectCopy) -> None:
    copy.add("a", visit())
    with pytest.raises(NotFound):
        find_tablet_projects(node, copy.root, 99)


def test_the_audit_log_says_that_a_copy_was_taken(node: Node) -> None:
    note_import(node, 1, "tablet-7", {"received": 2, "here": 0})
    with node.database.read() as session:
        (entry,) = audits.iter_audits(session, action="tablet.import")
    assert (entry.act.actor_id, entry.act.details) == (None, {"source": "tablet-7", "received": 2})


def test_exports_and_states_come_out_as_of_what_a_tablet_sent(node: Node, copy: CollectCopy) -> None:
    publish_visit(node)
    copy.add("a", visit("one"))
    copy.add("b", visit("two", deprecates="one", place="Mosul"))
    for name in "ab":
        copy.list(name, "complete")
    take(node, copy.root)
    consumers.catch_up(node)
    assert list(list_quarantine(node, None)) == []

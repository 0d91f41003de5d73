"""A submission erased is gone to the last byte, stays away, and is told of by ids only."""

import os
from pathlib import Path

import pytest

from sync_server.core.ids import sha256_hex
from sync_server.errors import NotFound, ServerBusy, UnexpectedValue, UnreadableXml
from sync_server.node import Node
from sync_server.services import consumers, purge_warehouse, users
from sync_server.services import finish_erasures as finish_module
from sync_server.services.digest_node import digest_node
from sync_server.services.erase_submissions import erase_submission
from sync_server.services.finish_erasures import finish_erasures
from sync_server.services.list_erasures import get_erasure, list_erasures
from sync_server.services.verify_node import verify_node
from sync_server.store import erasure_reads, quarantine, submission_reads
from sync_server.store.submissions import iter_versions
from tests.support.samples import publish_visit, send, submission, visit
from tests.support.traces import find_traces

MARK, PHOTO = "قرة قوش شارع ٧", b"jpeg of a face" * 3000


def versions(node: Node) -> list[str]:
    with node.database.read() as session:
        return [str(version.instance_id) for version in iter_versions(session, 0)]


def shown(node: Node) -> list[str]:
    consumers.catch_up(node)
    with node.database.read() as session:
        return [s.root_id for s in submission_reads.iter_submissions(session, 1, "visit")]


def fill(node: Node) -> None:
    """An original with a photo and an audit log, a variant, two edits, held and not; and others beside it."""
    publish_visit(node)
    for n in range(40):
        send(node, visit(f"other {n}", place="Bartella"))
    send(node, visit("one", place=MARK, photo="p.jpg"), [("p.jpg", PHOTO)])
    send(node, visit("one", place=f"{MARK} ٢"))
    send(node, visit("two", place=f"{MARK} ٣", deprecates="one"), is_revoked=True)
    send(node, visit("three", place=f"{MARK} ٤" + "x" * 20_000, deprecates="two"))
    consumers.catch_up(node)


def test_everything_of_a_submission_goes_and_nothing_else(node: Node) -> None:
    fill(node)
    assert find_traces(node.settings.data, MARK) or not node.settings.is_sqlite
    made = erase_submission(node, None, "uuid:two", reason="consent withdrawn")
    assert sorted(versions(node)) == sorted(f"uuid:other {n}" for n in range(40))
    assert "uuid:one" not in shown(node)
    assert find_traces(node.settings.data, MARK, PHOTO.decode()) == []
    assert list(verify_node(node)) == []
    (subject,) = get_erasure(node, None, made).subjects
    assert (subject.root_id, subject.versions, subject.receipts, subject.files) == ("uuid:one", 4, 4, 1)


def test_a_receipt_tells_by_ids_only(node: Node) -> None:
    fill(node)
    made = erase_submission(node, None, "uuid:one", reason="consent withdrawn")
    receipt = get_erasure(node, None, made[:8])
    assert MARK not in str(receipt.to_json())
    assert (receipt.what, receipt.reason, receipt.unfinished) == ("submission", "consent withdrawn", ())
    assert [r.id for r in list_erasures(node, None)] == [made]


def test_what_is_sent_again_is_turned_away(node: Node) -> None:
    fill(node)
    erase_submission(node, None, "uuid:one", reason="consent withdrawn")
    before = versions(node)
    again = send(node, visit("one", place=MARK, photo="p.jpg"), [("p.jpg", PHOTO)])
    variant = send(node, visit("one", place=f"{MARK} ٥"))
    assert again.is_erased
    assert variant.is_erased
    assert versions(node) == before
    assert find_traces(node.settings.data, MARK, PHOTO.decode()) == []
    with node.database.read() as session:
        blocked = erasure_reads.iter_blocked(session)
    assert [upload.instance_id for upload in blocked] == ["uuid:one", "uuid:one"]
    assert get_erasure(node, None, list_erasures(node, None)[0].id).blocked_since == 2


def test_an_edit_that_comes_later_is_turned_away_with_what_edits_it(node: Node) -> None:
    publish_visit(node)
    send(node, visit("a", place=MARK))
    send(node, visit("c", place=MARK, deprecates="b"))  # its original is on its way
    erase_submission(node, None, "uuid:a", reason="consent withdrawn")
    assert versions(node) == ["uuid:c"]
    assert send(node, visit("b", place=MARK, deprecates="a")).is_erased
    assert versions(node) == [] == shown(node)
    assert send(node, visit("d", place=MARK, deprecates="c")).is_erased
    assert find_traces(node.settings.data, MARK) == []
    assert list(verify_node(node)) == []


def test_an_edit_of_what_was_erased_cannot_take_another_submission_with_it(node: Node) -> None:
    """A tablet sends, as an edit of the erased one, something under the instanceID of a submission that has nothing
    to do with it."""
    publish_visit(node)
    send(node, visit("one", place=MARK))
    send(node, visit("other", place="Telkaif"))
    erase_submission(node, None, "uuid:one", reason="consent withdrawn")
    assert send(node, visit("other", deprecates="one", place=MARK)).is_erased
    assert versions(node) == ["uuid:other"]
    assert not send(node, visit("other", place="Telkaif")).is_erased
    assert find_traces(node.settings.data, MARK) == []


def test_a_submission_of_which_a_false_version_claims_to_edit_the_erased_one_stays(node: Node) -> None:
    """The resolver shows the version without the claim, so there are two submissions."""
    publish_visit(node)
    for xml in (visit("x"), visit("other", place="mine"), visit("other", deprecates="x", place="forged")):
        send(node, xml)
    consumers.catch_up(node)
    assert sorted(shown(node)) == ["uuid:other", "uuid:x"]
    erase_submission(node, None, "uuid:x", reason="consent withdrawn")
    assert set(versions(node)) == {"uuid:other"}
    consumers.catch_up(node)
    assert shown(node) == ["uuid:other"]
    assert list(verify_node(node)) == []


def test_a_file_that_another_submission_has_too_stays(node: Node) -> None:
    publish_visit(node)
    for name in ("one", "two"):
        send(node, visit(name, photo="p.jpg"), [("p.jpg", PHOTO)])
    erase_submission(node, None, "uuid:one", reason="consent withdrawn")
    assert node.blobs.size(sha256_hex(PHOTO)) == len(PHOTO)  # type: ignore[arg-type]
    erase_submission(node, None, "uuid:two", reason="consent withdrawn")
    assert node.blobs.size(sha256_hex(PHOTO)) is None  # type: ignore[arg-type]


def test_another_process_erases_while_this_one_receives(node: Node) -> None:
    publish_visit(node)
    send(node, visit("one", place=MARK))
    with Node.open(node.settings) as other:
        erase_submission(other, None, "uuid:one", reason="consent withdrawn")
    assert send(node, visit("one", place=MARK, photo="p.jpg"), [("p.jpg", PHOTO)]).is_erased
    assert not send(node, visit("two")).is_erased
    assert list(node.blobs.iter_ids()) == []
    assert versions(node) == ["uuid:two"]


def test_an_upload_that_could_not_be_read_is_erased_by_its_sha256(node: Node) -> None:
    broken = f"<data><place>{MARK}".encode()
    with pytest.raises(UnreadableXml):
        send(node, broken)
    erase_submission(node, None, f"sha256:{sha256_hex(broken)}", reason="consent withdrawn")
    assert find_traces(node.settings.data, MARK) == []
    assert send(node, broken).is_erased
    assert find_traces(node.settings.data, MARK) == []
    assert list(verify_node(node)) == []


def test_a_submission_without_instance_id_is_known_by_its_bytes(node: Node) -> None:
    xml = submission("", f"<place>{MARK}</place>").replace(b"<instanceID></instanceID>", b"")
    receipt = send(node, xml)
    erase_submission(node, None, receipt.instance_id, reason="consent withdrawn")
    assert send(node, xml).is_erased
    assert versions(node) == []


def test_what_hangs_together_by_accident_stays(node: Node) -> None:
    """Two contents of one instance name different originals: erasing one original leaves the other."""
    publish_visit(node)
    send(node, visit("x"))
    send(node, visit("y"))
    erase_submission(node, None, "uuid:y", reason="consent withdrawn")
    assert shown(node) == ["uuid:x"]


def test_two_nodes_that_erased_the_same_show_the_same(node: Node) -> None:
    fill(node)
    erase_submission(node, None, "uuid:one", reason="consent withdrawn")
    before = digest_node(node)
    consumers.rebuild(node)
    assert digest_node(node) == before
    assert "uuid:one" not in shown(node)


@pytest.mark.parametrize("after", range(6))
def test_a_crash_leaves_nothing_done_or_a_rest_that_is_done_later(
    node: Node, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The power goes after the n-th commit of the erasure."""
    fill(node)
    monkeypatch.setattr(purge_warehouse, "PATIENCE_SECONDS", 0.2)
    write, commits = node.writer.run, []

    def run(function: object) -> object:
        if len(commits) >= after:
            raise KeyboardInterrupt
        commits.append(function)
        return write(function)  # type: ignore[arg-type]

    monkeypatch.setattr(node.writer, "run", run)
    with pytest.raises(KeyboardInterrupt):
        erase_submission(node, None, "uuid:one", reason="consent withdrawn")
    monkeypatch.setattr(node.writer, "run", write)
    with Node.open(node.settings) as started:
        finish_erasures(started)
        is_here = "uuid:one" in shown(started)
        traces = find_traces(node.settings.data, MARK, PHOTO.decode())
        assert is_here == (after == 0)
        assert is_here or traces == []
        assert list(verify_node(started)) == []


def test_a_file_deleted_while_another_submission_brings_it_is_sent_again(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tablet keeps its copy after a 503, and the next try stores it."""
    publish_visit(node)
    send(node, visit("one", photo="p.jpg"), [("p.jpg", PHOTO)])
    erase_submission(node, None, "uuid:one", reason="consent withdrawn")
    submit = node.writer.submit

    def deleted_meanwhile(*arguments: object) -> object:
        for blob in node.blobs.iter_ids():
            node.blobs.delete(blob)
        return submit(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(node.writer, "submit", deleted_meanwhile)
    with pytest.raises(ServerBusy):
        send(node, visit("two", photo="p.jpg"), [("p.jpg", PHOTO)])
    monkeypatch.undo()
    send(node, visit("two", photo="p.jpg"), [("p.jpg", PHOTO)])
    assert list(verify_node(node)) == []


def test_only_an_administrator_erases_and_says_why(node: Node) -> None:
    fill(node)
    bob = users.add_user(node, None, "bob@example.org", "long enough a password")
    with pytest.raises(NotFound):
        erase_submission(node, bob, "uuid:one", reason="x")
    with pytest.raises(UnexpectedValue):
        erase_submission(node, None, "uuid:one", reason=" ")
    with pytest.raises(NotFound):
        erase_submission(node, None, "uuid:nobody", reason="x")


def test_what_waited_for_a_person_waits_no_more(node: Node) -> None:
    publish_visit(node)
    send(node, visit("held"), is_revoked=True)
    consumers.catch_up(node)
    erase_submission(node, None, "uuid:held", reason="consent withdrawn")
    with node.database.read() as session:
        assert quarantine.find_submissions(session, "uuid:held") == []


def test_made_exports_go_with_it(hub: Node) -> None:
    fill(hub)
    for name in ("exports", "export-blocks"):
        folder: Path = hub.settings.data / name / "visit"
        folder.mkdir(parents=True)
        (folder / "finished.zip").write_text(MARK)
    erase_submission(hub, None, "uuid:one", reason="consent withdrawn")
    assert find_traces(hub.settings.data, MARK) == []


def test_what_was_being_made_meanwhile_is_waited_for_and_deleted(hub: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    """A download of the state before is still being written: it must not be kept when it is done."""
    monkeypatch.setattr(finish_module, "PATIENCE_SECONDS", 0.1)
    fill(hub)
    under_way = hub.scratch / "export-1"
    under_way.mkdir()
    (under_way / "export").write_text(MARK)
    made = erase_submission(hub, None, "uuid:one", reason="consent withdrawn")
    assert get_erasure(hub, None, made).unfinished == ("scratch",)
    kept = hub.settings.data / "exports"
    kept.mkdir(exist_ok=True)
    under_way.rename(kept / "finished")
    assert finish_erasures(hub) == []
    assert find_traces(hub.settings.data, MARK) == []
    assert get_erasure(hub, None, made).unfinished == ()


def test_what_a_process_that_died_left_is_deleted(hub: Node) -> None:
    fill(hub)
    left = hub.scratch / "backup-1"
    left.mkdir()
    (left / "snapshot.db").write_text(MARK)
    os.utime(left, (0, 0))
    erase_submission(hub, None, "uuid:one", reason="consent withdrawn")
    assert find_traces(hub.settings.data, MARK) == []


def test_what_the_warehouse_spilled_before_it_was_killed_is_deleted(hub: Node) -> None:
    fill(hub)
    left = hub.scratch / "duckdb" / "duckdb_temp_1_0_storage_DEFAULT-0.tmp"
    left.parent.mkdir(exist_ok=True)
    cut_off = hub.settings.data / "blobs" / "incoming" / "half"
    for path in (left, cut_off):
        path.write_text(MARK)
        os.utime(path, (0, 0))
    erase_submission(hub, None, "uuid:one", reason="consent withdrawn")
    assert find_traces(hub.settings.data, MARK) == []

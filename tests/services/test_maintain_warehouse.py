"""Segments are joined, renewed and swept without a row lost, doubled or shown too early, whatever happens meanwhile."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sync_server.core.ids import BlobId
from sync_server.node import Node
from sync_server.operator_errors import SegmentDamaged
from sync_server.services import consumers, maintain_warehouse
from sync_server.services.verify_node import verify_node
from sync_server.store import segment_writes, segments
from sync_server.store.segments import Manifest, Segment
from tests.support.samples import publish, publish_visit, send, submission, visit
from tests.support.warehouse_rows import shown_submissions

LATER = timedelta(hours=1, minutes=1)
NEXT_DAY = timedelta(days=1, hours=1)


def manifest_of(node: Node) -> Manifest:
    with node.database.read() as session:
        return segments.get_manifest(session, 1, "visit")


def places(node: Node) -> list[tuple[str, str]]:
    return [(each.key, each.tables[""][0]["/place"]) for each in shown_submissions(node, "visit")]


def fill(node: Node, count: int) -> None:
    """Submissions that came one by one, so that each lies in a segment of its own."""
    publish_visit(node)
    for number in range(count):
        send(node, visit(f"{number:02}", place=f"P{number}"), minutes=number)
        consumers.catch_up(node)


def files_of(node: Node) -> set[BlobId]:
    return set(node.warehouse.files.iter_ids())


def damage(node: Node, segment: Segment) -> Path:
    path = node.warehouse.path(segment.files[""].blob_id)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    return path


def test_small_segments_become_one(node: Node) -> None:
    fill(node, 9)
    before = places(node)
    assert len(manifest_of(node).segments) == 9
    assert maintain_warehouse.compact(node) == 1
    assert len(manifest_of(node).segments) == 1
    assert places(node) == before
    assert maintain_warehouse.compact(node) == 0


def test_deleted_rows_do_not_come_back(node: Node) -> None:
    fill(node, 9)
    send(node, visit("e", deprecates="04", place="Sinjar"), minutes=90)
    consumers.catch_up(node)
    before = places(node)
    assert ("uuid:04", "Sinjar") in before
    maintain_warehouse.compact(node)
    assert places(node) == before
    assert len(before) == 9


def interrupt(monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], object]) -> None:
    """Let something happen between the writing of files and the transaction that publishes them."""
    waiting = [meanwhile]
    finish = maintain_warehouse._finish

    def first(node: Node, *args: Any) -> None:
        if waiting:
            waiting.pop()()
        finish(node, *args)

    monkeypatch.setattr(maintain_warehouse, "_finish", first)


def test_an_edit_during_a_join_is_not_undone_by_it(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(node, 9)

    def edit() -> None:
        send(node, visit("e", deprecates="04", place="Sinjar"), minutes=90)
        consumers.catch_up(node)

    interrupt(monkeypatch, edit)
    maintain_warehouse.compact(node)
    assert dict(places(node))["uuid:04"] == "Sinjar"
    assert len(places(node)) == 9


def test_an_edit_during_a_renewal_is_not_undone_by_it(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(node, 9)
    maintain_warehouse.compact(node)
    node.write(lambda session: segment_writes.mark_stale(session, [s.id for s in manifest_of(node).segments], "test"))

    def edit() -> None:
        send(node, visit("e", deprecates="04", place="Sinjar"), minutes=90)
        consumers.resolve_received(node)
        consumers.make_runners(node)[1].run_slice()

    interrupt(monkeypatch, edit)
    maintain_warehouse.renew_stale(node)
    assert dict(places(node))["uuid:04"] == "Sinjar"
    assert len(places(node)) == 9
    assert all(segment.stale is None for segment in manifest_of(node).segments)


def test_two_processes_that_renew_the_same_do_it_once(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(node, 3)
    before = places(node)
    node.write(lambda session: segment_writes.mark_stale(session, [manifest_of(node).segments[0].id], "test"))
    interrupt(monkeypatch, lambda: maintain_warehouse.renew_stale(node))
    maintain_warehouse.renew_stale(node)
    assert places(node) == before


def test_a_new_version_renews_only_what_no_longer_fits(node: Node) -> None:
    publish(node, "1", {"/place": "string", "/g/n": "string"})
    send(node, submission("uuid:a", "<place>Bartella</place><g><n>1</n></g>"))
    consumers.catch_up(node)
    before = manifest_of(node).blobs
    publish(node, "2", {"/place": "string", "/g/n": "int", "/more": "string"})
    consumers.catch_up(node)
    assert manifest_of(node).blobs == before
    publish(node, "3", {"/place": "string", "/g": "repeat", "/g/n": "int"})
    consumers.catch_up(node)
    assert manifest_of(node).blobs.isdisjoint(before)
    (row,) = shown_submissions(node, "visit")
    assert row.tables["/g"][0]["/g/n#int"] == 1


def test_segments_of_different_layouts_are_joined_under_the_newest(node: Node) -> None:
    publish(node, "1", {"/place": "string", "/n": "string"})
    for number in range(8):
        send(node, submission(f"uuid:{number}", f"<place>P{number}</place><n>{number}</n>"), minutes=number)
        consumers.catch_up(node)
        if number == 3:
            publish(node, "2", {"/n": "int", "/more": "date"})
    maintain_warehouse.compact(node)
    rows = shown_submissions(node, "visit")
    assert len(manifest_of(node).segments) == 1
    assert [row.tables[""][0]["/n#int"] for row in rows] == [7, 6, 5, 4, 3, 2, 1, 0]
    assert [row.tables[""][0]["/place"] for row in rows] == [f"P{n}" for n in range(7, -1, -1)]


def test_retired_files_go_after_an_hour_unless_somebody_reads_them(node: Node) -> None:
    fill(node, 9)
    old = manifest_of(node)
    maintain_warehouse.compact(node)
    now = datetime.now(UTC)
    assert maintain_warehouse.sweep(node, now=now) == 0
    with node.warehouse.pinned(old):
        assert maintain_warehouse.sweep(node, now=now + LATER) == 0
    assert maintain_warehouse.sweep(node, now=now + LATER) == len(old.blobs)
    assert files_of(node) == manifest_of(node).blobs


def test_a_crash_between_file_and_row_leaves_an_orphan_that_goes_after_a_day(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(node, 1)
    send(node, visit("x"), minutes=5)
    consumers.resolve_received(node)

    def crash(*_args: object, **_kwargs: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(segment_writes, "publish", crash)
        with pytest.raises(KeyboardInterrupt):
            consumers.catch_up(node)
    assert len(files_of(node) - manifest_of(node).blobs) == 1
    consumers.catch_up(node)
    assert [key for key, _place in places(node)] == ["uuid:x", "uuid:00"]
    now = datetime.now(UTC)
    assert maintain_warehouse.sweep(node, now=now) == 0
    assert maintain_warehouse.sweep(node, now=now + NEXT_DAY) == 1
    assert files_of(node) == manifest_of(node).blobs


def test_a_damaged_file_is_told_and_made_again(node: Node) -> None:
    fill(node, 3)
    before = places(node)
    damage(node, manifest_of(node).segments[1])
    (fault,) = verify_node(node)
    assert "form 'visit' is damaged" in fault
    consumers.catch_up(node)
    assert list(verify_node(node)) == []
    assert places(node) == before


def test_a_missing_file_is_told_and_made_again(node: Node) -> None:
    fill(node, 3)
    before = places(node)
    node.warehouse.path(manifest_of(node).segments[0].files[""].blob_id).unlink()
    with pytest.raises(SegmentDamaged):
        places(node)
    consumers.catch_up(node)
    assert places(node) == before


def test_a_join_that_meets_a_damaged_file_has_it_made_again(node: Node) -> None:
    fill(node, 9)
    before = places(node)
    damage(node, manifest_of(node).segments[4])
    maintain_warehouse.maintain(node)
    maintain_warehouse.maintain(node)
    assert places(node) == before
    assert list(verify_node(node)) == []


def test_a_reader_of_a_damaged_file_is_told_which(node: Node) -> None:
    fill(node, 1)
    manifest = manifest_of(node)
    path = damage(node, manifest.segments[0])
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(SegmentDamaged) as told, node.warehouse.pinned(manifest), node.warehouse.cursor() as cursor:
        cursor.execute("SELECT * FROM read_parquet(?)", [str(path)]).fetchall()
    assert told.value.details["blob"] == path.name

"""The manifest: clusters, delete vectors, places, and what takes the place of what."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from sync_server.core.ids import BlobId
from sync_server.core.table_layout import StoredLayout
from sync_server.errors import NotFound
from sync_server.node import Node
from sync_server.store import segment_writes, segments
from sync_server.store.segment_writes import WrittenSegment
from sync_server.store.segments import Manifest, Segment, SegmentFile, pack_rows, unpack_rows

NOON = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
FORM = (1, "visit")
LAYOUT = StoredLayout({"": {"/place": {}}, "/guest": {"/guest/age": {"int": "/guest/age#int"}}})


def written(name: str, roots: Sequence[int], counts: Mapping[str, int] | None = None) -> WrittenSegment:
    """A segment of submissions that came at these minutes."""
    ordered = sorted(roots, reverse=True)
    rows = [(f"uuid:{minute}", dict(counts or {"": 1, "/guest": 2})) for minute in ordered]
    return WrittenSegment(
        layout=LAYOUT,
        first=(NOON + timedelta(minutes=ordered[0]), f"uuid:{ordered[0]}"),
        last=(NOON + timedelta(minutes=ordered[-1]), f"uuid:{ordered[-1]}"),
        files={table: SegmentFile(BlobId(f"{name}{table}"), 1, 10) for table in ("", "/guest")},
        counts=rows,
        has_strangers=False,
    )


def publish(node: Node, *new: WrittenSegment, touched: Sequence[str] = ()) -> None:
    node.write(lambda session: segment_writes.publish(session, FORM, new, touched=touched, now=NOON))


def manifest_of(node: Node) -> Manifest:
    with node.database.read() as session:
        return segments.get_manifest(session, *FORM)


def retired(node: Node) -> list[str]:
    with node.database.read() as session:
        return sorted(segment_writes.iter_retired(session, before=NOON + timedelta(days=1)))


def test_a_form_without_segments_has_an_empty_manifest(node: Node) -> None:
    assert manifest_of(node).segments == ()
    assert manifest_of(node).clusters() == ()
    assert manifest_of(node).live("") == 0


def test_a_segment_comes_back_as_it_was_published(node: Node) -> None:
    publish(node, written("a", [1, 2, 3]))
    (segment,) = manifest_of(node).segments
    assert (segment.first, segment.last) == (
        (NOON + timedelta(minutes=3), "uuid:3"),
        (NOON + timedelta(minutes=1), "uuid:1"),
    )
    assert segment.files["/guest"] == SegmentFile(BlobId("a/guest"), 1, 10)
    assert (segment.submissions, segment.deleted, segment.live) == (3, (), {"": 3, "/guest": 6})
    with node.database.read() as session:
        assert segments.get_layout(session, segment.layout_id) == LAYOUT
        place = segments.find_place(session, *FORM, "uuid:2")
        assert place is not None
        assert (place.segment_id, place.row, place.counts) == (segment.id, 1, {"": 1, "/guest": 2})
        assert segments.find_place(session, *FORM, "uuid:9") is None
        with pytest.raises(NotFound):
            segments.get_layout(session, "no such")


def test_segments_that_overlap_are_one_cluster(node: Node) -> None:
    publish(node, written("a", range(10, 20)), written("b", range(30, 40)))
    publish(node, written("c", [15]))
    clusters = manifest_of(node).clusters()
    assert [[s.files[""].blob_id for s in cluster] for cluster in clusters] == [["b"], ["a", "c"]]
    assert manifest_of(node).live("") == 20


def test_an_edited_row_goes_into_the_delete_vector(node: Node) -> None:
    publish(node, written("a", [1, 2, 3]))
    publish(node, written("b", [2], {"": 1}))
    by_file = {s.files[""].blob_id: s for s in manifest_of(node).segments}
    assert by_file[BlobId("a")].deleted == (1,)
    assert by_file[BlobId("a")].live == {"": 2, "/guest": 4}
    assert manifest_of(node).live("") == 3
    assert manifest_of(node).live("/guest") == 4


def test_a_row_that_is_gone_has_no_place(node: Node) -> None:
    publish(node, written("a", [1, 2]))
    publish(node, touched=["uuid:1", "uuid:unknown"])
    assert manifest_of(node).segments[0].deleted == (1,)
    with node.database.read() as session:
        assert segments.find_place(session, *FORM, "uuid:1") is None


def test_a_segment_without_standing_rows_goes_and_its_files_are_retired(node: Node) -> None:
    publish(node, written("a", [1]))
    publish(node, touched=["uuid:1"])
    assert manifest_of(node).segments == ()
    assert retired(node) == ["a", "a/guest"]


def replace(node: Node, inputs: Sequence[Segment], *new: WrittenSegment) -> bool:
    return node.write(lambda session: segment_writes.replace_segments(session, inputs, new, now=NOON))


def test_segments_are_replaced_only_as_they_were_read(node: Node) -> None:
    publish(node, written("a", [1, 2]), written("b", [3]))
    inputs = manifest_of(node).segments
    publish(node, touched=["uuid:1"])
    assert not replace(node, inputs, written("c", [1, 2, 3]))
    assert manifest_of(node).live("") == 2
    assert replace(node, manifest_of(node).segments, written("c", [2, 3]))
    (segment,) = manifest_of(node).segments
    assert segment.files[""].blob_id == "c"
    assert retired(node) == ["a", "a/guest", "b", "b/guest"]
    with node.database.read() as session:
        place = segments.find_place(session, *FORM, "uuid:2")
        assert place is not None
        assert (place.segment_id, place.row) == (segment.id, 1)


def renew(node: Node, old: Segment, *new: WrittenSegment) -> bool:
    return node.write(lambda session: segment_writes.renew(session, old, new, now=NOON))


def test_what_moved_before_a_renewal_stays_where_it_went(node: Node) -> None:
    publish(node, written("a", [1, 2, 3]))
    (old,) = manifest_of(node).segments
    publish(node, written("b", [2]))
    assert renew(node, old, written("c", [1, 2, 3]))
    by_file = {s.files[""].blob_id: s for s in manifest_of(node).segments}
    assert by_file[BlobId("c")].deleted == (1,)
    assert by_file[BlobId("b")].deleted == ()
    assert manifest_of(node).live("") == 3


def test_a_renewal_is_late_when_the_segment_went_or_became_stale_anew(node: Node) -> None:
    publish(node, written("a", [1]))
    (old,) = manifest_of(node).segments
    node.write(lambda session: segment_writes.mark_stale(session, [old.id], "layout:2"))
    assert not renew(node, old, written("c", [1]))
    publish(node, touched=["uuid:1"])
    assert not renew(node, old, written("c", [1]))


def test_a_damaged_file_makes_its_segment_stale(node: Node) -> None:
    publish(node, written("a", [1]), written("b", [2]))
    assert node.write(lambda session: segment_writes.mark_damaged(session, BlobId("b/guest")))
    assert not node.write(lambda session: segment_writes.mark_damaged(session, BlobId("no such")))
    with node.database.read() as session:
        assert [s.files[""].blob_id for s in segments.find_stale(session)] == ["b"]
        assert segments.find_forms(session) == [FORM]
        assert segments.find_forms(session, "other") == []


def test_a_forgotten_manifest_is_built_from_the_start(node: Node) -> None:
    publish(node, written("a", [1]))
    node.write(segment_writes.forget_manifest)
    assert manifest_of(node).segments == ()
    assert retired(node) == []


def test_row_numbers_are_kept_in_order_and_once() -> None:
    assert unpack_rows(pack_rows([7, 3, 3, 70_000])) == (3, 7, 70_000)
    assert unpack_rows(b"") == ()

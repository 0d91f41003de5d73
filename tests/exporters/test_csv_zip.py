"""The CSV zip holds every submission it was given, whole or not at all, in memory that does not grow."""

import csv
import tracemalloc
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from zipfile import ZipFile

import pytest

from sync_server.blobs.memory import MemoryBlobs
from sync_server.core.ids import BlobId
from sync_server.core.instance_xml import parse_xml
from sync_server.core.rows import RowMetadata
from sync_server.core.table_schema import build_table_schema
from sync_server.exporters.csv_zip import write_csv_zip, write_root_csv
from sync_server.exporters.document import Document, MediaFile, Written
from tests.core.test_table_schema import fields

MORNING = datetime(2026, 3, 1, 6, 30, tzinfo=UTC)
VISIT = build_table_schema(
    [fields("/place", "/photo:binary", "/who:repeat", "/who/name", "/who/item:repeat", "/who/item/what")]
)
ROOT_HEADER = (
    "SubmissionDate,place,photo,KEY,SubmitterID,SubmitterName,AttachmentsPresent,AttachmentsExpected,"
    "Status,ReviewState,DeviceID,Edits,FormVersion\n"
)


def document(key: str, xml: str = "", *media: MediaFile) -> Document:
    return Document(RowMetadata(key, MORNING), parse_xml(f"<data>{xml}</data>".encode()), media)


def write(
    target: Path,
    documents: Iterable[Document],
    blobs: MemoryBlobs | None = None,
    *,
    form_id: str = "visit",
    notes: str = "",
) -> Written:
    return write_csv_zip(
        target,
        documents,
        form_id=form_id,
        schema=VISIT,
        open_blob=blobs.open if blobs else None,
        notes=lambda _: notes,
        progress=lambda *_: None,
    )


def contents(path: Path) -> dict[str, str]:
    with ZipFile(path) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name).decode() for name in archive.namelist()}


def table(text: str) -> list[list[str]]:
    return list(csv.reader(StringIO(text, newline="")))


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "visit.zip"


def test_form_without_submissions_gives_every_table_with_its_header(target: Path) -> None:
    write(target, [])
    assert contents(target) == {
        "visit.csv": ROOT_HEADER,
        "visit-who.csv": "name,PARENT_KEY,KEY\n",
        "visit-item.csv": "what,PARENT_KEY,KEY\n",
    }


def test_repeats_and_nested_repeats_have_files_of_their_own(target: Path) -> None:
    xml = "<place>Erbil</place><who><name>A</name><item><what>x</what></item></who><who><name>B</name></who>"
    written = write(target, [document("uuid:1", xml), document("uuid:2")])
    found = contents(target)
    assert found["visit.csv"].splitlines()[1:] == [
        "2026-03-01T06:30:00.000Z,Erbil,,uuid:1,,,0,0,,,,0,",
        "2026-03-01T06:30:00.000Z,,,uuid:2,,,0,0,,,,0,",
    ]
    assert found["visit-who.csv"].splitlines()[1:] == ["A,uuid:1,uuid:1/who[1]", "B,uuid:1,uuid:1/who[2]"]
    assert found["visit-item.csv"].splitlines()[1:] == ["x,uuid:1/who[1],uuid:1/who[1]/item[1]"]
    assert (written.submissions, written.rows) == (2, 5)


@pytest.mark.parametrize(
    "answer",
    [
        "نینوا، موصل",
        "ھەولێر",
        "👮🏽‍♀️",
        "=cmd|' /C calc'!A0",
        "+964-770",
        'say "no", twice',
        "two\nlines",
        "\ttab",
        " a ",
    ],
)
def test_answer_comes_back_from_the_csv_as_it_was_sent(target: Path, answer: str) -> None:
    write(target, [document("uuid:1", f"<place>{answer}</place>")])
    rows = table(contents(target)["visit.csv"])
    assert [row[1] for row in rows] == ["place", answer]


def test_lone_carriage_return_does_not_break_the_row(target: Path) -> None:
    write(target, [document("uuid:1", "<place>a&#13;b</place>"), document("uuid:2")])
    rows = table(contents(target)["visit.csv"])
    assert [row[1] for row in rows] == ["place", "a\rb", ""]


def test_csv_is_utf8_without_byte_order_mark_and_with_line_feeds(target: Path) -> None:
    write(target, [document("uuid:1", "<place>ك</place>")])
    with ZipFile(target) as archive:
        content = archive.read("visit.csv")
    assert content.startswith(b"SubmissionDate,")
    assert b"\r" not in content
    assert "ك".encode() in content


def test_media_keep_their_names_and_bytes(target: Path) -> None:
    blobs = MemoryBlobs()
    photo = MediaFile("1700000000001.jpg", blobs.put(b"photo"), 5)
    written = write(target, [document("uuid:1", "<photo>1700000000001.jpg</photo>", photo)], blobs)
    assert contents(target)["media/1700000000001.jpg"] == "photo"
    assert written.files == 1


def test_two_files_of_one_name_are_both_there(target: Path) -> None:
    blobs = MemoryBlobs()
    a, b, c = (
        MediaFile(name, blobs.put(content), 1) for name, content in [("p.jpg", b"a"), ("P.jpg", b"b"), ("p.jpg", b"c")]
    )
    documents = [document("uuid:1", "", a), document("uuid:2", "", b, c), document("uuid:3", "", a)]
    written = write(target, documents, blobs)
    media = {name: text for name, text in contents(target).items() if name.startswith("media/")}
    assert media == {"media/p.jpg": "a", "media/uuid_2/P.jpg": "b", "media/uuid_2/p.jpg~2": "c"}
    assert written.files_apart == 2


def test_missing_file_is_counted_and_all_others_are_there(target: Path) -> None:
    blobs = MemoryBlobs()
    here = MediaFile("here.jpg", blobs.put(b"a"), 1)
    written = write(target, [document("uuid:1", "", MediaFile("gone.jpg", BlobId("0" * 64), 9), here)], blobs)
    assert contents(target)["media/here.jpg"] == "a"
    assert (written.files, written.files_missing) == (1, 1)


def test_without_media_no_file_is_opened(target: Path) -> None:
    write(target, [document("uuid:1", "", MediaFile("gone.jpg", BlobId("0" * 64), 9))])
    assert set(contents(target)) == {"visit.csv", "visit-who.csv", "visit-item.csv"}


def test_audit_logs_are_joined_into_one_table(target: Path) -> None:
    blobs = MemoryBlobs()
    logs = [b"event,node,start,end\nform start,,1,\n", b"\xef\xbb\xbfevent,start,user\nquestion,2,\xd8\xb9\n"]
    documents = [
        document(f"uuid:{n}", "", MediaFile("audit.csv", blobs.put(log), len(log)))
        for n, log in enumerate(logs, start=1)
    ]
    write(target, documents, blobs)
    found = contents(target)
    assert table(found["visit - audit.csv"]) == [
        ["instance ID", "event", "node", "start", "end", "latitude", "longitude", "accuracy", "old-value", "new-value",
         "user", "change-reason"],
        ["uuid:1", "form start", "", "1", "", "", "", "", "", "", "", ""],
        ["uuid:2", "question", "", "2", "", "", "", "", "", "", "ع", ""],
    ]  # fmt: skip
    assert not any(name.startswith("media/") for name in found)


@pytest.mark.parametrize("log", [b"event,other\na,b\n", b"\xff\xfe", b"", b"event\na,b\n", b'event\n"a\n'])
def test_audit_log_of_another_shape_is_kept_as_a_file(target: Path, log: bytes) -> None:
    blobs = MemoryBlobs()
    write(target, [document("uuid:1", "", MediaFile("audit.csv", blobs.put(log), len(log)))], blobs)
    with ZipFile(target) as archive:
        assert archive.read("media/audit.csv") == log


def test_answers_without_column_are_listed(target: Path) -> None:
    written = write(
        target, [document("uuid:1", "<new>1</new><who><name>A</name><age>=4</age></who>"), document("uuid:2")]
    )
    assert table(contents(target)["_answers_without_column.csv"]) == [
        ["KEY", "path", "value"],
        ["uuid:1", "/new", "1"],
        ["uuid:1", "/who[1]/age", "=4"],
    ]
    assert (written.unplaced_answers, written.unplaced_submissions) == (2, 1)


def test_notes_are_there_only_when_there_is_something_to_say(target: Path) -> None:
    write(target, [], notes="3 submissions are left out.")
    assert contents(target)["_notes.txt"] == "3 submissions are left out."


@pytest.mark.parametrize(
    "form_id, name",
    [("http://x.org/form:1", "http___x.org_form_1.csv"), ("..", "_.csv"), ("con", "_con.csv"), ("نموذج", "نموذج.csv")],
)
def test_form_id_becomes_a_name_every_system_can_unpack(target: Path, form_id: str, name: str) -> None:
    write(target, [], form_id=form_id)
    assert name in contents(target)


def test_long_names_are_cut_between_characters(target: Path) -> None:
    write(target, [], form_id="ع" * 300)
    assert all(len(name.encode()) <= 255 for name in contents(target))


def test_same_submissions_make_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.zip", "b.zip"):
        write(tmp_path / name, [document("uuid:1", "<place>x</place>")], notes="n")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_failure_leaves_the_old_file_and_nothing_else(target: Path) -> None:
    def failing() -> Iterator[Document]:
        yield document("uuid:1")
        raise RuntimeError("the database is gone")

    target.write_bytes(b"yesterday's")
    with pytest.raises(RuntimeError):
        write(target, failing())
    assert [path.name for path in target.parent.iterdir()] == ["visit.zip"]
    assert target.read_bytes() == b"yesterday's"


def test_success_leaves_nothing_but_the_file(target: Path) -> None:
    write(target, [document("uuid:1")])
    assert list(target.parent.iterdir()) == [target]


def test_root_table_alone_is_a_plain_csv(tmp_path: Path) -> None:
    target = tmp_path / "visit.csv"
    written = write_root_csv(
        target, [document("uuid:1", "<who><name>A</name></who>")], schema=VISIT, progress=lambda *_: None
    )
    assert target.read_text() == ROOT_HEADER + "2026-03-01T06:30:00.000Z,,,uuid:1,,,0,0,,,,0,\n"
    assert (written.submissions, written.rows) == (1, 2)


def test_a_hundred_thousand_rows_need_no_more_memory_than_a_thousand(tmp_path: Path) -> None:
    who = "<who><name>فريد</name></who>" * 10
    one = document("uuid:", f"<place>Erbil</place>{who}")

    def many(count: int) -> Iterator[Document]:
        for number in range(count):
            yield replace(one, metadata=RowMetadata(f"uuid:{number}", MORNING))

    def peak(count: int) -> int:
        tracemalloc.start()
        written = write(tmp_path / "many.zip", many(count))
        assert written.rows == count * 11
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    few = peak(1_000)
    assert peak(9_100) < few + 1_000_000

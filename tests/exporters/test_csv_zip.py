"""The CSV zip holds every row and file it was given, whole or not at all, in memory that does not grow."""

import csv
import tracemalloc
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from pathlib import Path
from zipfile import ZipFile

import pytest

from sync_server.blobs.memory import MemoryBlobs
from sync_server.core.ids import BlobId
from sync_server.exporters.csv_text import csv_lines
from sync_server.exporters.csv_zip import UNPLACED_HEADER, write_csv_zip, write_root_csv
from sync_server.exporters.deflated import deflate_text
from sync_server.exporters.document import CsvBlock, CsvContent, MediaFile, Written

Media = Iterable[tuple[str, MediaFile]]
Rows = Iterable[Sequence[str]]


def block(rows: Iterable[Sequence[str]]) -> CsvBlock:
    listed = list(rows)
    return CsvBlock(len(listed), deflate_text(csv_lines(listed)))


def visits(*places: str) -> list[CsvContent]:
    """The tables of a visit: each place a submission, and a block of its own."""
    root = (block([(place, f"uuid:{number}")]) for number, place in enumerate(places, start=1))
    return [CsvContent("", ("place", "KEY"), root), CsvContent("who", ("name", "PARENT_KEY", "KEY"), ())]


def write(
    target: Path,
    tables: Iterable[CsvContent] = (),
    media: Media = (),
    blobs: MemoryBlobs | None = None,
    *,
    form_id: str = "visit",
    notes: str = "",
    unplaced: Sequence[Sequence[str]] = (),
) -> Written:
    written = Written(unplaced_answers=len(unplaced))
    write_csv_zip(
        target,
        tables or visits(),
        form_id=form_id,
        written=written,
        media=media,
        open_blob=(blobs or MemoryBlobs()).open,
        unplaced=CsvContent("", UNPLACED_HEADER, [block(unplaced)]),
        notes=lambda _: notes,
        progress=lambda *_: None,
    )
    return written


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
    write(target)
    assert contents(target) == {"visit.csv": "place,KEY\n", "visit-who.csv": "name,PARENT_KEY,KEY\n"}


def test_blocks_stand_one_below_another(target: Path) -> None:
    who = CsvContent("who", ("name",), [block([("A",), ("B",)]), block([]), block([("C",)])])
    written = write(target, [*visits("Erbil", "Mosul")[:1], who])
    assert contents(target) == {
        "visit.csv": "place,KEY\nErbil,uuid:1\nMosul,uuid:2\n",
        "visit-who.csv": "name\nA\nB\nC\n",
    }
    assert written.rows == 5


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
        "a\rb",
    ],
)
def test_answer_comes_back_from_the_csv_as_it_was_sent(target: Path, answer: str) -> None:
    write(target, visits(answer, "after"))
    assert [row[0] for row in table(contents(target)["visit.csv"])] == ["place", answer, "after"]


def test_csv_is_utf8_without_byte_order_mark_and_with_line_feeds(target: Path) -> None:
    write(target, visits("ك"))
    with ZipFile(target) as archive:
        content = archive.read("visit.csv")
    assert content == "place,KEY\nك,uuid:1\n".encode()


def test_media_keep_their_names_and_bytes(target: Path) -> None:
    blobs = MemoryBlobs()
    photo = MediaFile("1700000000001.jpg", blobs.put(b"photo"), 5)
    written = write(target, visits("Erbil"), [("uuid:1", photo)], blobs)
    assert contents(target)["media/1700000000001.jpg"] == "photo"
    assert written.files == 1


def test_two_files_of_one_name_are_both_there(target: Path) -> None:
    blobs = MemoryBlobs()
    a, b, c = (
        MediaFile(name, blobs.put(content), 1) for name, content in [("p.jpg", b"a"), ("P.jpg", b"b"), ("p.jpg", b"c")]
    )
    written = write(target, (), [("uuid:1", a), ("uuid:2", b), ("uuid:2", c), ("uuid:3", a)], blobs)
    media = {name: text for name, text in contents(target).items() if name.startswith("media/")}
    assert media == {"media/p.jpg": "a", "media/uuid_2/P.jpg": "b", "media/uuid_2/p.jpg~2": "c"}
    assert written.files_apart == 2


def test_missing_file_is_counted_and_all_others_are_there(target: Path) -> None:
    blobs = MemoryBlobs()
    here = MediaFile("here.jpg", blobs.put(b"a"), 1)
    gone = MediaFile("gone.jpg", BlobId("0" * 64), 9)
    written = write(target, (), [("uuid:1", gone), ("uuid:1", here)], blobs)
    assert contents(target)["media/here.jpg"] == "a"
    assert (written.files, written.files_missing) == (1, 1)


def test_audit_logs_are_joined_into_one_table(target: Path) -> None:
    blobs = MemoryBlobs()
    logs = [b"event,node,start,end\nform start,,1,\n", b"\xef\xbb\xbfevent,start,user\nquestion,2,\xd8\xb9\n"]
    media = [(f"uuid:{n}", MediaFile("audit.csv", blobs.put(log), len(log))) for n, log in enumerate(logs, start=1)]
    write(target, (), media, blobs)
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
    write(target, (), [("uuid:1", MediaFile("audit.csv", blobs.put(log), len(log)))], blobs)
    with ZipFile(target) as archive:
        assert archive.read("media/audit.csv") == log


def test_answers_without_column_are_listed(target: Path) -> None:
    write(target, unplaced=[("uuid:1", "/new", "1"), ("uuid:1", "/who[1]/age", "=4")])
    assert table(contents(target)["_answers_without_column.csv"]) == [
        ["KEY", "path", "value"],
        ["uuid:1", "/new", "1"],
        ["uuid:1", "/who[1]/age", "=4"],
    ]


def test_notes_are_there_only_when_there_is_something_to_say(target: Path) -> None:
    write(target, notes="3 submissions are left out.")
    assert contents(target)["_notes.txt"] == "3 submissions are left out."


@pytest.mark.parametrize(
    "form_id, name",
    [("http://x.org/form:1", "http___x.org_form_1.csv"), ("..", "_.csv"), ("con", "_con.csv"), ("نموذج", "نموذج.csv")],
)
def test_form_id_becomes_a_name_every_system_can_unpack(target: Path, form_id: str, name: str) -> None:
    write(target, form_id=form_id)
    assert name in contents(target)


def test_long_names_are_cut_between_characters(target: Path) -> None:
    write(target, form_id="ع" * 300)
    assert all(len(name.encode()) <= 255 for name in contents(target))


def test_same_blocks_make_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.zip", "b.zip"):
        write(tmp_path / name, visits("x"), notes="n")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_failure_leaves_the_old_file_and_nothing_else(target: Path) -> None:
    def failing() -> Iterator[CsvBlock]:
        yield block([("a", "b")])
        raise RuntimeError("the database is gone")

    target.write_bytes(b"yesterday's")
    with pytest.raises(RuntimeError):
        write(target, [CsvContent("", ("place", "KEY"), failing())])
    assert [path.name for path in target.parent.iterdir()] == ["visit.zip"]
    assert target.read_bytes() == b"yesterday's"


def test_success_leaves_nothing_but_the_file(target: Path) -> None:
    write(target, visits("x"))
    assert list(target.parent.iterdir()) == [target]


def test_root_table_alone_is_a_plain_csv(tmp_path: Path) -> None:
    written = Written()
    write_root_csv(tmp_path / "visit.csv", visits("Erbil", "a\nb")[0], written=written, progress=lambda *_: None)
    assert (tmp_path / "visit.csv").read_text("utf-8") == 'place,KEY\nErbil,uuid:1\n"a\nb",uuid:2\n'
    assert written.rows == 2


def test_a_hundred_thousand_rows_need_no_more_memory_than_a_thousand(tmp_path: Path) -> None:
    """As long as the blocks are on the disk; each here stands for one that is read from there."""
    rows = block([("فريد", f"uuid:{number}") for number in range(1000)])

    def peak(count: int) -> int:
        tracemalloc.start()
        written = write(tmp_path / "many.zip", [CsvContent("", ("name", "KEY"), (rows for _ in range(count // 1000)))])
        assert written.rows == count
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    few = peak(1_000)
    assert peak(100_000) < few + 100_000

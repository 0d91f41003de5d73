"""Zips made of ready blocks are read by other programs' readers, at every size."""

import subprocess
import zlib
from io import BytesIO
from pathlib import Path
from shutil import which
from zipfile import ZipFile, ZipInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_server.exporters import zip_writer
from sync_server.exporters.deflated import Block, Packed, deflate, deflate_text
from sync_server.exporters.zip_writer import ZipWriter


def written(entries: dict[str, list[str]], streams: dict[str, bytes] | None = None) -> bytes:
    file = BytesIO()
    writer = ZipWriter(file)
    for name, texts in entries.items():
        writer.add_blocks(name, [deflate_text(text) for text in texts])
    for name, content in (streams or {}).items():
        writer.add_stream(name, BytesIO(content), len(content))
    writer.close()
    return file.getvalue()


def read(content: bytes) -> dict[str, bytes]:
    with ZipFile(BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


@given(st.dictionaries(st.sampled_from(["a.csv", "ب.csv", "x/y.csv"]), st.lists(st.text(max_size=200), max_size=5)))
def test_blocks_come_out_as_one_text(entries: dict[str, list[str]]) -> None:
    found = read(written(entries))
    assert found == {name: "".join(texts).encode() for name, texts in entries.items()}


@given(st.dictionaries(st.sampled_from(["p.jpg", "notes.txt", "صورة.PNG"]), st.binary(max_size=1000)))
def test_streams_come_out_as_they_went_in(streams: dict[str, bytes]) -> None:
    assert read(written({}, streams)) == streams


def test_what_is_packed_already_is_stored_and_the_rest_deflated() -> None:
    content = written({}, {"p.JPG": b"a" * 1000, "p.txt": b"a" * 1000})
    with ZipFile(BytesIO(content)) as archive:
        assert [entry.compress_type for entry in archive.infolist()] == [0, 8]
        assert {(entry.date_time, entry.external_attr >> 16) for entry in archive.infolist()} == {
            ((1980, 1, 1, 0, 0, 0), 0o100644)
        }


def test_file_deflated_in_pieces_is_one_block() -> None:
    content = "ناو,who\n".encode() * 100_000
    target = BytesIO()
    packed = deflate(BytesIO(content), target)
    assert (packed.size, packed.packed_size, packed.crc) == (
        len(content),
        len(target.getvalue()),
        zlib.crc32(content),
    )
    assert zlib.decompress(target.getvalue() + b"\3\0", -15) == content


@pytest.mark.parametrize("largest", [0, 40, 400])
def test_zip64_fields_are_read_back(monkeypatch: pytest.MonkeyPatch, largest: int) -> None:
    """The same fields as in a zip of many gigabytes, only earlier."""
    monkeypatch.setattr(zip_writer, "_LARGEST", largest)
    monkeypatch.setattr(zip_writer, "_MANY", 2)
    entries = {"a.csv": ["x" * 100, "y"], "b.csv": [], "c.csv": ["z" * 1000]}
    found = read(written(entries, {"p.jpg": b"photo", "q.txt": b"text"}))
    assert found["c.csv"] == b"z" * 1000
    assert (found["a.csv"], found["p.jpg"], found["q.txt"]) == (b"x" * 100 + b"y", b"photo", b"text")


def test_entry_longer_than_four_gigabytes_needs_no_memory(tmp_path: Path) -> None:
    zeros, target = bytes(1 << 26), BytesIO()
    packed = deflate(BytesIO(zeros), target)
    blocks = [Block(packed, lambda: iter((target.getvalue(),)))] * 80
    with (tmp_path / "long.zip").open("wb") as file:
        writer = ZipWriter(file)
        writer.add_blocks("long.csv", blocks)
        writer.add_blocks("short.csv", [deflate_text("x")])
        writer.close()
    with ZipFile(tmp_path / "long.zip") as archive:
        assert archive.getinfo("long.csv").file_size == 80 << 26
        assert archive.read("short.csv") == b"x"
        with archive.open("long.csv") as entry:
            assert entry.read(100) == bytes(100)


def test_more_entries_than_the_old_format_counts() -> None:
    content = written({}, {f"{number}.jpg": b"" for number in range(0x10000)})
    with ZipFile(BytesIO(content)) as archive:
        assert len(archive.infolist()) == 0x10000


def test_same_content_makes_the_same_bytes() -> None:
    entries, streams = {"a.csv": ["x", "y"]}, {"p.jpg": b"photo", "t.txt": b"text"}
    assert written(entries, streams) == written(entries, streams)


@pytest.mark.parametrize("command", [("unzip", "-tqq"), ("bsdtar", "-tf"), ("7z", "t")])
@pytest.mark.parametrize("largest", [zip_writer._LARGEST, 40])
def test_other_programs_find_nothing_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], largest: int
) -> None:
    """With those of these programs that this machine has."""
    monkeypatch.setattr(zip_writer, "_LARGEST", largest)
    path = tmp_path / "out.zip"
    path.write_bytes(written({"زيارة.csv": ["KEY\n", "uuid:1\n"], "empty.csv": []}, {"media/p.jpg": b"photo"}))
    if which(command[0]):
        done = subprocess.run([*command, str(path)], capture_output=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_block_of_another_length_than_said_is_refused() -> None:
    wrong = Block(Packed(0, 1, 5), lambda: iter((b"abc",)))
    with pytest.raises(ValueError, match="another length"):
        ZipWriter(BytesIO()).add_blocks("a.csv", [wrong])


def test_local_headers_say_what_the_directory_says() -> None:
    content = written({"a.csv": ["x" * 50]}, {"t.txt": b"text"})
    with ZipFile(BytesIO(content)) as archive:
        for entry in archive.infolist():
            header = content[entry.header_offset : entry.header_offset + 30]
            assert header[14:26] == _sizes(entry)


def _sizes(entry: ZipInfo) -> bytes:
    return b"".join(n.to_bytes(4, "little") for n in (entry.CRC, entry.compress_size, entry.file_size))

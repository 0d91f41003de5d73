"""Blocks are kept by name, noticed when damaged, and removed when the folder is full."""

import errno
import os
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from sync_server.exporters.deflated import END, Block
from sync_server.warehouse.csv_blocks import IN_USE_SECONDS, CsvBlocks

ROWS = "uuid:1,أربيل\n" * 5000


@pytest.fixture
def blocks(tmp_path: Path) -> CsvBlocks:
    return CsvBlocks(tmp_path / "blocks", limit=10**6)


class Made:
    """Counts how often a text is made."""

    def __init__(self, text: str = ROWS) -> None:
        self.text = text
        self.times = 0

    def __call__(self, path: Path) -> None:
        self.times += 1
        path.write_text(self.text, "utf-8", newline="")


def text_of(block: Block) -> str:
    content = b"".join(block.read())
    text = zlib.decompress(content + END, -zlib.MAX_WBITS)
    assert (block.packed.size, block.packed.crc) == (len(text), zlib.crc32(text))
    assert block.packed.packed_size == len(content)
    return text.decode()


def test_block_is_made_once_and_kept(blocks: CsvBlocks) -> None:
    made = Made()
    assert text_of(blocks.get("a", made)) == text_of(blocks.get("a", made)) == ROWS
    assert made.times == 1
    assert [path.name for path in blocks.folder.iterdir()] == ["a"]


def test_text_may_be_empty(blocks: CsvBlocks) -> None:
    assert text_of(blocks.get("a", Made(""))) == ""
    assert text_of(blocks.get("a", Made("never"))) == ""


def flip(content: bytes) -> bytes:
    return content[:-100] + bytes([content[-100] ^ 1]) + content[-99:]


@pytest.mark.parametrize(
    "damage", [flip, lambda c: c[:-1], lambda c: c[:10], lambda c: b"", lambda c: c + b"x", lambda c: b"x" + c[1:]]
)
def test_damaged_block_is_made_again(blocks: CsvBlocks, damage: Callable[[bytes], bytes]) -> None:
    made = Made()
    blocks.get("a", made)
    path = blocks.folder / "a"
    path.write_bytes(damage(path.read_bytes()))
    assert text_of(blocks.get("a", made)) == ROWS
    assert made.times == 2
    blocks.get("a", made)
    assert made.times == 2


def test_disk_that_is_full_leaves_nothing(blocks: CsvBlocks) -> None:
    def full(path: Path) -> None:
        path.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        blocks.get("a", full)
    assert list(blocks.folder.iterdir()) == []


def age(blocks: CsvBlocks, name: str, seconds: float) -> None:
    about = (blocks.folder / name).stat()
    os.utime(blocks.folder / name, (about.st_mtime - seconds, about.st_mtime - seconds))


def test_least_recently_used_go_when_the_folder_is_full(blocks: CsvBlocks) -> None:
    for name, seconds in (("a", 4), ("b", 3), ("c", 2)):
        blocks.get(name, Made())
        age(blocks, name, IN_USE_SECONDS * seconds)
    size = (blocks.folder / "a").stat().st_size
    blocks.get("a", Made("never"))
    CsvBlocks(blocks.folder, limit=2 * size).sweep()
    assert sorted(path.name for path in blocks.folder.iterdir()) == ["a", "c"]


def test_what_an_export_reads_now_stays_even_then(blocks: CsvBlocks) -> None:
    blocks.get("a", Made())
    CsvBlocks(blocks.folder, limit=0).sweep(is_full=lambda: True)
    assert [path.name for path in blocks.folder.iterdir()] == ["a"]


def test_blocks_go_when_the_disk_is_full(blocks: CsvBlocks) -> None:
    for name in "ab":
        blocks.get(name, Made())
        age(blocks, name, IN_USE_SECONDS * 2)
    asked: list[None] = []

    def is_full() -> bool:
        asked.append(None)
        return len(asked) == 1

    blocks.sweep(is_full=is_full)
    assert len(list(blocks.folder.iterdir())) == 1


def test_clearing_removes_all_at_once(blocks: CsvBlocks) -> None:
    blocks.clear()
    blocks.get("a", Made())
    blocks.clear()
    assert list(blocks.folder.iterdir()) == []

"""A body comes apart the same however it is cut into pieces, and as Werkzeug's own decoder takes it apart."""

from collections.abc import Iterator
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.formparser import MultiPartParser

from sync_server.protocols.multipart import Part, read_multipart

Read = list[tuple[str, str | None, bytes]]


def read(body: bytes, *, size: int = 10**9, boundary: bytes = b"b") -> Read:
    found: list[tuple[Part, list[bytes]]] = []

    def begin(part: Part) -> object:
        found.append((part, []))
        return found[-1][1].append

    read_multipart(cut(body, size), boundary, begin)  # type: ignore[arg-type]
    return [(part.name, part.file_name, b"".join(written)) for part, written in found]


def cut(body: bytes, size: int) -> Iterator[bytes]:
    return (body[at : at + size] for at in range(0, len(body), size))


def write(parts: list[tuple[str, str | None, bytes]], boundary: bytes = b"b") -> bytes:
    lines = b""
    for name, file_name, content in parts:
        disposition = f'form-data; name="{name}"' + (f'; filename="{file_name}"' if file_name is not None else "")
        lines += (
            b"--" + boundary + b"\r\nContent-Disposition: " + disposition.encode() + b"\r\n\r\n" + content + b"\r\n"
        )
    return lines + b"--" + boundary + b"--\r\n"


# Bytes that look like delimiters, in every way short of being one.
TRICKY = st.lists(
    st.sampled_from([b"\r", b"\n", b"\r\n", b"-", b"--", b"\r\n-", b"\r\n--", b"\r\n--c", b"--b", b"b", b"x", b"\x00"])
).map(b"".join)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from([None, "f.jpg"]), TRICKY)), st.integers(1, 40))
def test_parts_come_back_as_they_were_however_the_body_is_cut(
    parts: list[tuple[str, str | None, bytes]], size: int
) -> None:
    parts = [part for part in parts if b"\r\n--b" not in b"\r\n" + part[2] + b"\r\n--"]
    assert read(write(parts), size=size) == parts


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(["f.jpg", "g.jpg"]), TRICKY), min_size=1))
def test_werkzeugs_decoder_finds_the_same(parts: list[tuple[str, str, bytes]]) -> None:
    body = write([part for part in parts if b"--b" not in part[2]])
    fields: MultiDict[str, str]
    files: MultiDict[str, FileStorage]
    fields, files = MultiPartParser(stream_factory=lambda **_: BytesIO()).parse(BytesIO(body), b"b", len(body))
    theirs = sorted((name, file.filename, file.read()) for name, file in files.items(multi=True))
    assert sorted(read(body)) == theirs
    assert not fields


def test_a_preamble_and_an_epilogue_mean_nothing() -> None:
    body = b"hello\r\n" + write([("a", None, b"x")]) + b"\r\ngood bye"
    assert read(body) == read(body, size=1) == [("a", None, b"x")]


def test_no_part_at_all_is_a_body_too() -> None:
    assert read(b"--b--\r\n") == []


@pytest.mark.parametrize(
    "body", [b"", b"x", b"--b", b"--b\r\n", b"--b\r\nContent-Disposition: x\r\n", write([("a", None, b"x")])[:-6]]
)
def test_a_body_that_ends_too_soon_is_an_error(body: bytes) -> None:
    for size in (1, 1000):
        with pytest.raises(ValueError):
            read(body, size=size)


def test_headers_without_an_end_are_an_error_before_they_fill_the_memory() -> None:
    with pytest.raises(ValueError):
        read(b"--b\r\n" + b"x" * 1_000_000, size=10_000)


@pytest.mark.parametrize(
    ("header", "name", "file_name"),
    [
        (b'form-data; name="a"; filename="b.jpg"', "a", "b.jpg"),
        (b'form-data; filename="b.jpg"; name="a"', "a", "b.jpg"),
        (b"form-data; name=a; filename=b.jpg", "a", "b.jpg"),
        (b'form-data; name="a"', "a", None),
        (b'form-data; name="a"; filename=""', "a", ""),
        (b'form-data; name="a"; filename="x%22y\\"z.jpg"', "a", 'x"y"z.jpg'),
        (b'form-data; name="a"; filename="C:\\x\\y.jpg"', "a", "C:\\x\\y.jpg"),
        ('form-data; name="صورة"; filename="صورة.jpg"'.encode(), "صورة", "صورة.jpg"),
        ('form-data; name="é"; filename="é.jpg"'.encode("latin-1"), "é", "é.jpg"),
        (b"form-data; name=\"a\"; filename*=UTF-8''%D8%B5.jpg", "a", "ص.jpg"),
        (b'form-data;\r\n name="a";\r\n\tfilename="b.jpg"', "a", "b.jpg"),
        (b"form-data", "", None),
    ],
)
def test_the_names_of_a_part_are_read_as_clients_write_them(header: bytes, name: str, file_name: str | None) -> None:
    headers = b"content-disposition: " + header + b"\r\nContent-Type:image/jpeg"
    parts = []
    read_multipart(iter([b"--b\r\n" + headers + b"\r\n\r\nx\r\n--b--\r\n"]), b"b", parts.append)
    assert parts == [Part(name, file_name, "image/jpeg")]

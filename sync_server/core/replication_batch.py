"""A batch of items as bytes: JSON lines, one header and one line an item, compressed with zstd.

Fields are written by their names, times as ISO 8601, bytes as text where they are UTF-8 and else as base64. What cannot
be read raises BatchUnreadable, and never takes more memory than `LARGEST` bytes unpacked.
"""

import base64
import binascii
import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from types import UnionType
from typing import Any, get_args, get_type_hints

from sync_server.core.replication_items import KINDS, DecisionItem, Item, MediaFile, Who
from sync_server.core.storable import LARGEST_NUMBER, is_text
from sync_server.peer_errors import BatchUnreadable

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PROTOCOL = 1
LARGEST = 256_000_000
"""Bytes of one batch, unpacked: more than any node sends, so what has more is an attack."""
MOST_ITEMS = 250_000
"""Of one batch: 64 MB, the most that is ever asked for, have fewer, and each takes some kB of memory when read."""
LEVEL = 9  # 14 times smaller than attendance XML in 15 ms for 100; level 19 gives 18 times in half a second

_HEAD_TEXTS, _HEAD_NUMBERS = ("epoch", "scope_hash"), ("since", "until", "head")


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Items out of a feed: all changes after `since`, up to and with `until`, as far as they are for the receiver.

    `head` is the feed's newest change when it was read, so `until == head` says that nothing was left.
    """

    epoch: str
    scope_hash: str
    since: int
    until: int
    head: int
    items: tuple[Item, ...]


def pack(batch: Batch) -> bytes:
    """Write a batch as compressed lines."""
    return compress(write_lines(batch))


def unpack(packed: bytes) -> Batch:
    """Read a batch; raise BatchUnreadable, with nothing taken, when any part of it makes no sense."""
    return read_lines(decompress(packed))


def write_lines(batch: Batch) -> bytes:
    """Write a batch as lines, for what is compressed together with something else."""
    header = {"protocol": PROTOCOL, **{n: getattr(batch, n) for n in (*_HEAD_TEXTS, *_HEAD_NUMBERS)}}
    lines = [_dump(header), *(_dump({"kind": item.kind, **_to_json(item)}) for item in batch.items)]
    return b"\n".join(lines)


def read_lines(content: bytes) -> Batch:
    """As `unpack`, of lines that are unpacked already."""
    if content.count(b"\n") > MOST_ITEMS:
        raise BatchUnreadable(reason=f"it has more than {MOST_ITEMS:,} items")
    lines = content.split(b"\n")
    try:
        head = _read_head(json.loads(lines[0]))
        return Batch(**head, items=tuple(_read_item(json.loads(line)) for line in lines[1:]))
    except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError, RecursionError) as error:
        raise BatchUnreadable(reason=f"{type(error).__name__} in a line") from error


def _read_head(said: dict[str, Any]) -> dict[str, Any]:
    if said.pop("protocol") != PROTOCOL:
        raise BatchUnreadable(reason="it speaks another version of the protocol")
    if not all(isinstance(said[n], str) and is_text(said[n]) for n in _HEAD_TEXTS):
        raise TypeError("texts")
    if not all(type(said[n]) is int and 0 <= said[n] <= LARGEST_NUMBER for n in _HEAD_NUMBERS):
        raise TypeError("numbers")
    return {n: said[n] for n in (*_HEAD_TEXTS, *_HEAD_NUMBERS)}


def compress(content: bytes) -> bytes:
    return zstd.compress(content, level=LEVEL)


def decompress(packed: bytes, *, largest: int = LARGEST) -> bytes:
    """Unpack; raise BatchUnreadable for what is damaged, cut off, or larger than `largest`."""
    unpacker = zstd.ZstdDecompressor()
    try:
        content = unpacker.decompress(packed, max_length=largest + 1)
    except zstd.ZstdError as error:
        raise BatchUnreadable(reason="it is damaged") from error
    if len(content) > largest:
        raise BatchUnreadable(reason="it is too large")
    if not unpacker.eof or unpacker.unused_data:
        raise BatchUnreadable(reason="it is cut off, or more follows")
    return content


def size_of(item: Item) -> int:
    """Say roughly how many bytes an item is before it is packed."""
    return 300 + sum(len(v) for n in ("xml", "source") if (v := getattr(item, n, None)))


def _dump(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _to_json(value: Any) -> dict[str, Any]:
    return {f.name: _write(v) for f in fields(value) if (v := getattr(value, f.name)) is not None}


def _write(value: Any) -> Any:
    if isinstance(value, bytes):
        return _write_bytes(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Who | MediaFile):
        return _to_json(value)
    if isinstance(value, tuple):
        return [_write(part) for part in value]
    return value


def _write_bytes(value: bytes) -> Any:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(value).decode()}


def _read_item(value: dict[str, Any]) -> Item:
    kind = KINDS[value.pop("kind")]
    item: Item = _read_fields(kind, value)
    return item


_HINTS = {kind: get_type_hints(kind) for kind in (*KINDS.values(), Who, MediaFile)}


def _read_fields(kind: Any, value: Mapping[str, Any]) -> Any:
    hints = _HINTS[kind]
    known = [f.name for f in fields(kind)]
    if not value.keys() <= set(known):
        raise KeyError("unknown field")
    absent = {name: None for name in known if name not in value and type(None) in get_args(hints[name])}
    return kind(**absent, **{name: _read(hints[name], given) for name, given in value.items()})


def _read(hint: Any, value: Any) -> Any:
    """Read a value of the type that a field says; raise TypeError for any other."""
    if isinstance(hint, UnionType):
        (hint,) = (option for option in get_args(hint) if option is not type(None))
    if hint is bytes:
        return _read_bytes(value)
    if hint is datetime:
        return _moment(value)
    if hint in _HINTS:
        return _read_fields(hint, value)
    args = get_args(hint)
    if args and args[-1] is Ellipsis:
        _require(value, list)
        return tuple(_read(args[0], part) for part in value)
    if hint is float:
        _require(value, int | float)
        return float(value)
    if hint is not Any:
        _require(value, dict if args else hint)
    return value


def _require(value: Any, kind: Any) -> None:
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise TypeError(str(kind))


def _read_bytes(value: Any) -> bytes:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")  # half a letter is refused with its item, not with the batch
    try:
        return base64.b64decode(value["base64"], validate=True)
    except binascii.Error as error:
        raise ValueError("base64") from error


def _moment(value: Any) -> datetime:
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment


def sort_for_sending(items: Iterable[Item]) -> list[Item]:
    """Put items in an order in which each finds what it needs.

    Who and forms first; then erasures, because what was erased from a version is told before the version; then
    versions, each followed by its receipts and files; then what was decided. Equal ones keep their order.
    """
    return sorted(items, key=_place)


_RANKS = {kind: number for number, kind in enumerate(KINDS)}
_ERASURE = _RANKS["submission"] - 0.5


def _place(item: Item) -> float:
    if isinstance(item, DecisionItem) and item.decision_kind == "erasure":
        return _ERASURE
    return _RANKS["submission"] if item.kind in ("receipt", "attachment") else _RANKS[item.kind]

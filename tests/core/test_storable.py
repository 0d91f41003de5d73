"""What no database takes, or what could not be shown afterwards, is found whatever field of an item it is in."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from sync_server.core.replication_items import AttachmentItem, DecisionItem, ReceiptItem, Who
from sync_server.core.storable import is_storable, told_name

NOON = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
WHO = Who(uid="u1", type="user", name="Alice", node="n1")
RECEIPT = ReceiptItem(
    project="p1", version="ab" * 32, id="r1", received_at=NOON, door="test", device_id="collect:abc", actor=WHO,
    form_state="open", is_revoked=False, held_for=None, clock_offset_seconds=1.5, is_new=True, node="n1",
)  # fmt: skip
FILE = AttachmentItem(
    project="p1", version="ab" * 32, file_name="صورة.jpg", sha256="cd" * 32, size=7, type="image/jpeg"
)
DECISION = DecisionItem(
    project="p1", id="d1", decision_kind="comment", form_id="visit", subject="uuid:one", parents=("a", "b"), body={},
    words={"reason": "", "body": {"text": "x" * 100_000}}, salt=b"s", words_sha256="ef" * 32, author=WHO,
    decided_at=NOON, node="n1", signature=b"s",
)  # fmt: skip


def nested(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels):
        value = {"a": [value]}
    return value


@pytest.mark.parametrize("item", [RECEIPT, FILE, DECISION, replace(FILE, file_name="x" * 5_000)])
def test_what_nodes_really_say_is_storable(item: Any) -> None:
    assert is_storable(item)


@pytest.mark.parametrize(
    "item",
    [
        replace(RECEIPT, door="te\0st"),
        replace(RECEIPT, device_id="\ud800"),
        replace(RECEIPT, id="r" * 256),
        replace(RECEIPT, actor=replace(WHO, name="Al\0ice")),
        replace(RECEIPT, actor=replace(WHO, uid="u" * 5_000)),
        replace(RECEIPT, clock_offset_seconds=float("nan")),
        replace(RECEIPT, received_at=datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))),
        replace(RECEIPT, received_at=datetime(9999, 12, 31, 23, 59, tzinfo=UTC)),
        replace(FILE, size=2**63),
        replace(FILE, file_name="a\0.jpg"),
        replace(DECISION, parents=("a", "b\0")),
        replace(DECISION, parents=("a" * 256,)),
        replace(DECISION, body={"a\0": 1}),
        replace(DECISION, body={"a": [1, {"b": "\udfff"}]}),
        replace(DECISION, body={"a": 2**64}),
        replace(DECISION, body={"a": float("inf")}),
        replace(DECISION, body=nested(400)),
        replace(DECISION, body=nested(30_000)),
    ],
)
def test_what_cannot_be_kept_is_found(item: Any) -> None:
    assert not is_storable(item)


def test_a_name_is_told_so_that_it_can_be_kept_and_shown() -> None:
    assert told_name("attachment:p1/صورة.jpg") == "attachment:p1/صورة.jpg"
    assert told_name("a\0b\ud800c\nd\x1b[31m") == "a\ufffdb\ufffdc\ufffdd\ufffd[31m"
    assert len(told_name("x" * 10_000)) <= 600

"""A paired hub that says what it likes: batches made by hand, signed with its key, sent as the wire carries them."""

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sync_server.core.decision_seal import hash_words, signed_message
from sync_server.core.ids import sha256_hex
from sync_server.core.replication_batch import Batch, _to_json, read_lines, write_lines
from sync_server.core.replication_items import AttachmentItem, DecisionItem, Item, ReceiptItem, SubmissionItem, Who
from sync_server.node import Node
from sync_server.replication import greeting
from sync_server.replication.local import LocalPeer
from sync_server.replication.peer import Greeting, Taken
from sync_server.services.node_identity import sign
from sync_server.services.peer_status import peer_status
from sync_server.store import projects
from tests.support.by_code import peer_at

NOON = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@dataclass
class Liar:
    """`hub` is paired with `centre`; what is offered is followed by the next, as changes of one feed are."""

    hub: Node
    centre: Node
    seq: int = 0
    epoch: str = field(default_factory=lambda: uuid4().hex)

    @property
    def end(self) -> LocalPeer:
        return LocalPeer(self.centre, self.hub.id)

    @property
    def project(self) -> str:
        with self.centre.database.read() as session:
            return projects.iter_homes(session)[0][1]

    def offer(self, *items: Item) -> Taken:
        """Send a batch; return what became of it."""
        self.seq += 1
        met = self.end.meet(self.greet())
        batch = Batch(
            epoch=self.epoch, scope_hash=met.scope_hash, since=self.seq - 1, until=self.seq, head=self.seq, items=items
        )
        return self.end.take(read_lines(_write(batch)))

    def greet(self) -> Greeting:
        """Say what the hub says when a round begins."""
        said = greeting.introduce(self.hub, peer_at(self.hub, self.centre))
        return replace(said, epoch=self.epoch, head=self.seq)

    def refused(self, *items: Item) -> list[str]:
        """Send a batch; return the words with which items were refused, which `status` tells as well."""
        taken = self.offer(*items)
        assert taken.seq == self.seq, "the round goes on behind them"
        words = [each.reason for each in taken.refused]
        status = next(each for each in peer_status(self.centre) if each.id == self.hub.id)
        assert set(words) <= {each.reason for each in status.refused_here}
        return words

    # -- items

    def submission(self, xml: bytes, **more: Any) -> SubmissionItem:
        return SubmissionItem(project=self.project, xml=xml, **more)

    def receipt(self, xml: bytes, **changes: Any) -> ReceiptItem:
        said: dict[str, Any] = {
            **{"project": self.project, "version": sha256_hex(xml), "id": uuid4().hex, "received_at": NOON},
            **{"door": "test", "device_id": None, "actor": None, "form_state": "open", "is_revoked": False},
            **{"held_for": None, "clock_offset_seconds": None, "is_new": True, "node": self.hub.id},
        }
        return ReceiptItem(**{**said, **changes})

    def file(self, xml: bytes, content: bytes, **changes: Any) -> AttachmentItem:
        said = {"version": sha256_hex(xml), "file_name": "a.jpg", "sha256": sha256_hex(content), "size": len(content)}
        return AttachmentItem(**{"project": self.project, "type": "image/jpeg", **said, **changes})  # type: ignore[arg-type]

    def decision(self, kind: str, subject: str, *, by: Node | None = None, **changes: Any) -> DecisionItem:
        """A decision signed by the hub, or by another node whose key the test has."""
        signer = by or self.hub
        words = changes.pop("words", {"reason": "because", "body": {}})
        said: dict[str, Any] = {
            **{"project": self.project, "id": uuid4().hex, "decision_kind": kind, "form_id": "visit"},
            **{"subject": subject, "parents": (), "body": {"state": "rejected"} if kind == "review" else {}},
            **{"words": words, "salt": b"salt", "words_sha256": hash_words(words, b"salt"), "author": None},
            **{"decided_at": NOON, "node": signer.id, "signature": b""},
        }
        item = DecisionItem(**{**said, **changes})
        return replace(item, signature=sign(signer, signed_message(item)))

    def erasure(self, subject: str, *instances: str, **more: Any) -> DecisionItem:
        body = {
            **{"erasure": uuid4().hex, "what": "submission", "scope": "whole", "instances": [subject, *instances]},
            **{"versions": [], "files": [], "receipts": 0, "rows": 0, "answers": 0, "sealed": 0},
        }
        return self.decision("erasure", subject, body={**body, **more})


def _write(batch: Batch) -> bytes:
    """Write lines as a program of another kind may: JSON can say what UTF-8 cannot."""
    head, *_ = write_lines(replace(batch, items=())).split(b"\n")
    items = (json.dumps({"kind": item.kind, **_to_json(item)}).encode() for item in batch.items)
    return b"\n".join([head, *items])


def somebody(uid: str, node: str, kind: str = "user") -> Who:
    return Who(uid=uid, type=kind, name="Somebody", node=node)

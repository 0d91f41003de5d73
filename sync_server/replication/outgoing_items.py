"""Items by their names, as they are in the database now: what is no longer there is left out."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from sync_server.core.decision_seal import hash_words, signed_message, split_words
from sync_server.core.entity_root import entity_of
from sync_server.core.replication_items import (
    AttachmentItem,
    DecisionItem,
    Item,
    ReceiptItem,
    SubmissionItem,
    Who,
    WithdrawalItem,
    WithdrawnItem,
)
from sync_server.node import Node
from sync_server.services.node_identity import sign
from sync_server.store import decided_entities, families, peer_subjects, replica_reads
from sync_server.store.actor_uids import find_whos
from sync_server.store.peer_subjects import OUT
from sync_server.store.replica_reads import ReplicaDecision, ReplicaReceipt


class Loader:
    """Loads items for one peer from one snapshot. `projects` is number → uid of those they share."""

    def __init__(self, node: Node, session: Session, projects: Mapping[int, str]) -> None:
        self._node, self._session, self._projects = node, session, projects
        self._numbers = {uid: id for id, uid in projects.items()}

    def load(self, names: Sequence[str]) -> list[Item]:
        """Load the items named, of submissions and what belongs to them, in the order of the names."""
        wanted = _by_kind(names)
        found: dict[str, Item] = {}
        for items in (
            self._versions(wanted.get("submission", ())),
            self._files(wanted.get("attachment", ())),
            self._receipts(wanted.get("receipt", ())),
            self._decisions(wanted.get("decision", ())),
            self._withdrawals(wanted.get("withdrawal", ())),
        ):
            found.update({item.name: item for item in items})
        return _nest([found[name] for name in names if name in found])

    def _versions(self, names: Iterable[str]) -> list[Item]:
        keys = [key for name in names if (key := self._key(name.split("/")))]
        loaded = replica_reads.load_versions(self._session, keys)
        return [
            SubmissionItem(
                project=self._projects[version.project_id],
                xml=version.xml,
                erased_sha256=version.sha256 if version.redacted_sha256 else None,
            )
            for version in loaded.values()
        ]

    def _files(self, names: Iterable[str]) -> list[Item]:
        keys = [key for name in names if (key := self._key(name.split("/", 3), 4))]
        return [
            AttachmentItem(
                project=self._projects[file.project_id],
                version=file.version,
                file_name=file.name,
                sha256=file.sha256,
                size=file.size,
                type=file.type,
            )
            for file in replica_reads.load_files(self._session, keys)
        ]

    def _receipts(self, ids: Iterable[str]) -> list[Item]:
        loaded = [r for r in replica_reads.load_receipts(self._session, ids).values() if r.project_id in self._projects]
        whos = find_whos(self._session, (r.actor_id for r in loaded), own_node=self._node.id)
        return [self._receipt(receipt, whos) for receipt in loaded]

    def _receipt(self, receipt: ReplicaReceipt, whos: Mapping[int, Who]) -> ReceiptItem:
        return ReceiptItem(
            project=self._projects[receipt.project_id],
            version=receipt.sha256,
            id=receipt.id,
            received_at=receipt.received_at,
            door=receipt.door,
            device_id=receipt.device_id,
            actor=whos.get(receipt.actor_id) if receipt.actor_id is not None else None,
            form_state=receipt.form_state,
            is_revoked=receipt.is_revoked,
            held_for=receipt.held_for,
            clock_offset_seconds=receipt.clock_offset_seconds,
            is_new=receipt.is_new,
            node=receipt.node or self._node.id,
        )

    def _decisions(self, ids: Iterable[str]) -> list[Item]:
        found = replica_reads.load_decisions(self._session, ids).values()
        loaded = [d for d in found if d.project_id in self._projects]
        whos = find_whos(self._session, (d.author_id for d in loaded), own_node=self._node.id)
        return [item for decision in loaded if (item := self._decision(decision, whos))]

    def _decision(self, decision: ReplicaDecision, whos: Mapping[int, Who]) -> DecisionItem | None:
        """Write a decision as its node signed it; one of ours is signed now. One without either cannot travel."""
        rest, words = split_words(decision.body, decision.reason)
        is_own = decision.node == self._node.id
        if decision.signature is None and not is_own:
            return None
        salt = os.urandom(16) if decision.signature is None else decision.salt
        item = DecisionItem(
            project=self._projects[decision.project_id],
            id=decision.id,
            decision_kind=decision.kind,
            form_id=decision.form_id,
            subject=decision.subject,
            parents=decision.parents,
            body=rest,
            words=words if salt else None,
            salt=salt,
            words_sha256=decision.words_sha256 or hash_words(words, salt or b""),
            author=whos.get(decision.author_id) if decision.author_id is not None else None,
            decided_at=decision.decided_at,
            node=decision.node,
            signature=decision.signature or b"",
        )
        return item if decision.signature else replace(item, signature=sign(self._node, signed_message(item)))

    def _withdrawals(self, ids: Iterable[str]) -> list[Item]:
        found = (peer_subjects.find_withdrawal(self._session, id) for id in ids)
        return [self._withdrawal(w) for w in found if w and w.project_id in self._projects]

    def _withdrawal(self, w: peer_subjects.Withdrawal) -> Item:
        place = {"project": self._projects[w.project_id], "id": w.id, "form_id": w.form_id, "root_id": w.root_id}
        if w.direction != OUT:
            return WithdrawnItem(**place, removed=dict(w.receipt or {}), done_at=w.done_at or w.ordered_at)
        if (key := entity_of((w.project_id, w.form_id, w.root_id))) is not None:
            decided = decided_entities.find_decided(self._session, [key]).get(key, [])
            return WithdrawalItem(**place, versions=(), receipts=tuple(id for id, _ in decided))
        found = families.find_families(self._session, [w.root_id])
        members = [m for f in found if (f.project_id, f.form_id) == (w.project_id, w.form_id) for m in f.members]
        return WithdrawalItem(
            **place,
            versions=tuple(sorted(member.sha256 for member in members)),
            receipts=tuple(sorted(id for member in members for id, _ in member.receipts)),
        )

    def _key(self, parts: Sequence[str], length: int = 2) -> Any:
        """Put the project's number in place of its uid; None for what is no such name."""
        project_id = self._numbers.get(parts[0])
        return (project_id, *parts[1:]) if project_id is not None and len(parts) == length else None


def _by_kind(names: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in names:
        kind, _, rest = name.partition(":")
        found.setdefault(kind, []).append(rest)
    return found


def _nest(items: Iterable[Item]) -> list[Item]:
    """Let receipts and files that follow their version's item say so in one byte: a sha256 does not compress."""
    nested: list[Item] = []
    last = ("", "")
    for item in items:
        if isinstance(item, SubmissionItem):
            last = (item.project, item.sha256)
        elif isinstance(item, ReceiptItem | AttachmentItem) and (item.project, item.version) == last:
            item = replace(item, version="")
        nested.append(item)
    return nested

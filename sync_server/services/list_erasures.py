"""Receipts of erasures: what went, when, by whom and why, by ids and counts; where it still lies, and until when."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from sync_server.core.backup_rule import expiry
from sync_server.core.entity_root import list_of
from sync_server.core.scope import Scope
from sync_server.errors import NotFound
from sync_server.node import Node
from sync_server.services.access import require_somewhere
from sync_server.services.backup_keys import header_of
from sync_server.services.backup_target import Target, made_at_of
from sync_server.services.erase_submissions import ERASE
from sync_server.store import accounts, erasure_reads, erasures
from sync_server.store.accounts import Actor
from sync_server.store.blocks import NO_PROJECT
from sync_server.store.decisions import StoredDecision


@dataclass(frozen=True, slots=True)
class ErasedSubject:
    """What went of one submission, or of what people wrote about an entity, which goes by its list."""

    form_id: str
    root_id: str
    scope: str
    versions: int
    receipts: int
    rows: int
    answers: int
    files: int
    sealed: int


@dataclass(frozen=True, slots=True)
class ErasureReceipt:
    """One erasure. `backups` may still hold what went, at the latest until `held_until`; None in both: no folder."""

    id: str
    what: str
    decided_at: datetime
    author: str
    reason: str
    node: str
    subjects: tuple[ErasedSubject, ...]
    blocked_since: int
    unfinished: tuple[str, ...]
    backups: int | None
    held_until: datetime

    def to_json(self) -> dict[str, Any]:
        times = {"decided_at": self.decided_at.isoformat(), "held_until": self.held_until.isoformat()}
        return {**asdict(self), **times}


def list_erasures(node: Node, actor: Actor | None) -> list[ErasureReceipt]:
    """List the receipts of erasures, oldest first: of each what was in a form where the actor may erase."""
    scope = require_somewhere(node, actor, ERASE)
    with node.database.read() as session:
        runs: dict[str, list[StoredDecision]] = {}
        for decision in erasure_reads.iter_decisions(session, erasure_reads.ERASURE):
            if _is_in_sight(scope, decision):
                runs.setdefault(decision.body["erasure"], []).append(decision)
        return [_receipt(node, session, run) for run in runs.values()]


def get_erasure(node: Node, actor: Actor | None, beginning: str) -> ErasureReceipt:
    """Return the receipt whose id begins so; raise NotFound unless it is one."""
    found = [receipt for receipt in list_erasures(node, actor) if receipt.id.startswith(beginning)]
    if len(found) != 1:
        raise NotFound
    return found[0]


def _is_in_sight(scope: Scope, decision: StoredDecision) -> bool:
    """Of an upload that nobody could read nobody knows whose it was: it is the whole site's."""
    if decision.project_id == NO_PROJECT:
        return scope.may(ERASE)
    return scope.may(ERASE, decision.project_id, decision.form_id)


def _receipt(node: Node, session: Session, run: list[StoredDecision]) -> ErasureReceipt:
    first = run[0]
    ids = {decision.id for decision in run}
    instances = {name for decision in run for name in (decision.subject, *decision.body["instances"])}
    tasks = {task.step for task in erasures.iter_tasks(session) if task.decision_id in ids}
    backups, held_until = _held(node, first.decided_at)
    return ErasureReceipt(
        id=first.body["erasure"],
        what=first.body["what"],
        decided_at=first.decided_at,
        author=_author(session, first.author_id),
        reason=first.reason,
        node=node.id,
        subjects=tuple(_subject(decision) for decision in run),
        blocked_since=sum(upload.instance_id in instances for upload in erasure_reads.iter_blocked(session)),
        unfinished=tuple(sorted(tasks)),
        backups=backups,
        held_until=held_until,
    )


def _subject(decision: StoredDecision) -> ErasedSubject:
    body = decision.body
    counts = (body["receipts"], body["rows"], body["answers"], len(body["files"]), body["sealed"])
    return ErasedSubject(
        list_of(decision.form_id) or decision.form_id, decision.subject, body["scope"], len(body["versions"]), *counts
    )


def _author(session: Session, author_id: int | None) -> str:
    if author_id is None:
        return "operator"
    return next((user.display_name for user in accounts.iter_users(session) if user.id == author_id), str(author_id))


def _held(node: Node, erased_at: datetime) -> tuple[int | None, datetime]:
    """Count the back-ups made before, where their folder is there, and say until when any can hold what went."""
    rule = {"days": node.settings.backup_keep_days, "weeks": node.settings.backup_keep_weeks}
    latest = expiry(erased_at, **rule)
    folder = node.settings.backup_folder
    if folder is None or not folder.is_dir():
        return None, latest
    older = list(_older(Target(folder / node.id).backups(), erased_at))
    return len(older), max((header_of(backup).expires_at for backup in older), default=erased_at)


def _older(backups: Iterable[Path], erased_at: datetime) -> Iterable[Path]:
    return (backup for backup in backups if (made := made_at_of(backup)) and made <= erased_at)

"""The journal of erasures: a file of decisions, ids only, that outlives the database it came from.

A back-up made before an erasure holds what was erased. So every decision to erase is also a line of `erasures.jsonl`
in the data folder, and of a copy beside the back-ups; whoever restores an older back-up applies them again before
anybody sees it. A line says what to erase by ids and hashes; the content is not in it.
"""

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from sync_server.durable import sync_folder
from sync_server.node import Node
from sync_server.operator_errors import JournalDamaged
from sync_server.store import erasure_reads
from sync_server.store.decisions import StoredDecision

NAME = "erasures.jsonl"


def keep_journal(node: Node) -> None:
    """Bring the journal up to date, and its copy beside the back-ups when that folder is there."""
    with node.database.read() as session:
        decided = erasure_reads.iter_decisions(session, erasure_reads.ERASURE)
    _merge(node.settings.data / NAME, decided)
    if node.settings.backup_folder is not None:
        copy_journal(node, node.settings.backup_folder)


def copy_journal(node: Node, folder: Path) -> None:
    """Put the journal beside this node's back-ups in a folder, if there are erasures and back-ups."""
    journal, target = node.settings.data / NAME, folder / node.id
    if journal.exists() and target.is_dir():
        _merge(target / NAME, read_journal(journal))


def read_journal(file: Path) -> list[StoredDecision]:
    """Read a journal; raise JournalDamaged at the first line that is none."""
    found = []
    for number, line in enumerate(file.read_bytes().splitlines(), start=1):
        try:
            found.append(_decision(json.loads(line)))
        except (ValueError, TypeError, KeyError) as error:
            raise JournalDamaged(file=file, line=number) from error
    return found


def find_decisions(backup: Path, others: Iterable[Path] = ()) -> list[StoredDecision]:
    """Collect, oldest first, the erasures named beside a back-up and in other copies of the journal."""
    beside = backup.parent / NAME
    files = [*([beside] if beside.exists() else []), *others]
    found = {decision.id: decision for file in files for decision in read_journal(file)}
    return sorted(found.values(), key=lambda decision: (decision.decided_at, decision.id))


def _merge(file: Path, decided: Iterable[StoredDecision]) -> None:
    """Add what the file lacks; it is written anew beside and renamed, so a crash leaves the old or the new."""
    known = read_journal(file) if file.exists() else []
    ids = {decision.id for decision in known}
    new = [decision for decision in decided if decision.id not in ids]
    if new:
        _write(file, (*known, *new))


def _write(file: Path, decided: Iterable[StoredDecision]) -> None:
    aside = file.with_name(f"{file.name}.{uuid4().hex}")
    try:
        with aside.open("wb") as stream:
            stream.writelines(_lines(decided))
            stream.flush()
            os.fsync(stream.fileno())
        aside.replace(file)
    finally:
        aside.unlink(missing_ok=True)
    sync_folder(file.parent)


def _lines(decided: Iterable[StoredDecision]) -> Iterator[bytes]:
    for decision in decided:
        fields = {**asdict(decision), "decided_at": decision.decided_at.isoformat()}
        yield json.dumps(fields, sort_keys=True).encode() + b"\n"


def _decision(fields: dict[str, object]) -> StoredDecision:
    given = {**fields, "decided_at": datetime.fromisoformat(str(fields["decided_at"]))}
    given["parents"] = tuple(given["parents"])  # type: ignore[arg-type]
    decision = StoredDecision(**given)  # type: ignore[arg-type]
    if not {"instances", "scope"} <= decision.body.keys():
        raise KeyError("scope")
    return decision

"""Say which items of a feed are not here, by their names: before a peer sends what it does not know we have."""

from collections.abc import Iterable, Sequence

from sqlalchemy.orm import Session

from sync_server.node import Node
from sync_server.replication import outgoing_project
from sync_server.services.peer_scope import scope_of_peer, shared_projects
from sync_server.store import peer_subjects, replica_writes
from sync_server.store.peers import PeerNode


def find_lacking(node: Node, peer: PeerNode, names: Sequence[str]) -> Sequence[str]:
    """Return those of these names that this node does not have; what was erased here is not lacking."""
    wanted: dict[str, list[str]] = {}
    for name in names:
        wanted.setdefault(name.partition(":")[0], []).append(name)
    with node.database.read() as session:
        projects = shared_projects(session, peer, scope_of_peer(session, peer))
        numbers = {uid: id for id, uid in projects.items()}
        known: set[str] = set()
        known |= _known_versions(session, wanted.get("submission", ()), numbers)
        known |= _known_files(session, wanted.get("attachment", ()), numbers)
        known |= _known_ids("receipt", replica_writes.find_known_receipts(session, _ids(wanted.get("receipt", ()))))
        known |= _known_ids("decision", replica_writes.find_known_decisions(session, _ids(wanted.get("decision", ()))))
        known |= _known_withdrawals(session, wanted.get("withdrawal", ()))
        versions = wanted.get("form_version", [])
        known |= set(versions) - set(outgoing_project.find_project_lacking(session, versions))
    return [name for name in names if name not in known]


def _ids(names: Iterable[str]) -> list[str]:
    return [name.partition(":")[2] for name in names]


def _known_ids(kind: str, ids: Iterable[str]) -> set[str]:
    return {f"{kind}:{id}" for id in ids}


def _known_versions(session: Session, names: Iterable[str], numbers: dict[str, int]) -> set[str]:
    keys = {name: key for name in names if (key := _version_key(name, numbers))}
    known = replica_writes.find_versions(session, keys.values()).keys()
    erased = replica_writes.find_erased_versions(session, {sha256 for _, sha256 in keys.values()})
    return {name for name, key in keys.items() if key in known or key in erased}


def _known_files(session: Session, names: Iterable[str], numbers: dict[str, int]) -> set[str]:
    keys = {name: key for name in names if (key := _version_key(name, numbers))}
    known = replica_writes.find_versions(session, keys.values())
    rows = replica_writes.find_file_rows(session, (version.row_id for version in known.values()))
    erased = replica_writes.find_erased_versions(session, {sha256 for _, sha256 in keys.values()})
    found: set[str] = set()
    for name, key in keys.items():
        sha256, file_name = name.split("/", 3)[2:]
        if key in erased or (key in known and (known[key].row_id, file_name, sha256) in rows):
            found.add(name)
    return found


def _version_key(name: str, numbers: dict[str, int]) -> tuple[int, str] | None:
    """Read (project, sha256) from `submission:project/sha256` or `attachment:project/sha256/…`."""
    parts = name.partition(":")[2].split("/", 3)
    is_whole = len(parts) == (4 if name.startswith("attachment:") else 2)
    return (numbers[parts[0]], parts[1]) if is_whole and parts[0] in numbers else None


def _known_withdrawals(session: Session, names: Iterable[str]) -> set[str]:
    found = {name: peer_subjects.find_withdrawal(session, id) for name, id in zip(names, _ids(names), strict=True)}
    return {name for name, order in found.items() if order is not None and order.done_at is not None}

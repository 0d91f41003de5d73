"""How it stands with each paired node: what waits, what was refused, when it went well last and why it did not since.

For `sync-server status` and the coordinator's page; it asks nobody over the network.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from sync_server import account_errors, operator_errors, peer_errors
from sync_server.core.entity_root import entity_of, list_of
from sync_server.errors import Problem
from sync_server.node import Node
from sync_server.services.peer_lists import PeerLists
from sync_server.services.peer_scope import find_inside, is_inside, scope_of_peer, shared_projects
from sync_server.store import changes, peer_rounds, peer_subjects, peer_waiting, refusals
from sync_server.store.awaited_files import count_awaited
from sync_server.store.families import find_families
from sync_server.store.peer_rounds import PeerRound
from sync_server.store.peers import PeerNode, iter_peers
from sync_server.store.refusals import IN, OUT

LISTED = 100
COUNTED = 5_000  # submissions asked whether they are in a hub's scope; more than that is "more than that"


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence for people: a template, translated by who shows it (`messages.say(template, **details)`)."""

    template: str
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The sentence in English."""
        return self.template.format(**self.details)


def say_problem(name: str, details: Mapping[str, Any]) -> Said:
    """Say a problem that was kept by the name of its class; one of a later program is said in general."""
    kind = next((each for each in _problems(Problem) if each.__name__ == name), Problem)
    try:
        kind.message.format(**details)
    except (KeyError, IndexError, ValueError):
        return Said(Problem.message)
    return Said(kind.message, details)


KNOWN = (account_errors, operator_errors, peer_errors)  # a class is only found when its module was imported


def _problems(kind: type[Problem]) -> Iterator[type[Problem]]:
    for each in kind.__subclasses__():
        yield each
        yield from _problems(each)


@dataclass(frozen=True, slots=True)
class RefusedItem:
    """An item that one end did not take; `reason` is one word (docs/replication.md, "Refusals")."""

    item: str
    reason: str
    refused_at: datetime


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A submission, or an entity by its list, that left a peer's scope; `done_at` is None until it was removed."""

    form_id: str
    root_id: str
    ordered_at: datetime
    done_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """How far a round is. Records are counted in changes of both feeds; `seconds_left` None: not known yet."""

    records_done: int = 0
    records_total: int = 0
    files_done: int = 0
    files_total: int = 0
    bytes_done: int = 0
    bytes_per_second: float = 0.0
    seconds_left: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerStatus:
    """One paired node as it stands now.

    Of a hub, which dials, the times of rounds are None: `seen_at` tells. Lists hold the newest 100; their count is by
    itself.
    """

    id: str
    name: str
    side: str  # what it is to us: "hub" or "centre"
    url: str | None
    state: str  # "active", "revoked", or "stopped"
    state_reason: str
    paired_at: datetime
    ended_at: datetime | None
    seen_at: datetime | None
    program: str | None
    clock_offset_seconds: float | None

    records_to_send: int  # submission versions and decisions that it does not have
    files_to_send: int  # that it still awaits from us
    files_awaited: int  # here, from it
    bytes_awaited: int
    refused_here: tuple[RefusedItem, ...]
    refused_there: tuple[RefusedItem, ...]
    refused_here_count: int
    refused_there_count: int
    withdrawals_out: tuple[Withdrawn, ...]  # we ordered
    withdrawals_in: tuple[Withdrawn, ...]  # it ordered

    told_seq: int | None = None  # how much of our feed it said to have; None: nothing that counts now
    head: int = 0  # of our feed

    tried_at: datetime | None
    succeeded_at: datetime | None
    failed_at: datetime | None
    failures: int  # in a row
    error: Said | None  # of the last round, None when it went well
    is_wanted: bool  # somebody asked for a round that has not begun
    movement: Movement | None  # of the round under way, None when there is none

    @property
    def is_active(self) -> bool:
        return self.state == "active"

    @property
    def is_quiet(self) -> bool:
        """Tell whether, as far as this node knows, nothing waits in either direction."""
        return not (self.records_to_send or self.files_to_send or self.files_awaited)


def peer_status(node: Node, *, now: datetime | None = None) -> list[PeerStatus]:
    """Say how it stands with every paired node, ended ones too, in the order in which they were paired."""
    at = now or datetime.now(UTC)
    with node.database.read() as session:
        rounds = {each.peer_id: each for each in peer_rounds.iter_rounds(session)}
        found = [(peer, _read(session, peer, rounds[peer.id], at)) for peer in iter_peers(session)]
        waiting = [_waiting(session, peer, rounds[peer.id]) for peer, _ in found]
    return [
        PeerStatus(records_to_send=_count(node, peer, records), **values)
        for (peer, values), records in zip(found, waiting, strict=True)
    ]


def _read(session: Session, peer: PeerNode, gone: PeerRound, now: datetime) -> dict[str, Any]:
    same = ("id", "name", "side", "url", "state", "state_reason", "paired_at", "ended_at", "seen_at", "program")
    on_the_way = count_awaited(session, peer_id=peer.id)
    return {
        **{name: getattr(peer, name) for name in (*same, "clock_offset_seconds")},
        **{name: getattr(gone, name) for name in ("tried_at", "succeeded_at", "failed_at", "failures")},
        **_refused(session, peer.id),
        **_withdrawn(session, peer.id),
        "told_seq": gone.told_seq if gone.told_epoch == changes.epoch(session) else None,
        "head": changes.head(session),
        "files_to_send": max(gone.files_there, 0),
        "files_awaited": on_the_way.files,
        "bytes_awaited": on_the_way.bytes,
        "error": say_problem(gone.error, gone.error_details or {}) if gone.error else None,
        "is_wanted": gone.wanted_at is not None,
        "movement": _movement(gone, now),
    }


def _movement(gone: PeerRound, now: datetime) -> Movement | None:
    if not gone.is_busy(now):
        return None
    known = Movement.__dataclass_fields__
    return Movement(**{name: value for name, value in (gone.progress or {}).items() if name in known})


def _refused(session: Session, peer_id: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, direction in (("refused_here", IN), ("refused_there", OUT)):
        kept = refusals.iter_refusals(session, peer_id, direction, limit=LISTED)
        found[name] = tuple(RefusedItem(each.item, each.reason, each.refused_at) for each in kept)
        found[f"{name}_count"] = refusals.count_refusals(session, peer_id, direction)
    return found


def _withdrawn(session: Session, peer_id: str) -> dict[str, Any]:
    found: dict[str, list[Withdrawn]] = {"withdrawals_out": [], "withdrawals_in": []}
    for each in peer_subjects.iter_withdrawals(session, peer_id):
        withdrawn = Withdrawn(list_of(each.form_id) or each.form_id, each.root_id, each.ordered_at, each.done_at)
        found[f"withdrawals_{each.direction}"].append(withdrawn)
    return {name: tuple(listed[-LISTED:]) for name, listed in found.items()}


def _waiting(session: Session, peer: PeerNode, gone: PeerRound) -> "int | list[tuple[int, str, str]]":
    """Count what waits for a centre; list what may wait for a hub: which of it is in its scope is asked later."""
    after = gone.told_seq if gone.told_epoch == changes.epoch(session) else 0
    projects = shared_projects(session, peer, scope_of_peer(session, peer))
    if not projects:
        return 0
    if peer.is_centre:
        return peer_waiting.count_waiting(session, after, projects=projects, not_from=peer.ids)
    return peer_waiting.list_waiting(session, after, projects=projects, not_from=peer.ids, limit=COUNTED)


def _count(node: Node, peer: PeerNode, waiting: "int | list[tuple[int, str, str]]") -> int:
    if isinstance(waiting, int):
        return waiting
    with node.database.read() as session:
        families, scope = find_families(session, {instance for *_, instance in waiting}), scope_of_peer(session, peer)
    inside = find_inside(node, peer, scope, families)
    with node.database.read() as session:
        keys = {key for each in waiting if (key := entity_of(each))}
        entities = PeerLists(session, peer, scope).find_inside(keys)
    names = {(f.project_id, f.form_id, name) for f in families if is_inside(f, inside) for name in f.names}
    return sum(each in names or entity_of(each) in entities for each in waiting)

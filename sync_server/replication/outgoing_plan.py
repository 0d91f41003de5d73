"""What a slice of the feed means for one peer: names of items, and what to note when they are sent.

For a centre that is simple: everything of the projects it leads. For a hub every submission touched by the slice is
asked for: inside its scope and known there, only what is new goes; inside and not known there yet, all of it goes;
outside and known there, it is withdrawn. What a peer itself sent is left out, unless its feed is in a new epoch: then
it may have lost it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from sync_server.core import entity_decision, list_settings
from sync_server.core.entity_root import list_of
from sync_server.core.scope import Scope
from sync_server.services.peer_lists import PeerLists
from sync_server.store import replica_reads
from sync_server.store.changes import Change
from sync_server.store.peer_subjects import Entered, Root
from sync_server.store.peers import PeerNode
from sync_server.store.replica_reads import Named

ABOUT_SUBMISSIONS = ("submission_version", "receipt", "attachment", "decision", "withdrawal")
# Decided about a submission or an entity; whatever else is decided is about a form or a list, and its home says it.
OF_SUBMISSIONS = frozenset(("accept", "choose", "review", "comment", "erasure"))
ERASURE, FORM_STATE, ENTITY, LIST = "erasure", "form_state", entity_decision.KIND, list_settings.KIND
_DECIDED = ("decision", "entity", "entity_list")  # the kinds of changes that tell of a decision


MOST_CARRIED = 100_000  # submissions a bundle knows to have; of more, an older one is whole in it twice


@dataclass(slots=True)
class Carried:
    """What a bundle has whole so far. `head`: the newest change when its last part was read.

    A line brings what is read at once or asks anew; a bundle may be lost, and an older one be taken in its place. So of
    what it has the hub counts as having it from `head` on: whoever came that far took this one, or a later one.
    """

    head: int = 0
    roots: dict[Root, None] = field(default_factory=dict)

    def note(self, plan: "Plan") -> None:
        for root in plan.withdrawn:
            self.roots.pop(root, None)
        self.roots.update(dict.fromkeys(plan.entered))
        while len(self.roots) > MOST_CARRIED:
            del self.roots[next(iter(self.roots))]


@dataclass(frozen=True, slots=True)
class Reader:
    """Whom a slice is read for: the peer, what it may have, which projects it shares, and how far it has come.

    `carried`: what the bundle has for which it is read; None: it is read for a line.
    """

    peer: PeerNode
    scope: Scope
    projects: Mapping[int, str]
    since: int
    scope_hash: str
    carried: Carried | None = None

    def is_echo(self, change: Change) -> bool:
        """Tell whether the peer itself sent this, and still has it."""
        return change.node == self.peer.id and change.seq > self.peer.echo_floor

    def shares(self, project_id: int, form_id: str) -> bool:
        return project_id in self.projects and self.scope.knows(project_id, form_id)


@dataclass(slots=True)
class Plan:
    """Names in the order in which they go; subjects that the peer has whole after this; those it has to remove.

    Subjects are submissions and entities (core/entity_root.py).
    """

    names: dict[str, None] = field(default_factory=dict)
    entered: dict[Root, Entered] = field(default_factory=dict)
    withdrawn: dict[Root, None] = field(default_factory=dict)

    def add(self, *names: str) -> None:
        self.names.update(dict.fromkeys(names))


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that a change tells, already named; `seq` is the change's."""

    named: Named
    name: str
    seq: int
    is_echo: bool
    kind: str = ""
    is_theirs: bool = False  # the peer itself sent it, whether or not it still has it


def read_told(session: Session, reader: Reader, happened: Sequence[Change]) -> list[Told]:
    """Name what a slice tells about submissions and decisions, of all projects, in the order of the feed."""
    by_kind: dict[str, dict[str, Change]] = {}
    for change in happened:
        by_kind.setdefault(change.kind, {}).setdefault(change.version, change)
    versions, receipts = by_kind.get("submission_version", {}), by_kind.get("receipt", {})
    decided = {id: change for kind in _DECIDED for id, change in by_kind.get(kind, {}).items()}
    told = [
        *_tell(reader, versions, "submission_version", replica_reads.name_versions(session, versions)),
        *_tell(reader, receipts, "receipt", replica_reads.name_receipts(session, receipts)),
        *_tell_files(session, reader, happened),
        *_tell_decisions(session, reader, decided),
    ]  # fmt: skip
    return sorted(told, key=lambda one: one.seq)


def without_last(happened: list[Change], size: int) -> list[Change]:
    """Leave what a full slice ends with to the next one, which may have more of it: an upload travels in one batch."""
    if len(happened) < size:
        return happened
    count = next((n for n, change in enumerate(reversed(happened)) if change.key != happened[-1].key), 0)
    return happened[: len(happened) - count] if count else happened


def first_touched(happened: Iterable[Change]) -> dict[str, int]:
    """Say by instance at which change a slice first speaks of it."""
    touched: dict[str, int] = {}
    for change in happened:
        if change.kind in ABOUT_SUBMISSIONS:
            touched.setdefault(change.key, change.seq)
    return touched


def name_item(kind: str, project: str, parts: Sequence[str]) -> str:
    """Write the name that an item gives itself (core/replication_items.py)."""
    if kind == "attachment":
        version, sha256, name = parts
        return f"attachment:{project}/{version}/{sha256}/{name}"
    return f"submission:{project}/{parts[0]}" if kind == "submission_version" else f"{kind}:{parts[0]}"


def plan_for_centre(reader: Reader, lists: PeerLists, told: Iterable[Told], happened: Iterable[Change]) -> Plan:
    """Everything of the projects the centre leads, but what it sent and what only it decides.

    That an order of its own was carried out is no echo, although the change came by it.
    """
    plan = Plan()
    plan.add(*(f"withdrawal:{change.version}" for change in happened if change.kind == "withdrawal"))
    for one in told:
        if not one.is_echo and is_for_centre(reader, lists, one):
            plan.add(one.name)
    return plan


def is_for_centre(reader: Reader, lists: PeerLists, one: Told) -> bool:
    """Tell whether something goes to the centre that leads the project."""
    place = one.named.project_id, one.named.form_id
    if one.kind == ENTITY or list_of(one.named.form_id) is not None:
        list_name = list_of(one.named.form_id) or one.named.form_id
        return one.named.project_id in reader.projects and lists.knows(one.named.project_id, list_name)
    return reader.shares(*place) and (not one.kind or one.kind in OF_SUBMISSIONS)


def is_had(reader: Reader, plan: Plan, entered: Entered | None, root: Root) -> bool:
    """Tell whether the hub has a subject whole: it was sent under this scope, before where the hub is now."""
    if root in plan.entered or (reader.carried is not None and root in reader.carried.roots):
        return True
    return entered is not None and entered.scope_hash == reader.scope_hash and entered.seq <= reader.since


def plan_decisions_for_hub(reader: Reader, told: Iterable[Told]) -> list[str]:
    """Erasures, whatever the hub's rows: a tablet may bring the submission there again; and what forms are told."""
    return [
        one.name
        for one in told
        if one.kind in (ERASURE, FORM_STATE)
        and not one.is_echo
        and reader.shares(one.named.project_id, one.named.form_id)
    ]


def _tell(reader: Reader, changed: Mapping[str, Change], kind: str, found: Iterable[Named]) -> list[Told]:
    return [_told(reader, kind, named, changed[named.parts[0]]) for named in found]


def _told(reader: Reader, kind: str, named: Named, change: Change, decided: str = "") -> Told:
    name = name_item(kind, reader.projects.get(named.project_id, ""), named.parts)
    is_theirs = change.node == reader.peer.id
    return Told(named, name, change.seq, reader.is_echo(change), decided, is_theirs)


def _tell_files(session: Session, reader: Reader, happened: Iterable[Change]) -> list[Told]:
    changed: dict[tuple[str, str], Change] = {}
    for change in happened:
        # Several versions of an instance may have the same file, and the change does not say which: ours wins.
        known = changed.get((change.key, change.version))
        if change.kind == "attachment" and (known is None or reader.is_echo(known)):
            changed[(change.key, change.version)] = change
    found = replica_reads.name_files(session, changed)
    return [_told(reader, "attachment", named, changed[(named.instance_id, named.parts[1])]) for named in found]


def _tell_decisions(session: Session, reader: Reader, changed: Mapping[str, Change]) -> list[Told]:
    found = replica_reads.name_decisions(session, changed)
    return [_told(reader, "decision", named, changed[named.parts[0]], kind) for named, kind in found]

"""Read the feed for a peer: what happened after a change, as far as it is for that peer, as items or as their names.

A slice of changes is planned on one snapshot, what the peer will have is noted, and the items are loaded as they are
now. A batch grows slice by slice until it is large enough; it always ends with a slice, so `until` is exact.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

from sqlalchemy.orm import Session

from sync_server.core.replication_batch import Batch, size_of, sort_for_sending
from sync_server.core.replication_items import AttachmentItem, DecisionItem, Item, NodeItem, ReceiptItem, SubmissionItem
from sync_server.node import Node
from sync_server.replication import outgoing_accounts, outgoing_echo, outgoing_project
from sync_server.replication.outgoing_entities import find_touched, plan_entities, plan_list_decisions
from sync_server.replication.outgoing_items import Loader
from sync_server.replication.outgoing_plan import (
    ENTITY,
    LIST,
    Carried,
    Plan,
    Reader,
    Told,
    first_touched,
    is_for_centre,
    plan_decisions_for_hub,
    plan_for_centre,
    read_told,
    without_last,
)
from sync_server.replication.outgoing_subjects import plan_subjects
from sync_server.replication.peer import Limits
from sync_server.services import consumers
from sync_server.services.peer_lists import PeerLists
from sync_server.services.peer_scope import find_inside, scope_of_peer, shared_projects
from sync_server.services.peer_scope_hash import scope_hash_of
from sync_server.store import changes, families, peer_rounds, peer_subjects, replica_reads
from sync_server.store.changes import Change
from sync_server.store.peer_subjects import OUT, Root, Withdrawal
from sync_server.store.peers import PeerNode

SMALLEST, LARGEST = 16, 1000  # changes in one slice
BYTES_PER_CHANGE = 3_000  # an upload is three changes and, with an attendance list, 9 kB


def read_changes(node: Node, peer: PeerNode, since: int, limits: Limits, *, carried: Carried | None = None) -> Batch:
    """Read what is new for a peer after a change of this node's feed, as items.

    `carried`: what the bundle has so far that this is read for; what is read now is noted there.
    """

    def is_full(batch: Batch) -> bool:
        return sum(map(size_of, batch.items)) >= limits.bytes or batch.until - since >= limits.changes

    def load(names: Sequence[str], reader: Reader) -> list[Item]:
        return load_items(node, reader, names)

    batch, _ = _read(node, peer, since, _slice_size(limits), load, is_full, carried)
    return batch


def read_names(node: Node, peer: PeerNode, since: int, limits: Limits) -> tuple[Batch, Sequence[str]]:
    """As `read_changes`, but only name what belongs to submissions."""

    def is_full(batch: Batch) -> bool:
        looked = batch.until - since
        return looked >= limits.changes or looked * BYTES_PER_CHANGE >= limits.bytes  # all of it may be lacking

    return _read(node, peer, since, _slice_size(limits), lambda names, reader: [], is_full)


def pass_over_echoes(node: Node, peer: PeerNode) -> None:
    """Look, after a batch of a hub was taken, how far the feed has nothing for it but that: asked for soon."""
    if peer.is_centre:
        return
    with node.database.read() as session:
        told = peer_rounds.get_round(session, peer.id)
        is_of_feed = told.told_epoch == changes.epoch(session)
    if is_of_feed:
        outgoing_echo.skip(node, _reader(node, peer, told.told_seq), LARGEST, note=_note)


def read_items(node: Node, peer: PeerNode, names: Sequence[str], head: Batch) -> Batch:
    """Read named items, as far as the peer may have them."""
    reader = _reader(node, peer, head.since)
    allowed = _allowed(node, reader, names)
    items = load_items(node, reader, [name for name in names if name in allowed])
    return replace(head, items=tuple(sort_for_sending((*head.items, *items))))


def load_items(node: Node, reader: Reader, names: Sequence[str]) -> list[Item]:
    """Load items, with what has to come before them: nodes whose decisions they are, erasures of what they lack."""
    with node.database.read() as session:
        loader = Loader(node, session, reader.projects)
        items = loader.load(names)
        if reader.peer.is_centre and (unshown := _unshown(node, items)):
            items = loader.load([*unshown, *names])
        before = _erasures_before(session, reader, items)
        items = [*loader.load([f"decision:{id}" for id in before]), *items]
        nodes = {item.node for item in items if isinstance(item, DecisionItem)} - {node.id}
        if nodes and not reader.peer.is_centre:
            known = outgoing_project.project_items(session, node, reader.peer, list(reader.projects))
            items = [*(item for item in known if isinstance(item, NodeItem) and item.id in nodes), *items]
    return items


def _unshown(node: Node, items: Iterable[Item]) -> list[str]:
    """Name the versions that this node says to have received without showing their bytes beside.

    A centre believes a receipt only of whoever has the version: it may be known there and not be known as this hub's.
    """
    claimed = {
        f"submission:{item.project}/{item.version}": None
        for item in items
        if (isinstance(item, ReceiptItem) and item.node == node.id and item.version)
        or (isinstance(item, AttachmentItem) and item.version)
    }
    shown = {item.name for item in items if isinstance(item, SubmissionItem)}
    return [name for name in claimed if name not in shown]


def _read(
    node: Node, peer: PeerNode, since: int, size: int,
    load: Callable[[Sequence[str], Reader], list[Item]], is_full: Callable[[Batch], bool],
    carried: Carried | None = None,
) -> tuple[Batch, list[str]]:  # fmt: skip
    reader = replace(_reader(node, peer, since), carried=carried)
    start = outgoing_echo.skip(node, reader, size, note=_note)
    if start == since:
        _work_in(node, peer)
    with node.database.read() as session:
        epoch, head = changes.epoch(session), changes.head(session)
    if carried is not None:
        carried.head = head
    batch = Batch(epoch=epoch, scope_hash=reader.scope_hash, since=since, until=start, head=head, items=())
    names: dict[str, None] = {}
    entered: Plan = Plan()
    while batch.until < head and start == since:
        happened, plan, items = _plan_slice(node, reader, batch.until, size, entered)
        if not happened:
            break
        new = [name for name in plan.names if name not in names]
        names.update(dict.fromkeys(new))
        items = [*items, *load(new, reader)]
        batch = replace(batch, until=happened[-1].seq, items=(*batch.items, *items))
        if is_full(batch):
            break
    return replace(batch, head=max(head, batch.until), items=tuple(sort_for_sending(batch.items))), list(names)


def _reader(node: Node, peer: PeerNode, since: int) -> Reader:
    with node.database.read() as session:
        scope = scope_of_peer(session, peer)
        projects = shared_projects(session, peer, scope)
        if not peer.is_centre:  # what left a hub's scope is withdrawn, so what it had counts as well
            projects = {**projects, **peer_subjects.find_projects(session, peer.id)}
        return Reader(peer, scope, projects, since, scope_hash_of(session, peer))


def _plan_slice(
    node: Node, reader: Reader, after: int, size: int, entered: Plan
) -> tuple[list[Change], Plan, list[Item]]:
    """Plan one slice of the feed, note what the peer has after it, and return it with the items that go as they are."""
    with node.database.read() as session:
        happened = without_last(changes.iter_since(session, after, limit=size), size)
        told = read_told(session, reader, happened)
        items = _state_items(session, node, reader, happened, is_first=after == 0)
        if reader.peer.is_centre:
            lists = PeerLists(session, reader.peer, reader.scope)
            return happened, plan_for_centre(reader, lists, told, happened), items
        touched = first_touched(happened)
        found = families.find_families(session, touched)
    inside = find_inside(node, reader.peer, reader.scope, found)
    _work_in(node, reader.peer)  # some of it may have come since this journey began
    plan = Plan(entered=entered.entered)
    with node.database.read() as session:
        had = peer_subjects.find_entered(session, reader.peer.id, _roots(found))
        plan.add(*plan_decisions_for_hub(reader, told))
        plan_subjects(session, reader, plan, found, inside, told, touched, had)
        lists = PeerLists(session, reader.peer, reader.scope)
        plan.add(*plan_list_decisions(reader, lists, told))
        entities = find_touched(session, reader, lists, happened, told, found, touched)
        plan_entities(session, reader, lists, plan, entities, told)
    _note(node, reader, plan)
    if reader.carried is not None:
        reader.carried.note(plan)
    return happened, plan, items


def _work_in(node: Node, peer: PeerNode) -> None:
    """What is for a centre depends on nothing that is derived but the states; what is for a hub on entities too."""
    if peer.is_centre:
        consumers.resolve_received(node)
    else:
        consumers.fold_received(node)


def _note(node: Node, reader: Reader, plan: Plan) -> None:
    """Note what the peer has whole after this, and what it is told to remove; add the orders to the plan."""
    if not plan.entered and not plan.withdrawn:
        return
    now = datetime.now(UTC)

    def note(session: Session) -> list[str]:
        peer_subjects.put_entered(session, reader.peer.id, plan.entered)
        for id in peer_subjects.find_open_withdrawals(session, reader.peer.id, plan.entered).values():
            peer_subjects.end_withdrawal(session, id, done_at=now, receipt=peer_subjects.KEPT)
        peer_subjects.note_left(session, reader.peer.id, plan.withdrawn)
        open_ones = peer_subjects.find_open_withdrawals(session, reader.peer.id, plan.withdrawn)
        return [_order(session, reader, root, open_ones, now) for root in plan.withdrawn]

    plan.add(*(f"withdrawal:{id}" for id in node.write(note)))


def _order(session: Session, reader: Reader, root: Root, open_ones: dict[Root, str], now: datetime) -> str:
    if root in open_ones:
        return open_ones[root]
    project_id, form_id, root_id = root
    order = Withdrawal(
        id=uuid4().hex,
        peer_id=reader.peer.id,
        project_id=project_id,
        form_id=form_id,
        root_id=root_id,
        direction=OUT,
        ordered_at=now,
        done_at=None,
        receipt=None,
    )
    peer_subjects.add_withdrawal(session, order)
    return order.id


def _state_items(
    session: Session, node: Node, reader: Reader, happened: Iterable[Change], *, is_first: bool
) -> list[Item]:
    """What is not about submissions: projects, accounts, forms; as they are now."""
    new = _new(reader, happened)
    projects = list(reader.projects)
    items: list[Item] = []
    if not reader.peer.is_centre and (is_first or any(change.kind == "project" for change in new)):
        items += outgoing_project.project_items(session, node, reader.peer, projects)
    actors = {int(c.key.partition(":")[2]) for c in new if c.kind in ("account", "assignment")}
    if actors and not reader.peer.is_centre:
        items += outgoing_accounts.account_items(session, node, reader.peer, actors, projects)
    form_ids = {change.key for change in new if change.kind in ("form_version", "form_attachment")}
    versions = {change.version for change in new if change.kind == "form_version"}
    for project_id in projects if form_ids else ():
        items += outgoing_project.form_items(
            session, node, reader.peer, project_id, sorted(form_ids), versions=versions
        )
    return items


def _new(reader: Reader, happened: Iterable[Change]) -> list[Change]:
    return [change for change in happened if not reader.is_echo(change)]


def _roots(found: Iterable[families.FamilyNames]) -> set[Root]:
    return {(f.project_id, f.form_id, name) for f in found for name in f.names}


def _erasures_before(session: Session, reader: Reader, items: Iterable[Item]) -> list[str]:
    """Name the decisions that took a person out of versions among these: told before the versions."""
    numbers = {uid: id for id, uid in reader.projects.items()}
    erased = [
        (numbers[item.project], item.erased_sha256)
        for item in items
        if isinstance(item, SubmissionItem) and item.erased_sha256 is not None
    ]
    return replica_reads.find_erasures_of(session, erased) if erased else []


def _allowed(node: Node, reader: Reader, names: Sequence[str]) -> set[str]:
    """Say which of these names the peer may have: it asks for what it was told, but anybody can ask for anything."""
    told = _tell_names(node, reader, names)
    with node.database.read() as session:
        orders = {f"withdrawal:{order.id}" for order in peer_subjects.iter_withdrawals(session, reader.peer.id)}
        if reader.peer.is_centre:
            lists = PeerLists(session, reader.peer, reader.scope)
            return orders | {one.name for one in told if is_for_centre(reader, lists, one)}
        entities = _allowed_decisions(session, reader, told)
        found = families.find_families(session, {one.named.instance_id for one in told})
    inside = find_inside(node, reader.peer, reader.scope, found)
    told = [one for one in told if one.kind not in (ENTITY, LIST)]
    allowed = {one.name for one in told if (one.named.project_id, one.named.form_id, one.named.instance_id) in inside}
    allowed |= set(plan_decisions_for_hub(reader, told)) | orders
    return allowed | entities | _of_edits(told, found, inside)


def _allowed_decisions(session: Session, reader: Reader, told: Sequence[Told]) -> set[str]:
    """Say which decisions about lists and entities a hub may have."""
    lists = PeerLists(session, reader.peer, reader.scope)
    keys = {o.name: (o.named.project_id, o.named.form_id, o.named.instance_id) for o in told if o.kind == ENTITY}
    inside = lists.find_inside(key for key in keys.values() if key[0] in reader.projects)
    return {*plan_list_decisions(reader, lists, told), *(name for name, key in keys.items() if key in inside)}


def _of_edits(told: Iterable[Told], found: Iterable[families.FamilyNames], inside: Iterable[Root]) -> set[str]:
    """Names of instances that are no root themselves: their family counts."""
    shown = set(inside)
    known = {
        (family.project_id, family.form_id, name)
        for family in found
        if any((family.project_id, family.form_id, part) in shown for part in family.names)
        for name in family.names
    }
    return {one.name for one in told if (one.named.project_id, one.named.form_id, one.named.instance_id) in known}


def _tell_names(node: Node, reader: Reader, names: Sequence[str]) -> list[Told]:
    """Find what names are about, as if changes had told it."""
    pretended = [_pretend(name) for name in names]
    with node.database.read() as session:
        files = [change for change in pretended if change.kind == "attachment"]
        instances = {n.parts[0]: n.instance_id for n in replica_reads.name_versions(session, {c.key for c in files})}
        known = [replace(c, key=instances.get(c.key, "")) if c.kind == "attachment" else c for c in pretended]
        return read_told(session, reader, known)


def _pretend(name: str) -> Change:
    kind, _, rest = name.partition(":")
    parts = rest.split("/", 3)
    if kind == "submission":
        return Change("submission_version", "", parts[-1])
    if kind == "attachment" and len(parts) == 4:
        return Change("attachment", parts[1], parts[2])
    return Change(kind, "", rest)


def _slice_size(limits: Limits) -> int:
    return max(SMALLEST, min(LARGEST, limits.bytes // BYTES_PER_CHANGE))

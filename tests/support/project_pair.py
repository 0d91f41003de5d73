"""Two nodes that share a project, and all that goes from one to the other of it, as a batch carries it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from sync_server.core.ids import BlobId, is_sha256
from sync_server.core.replication_batch import Batch, pack, sort_for_sending, unpack
from sync_server.core.replication_items import Item
from sync_server.core.roles import PEER_UP
from sync_server.core.scope import Grant, Scope
from sync_server.node import Node
from sync_server.replication.incoming_project import (
    take_account,
    take_form,
    take_form_version,
    take_node,
    take_project,
)
from sync_server.replication.outgoing_project import account_items, form_items, project_items
from sync_server.replication.taking import NotTaken, Taking
from sync_server.services.node_identity import get_public_key
from sync_server.store import assignments, changes, form_list, forms, peers, replicated_forms
from sync_server.store.accounts import PEER
from sync_server.store.forms import Form, FormAttachment
from sync_server.store.peers import CENTRE, HUB
from sync_server.store.projects import find_home
from sync_server.store.tables import actors, awaited_files, form_versions, projects

LIST = b"name,label\na,A\n"
_TAKE = {
    "node": take_node, "project": take_project, "account": take_account, "form_version": take_form_version,
    "form": take_form,
}  # fmt: skip


@dataclass
class Carried:
    """What became of a batch; `told` are the changes for the feed."""

    names: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    told: list[tuple[str, str, str]] = field(default_factory=list)
    has_changed_access: bool = False


def pair(centre: Node, hub: Node, *, form_id: str | None = None) -> None:
    """Let the hub join the centre's project 1, or one form of it."""
    now = datetime.now(UTC)
    with centre.database.read() as session:
        uid = session.scalar(select(projects.c.uid).where(projects.c.id == 1))

    def at_centre(session: Session) -> int:
        key = get_public_key(hub)
        return peers.add_peer(session, id=hub.id, side=HUB, name="Sinjar office", public_key=key, now=now).actor_id

    def at_hub(session: Session) -> int:
        key = get_public_key(centre)
        session.execute(update(projects).where(projects.c.id == 1).values(uid=uid, home=centre.id))
        return peers.add_peer(session, id=centre.id, side=CENTRE, name="Erbil", public_key=key, now=now).actor_id

    actor_id = centre.write(at_centre)
    hub.write(at_hub)
    centre.write(
        lambda session: assignments.put_assignment(session, actor_id, Grant(PEER_UP, 1, form_id), now=now, by=None)
    )


def everything(source: Node, target: Node, *, versions: set[str] | None = None) -> list[Item]:
    """Read all that a node has of project 1 for the other."""
    with source.database.read() as session:
        peer = peers.get_peer(session, target.id)
        actor_ids = set(session.scalars(select(actors.c.id)))
        form_ids = sorted(set(session.scalars(select(form_versions.c.form_id).where(form_versions.c.project_id == 1))))
        items = [
            *project_items(session, source, peer, [1]),
            *account_items(session, source, peer, actor_ids, [1]),
            *form_items(session, source, peer, 1, form_ids, versions=versions),
        ]
    batch = Batch(epoch="e", scope_hash="s", since=0, until=1, head=1, items=tuple(sort_for_sending(items)))
    return list(unpack(pack(batch)).items)


def carry(source: Node, target: Node) -> Carried:
    """Bring everything from one node to the other."""
    return take(target, source, everything(source, target))


def take(target: Node, source: Node, items: list[Item]) -> Carried:
    """Take items in one transaction, as a batch is."""
    carried = Carried(names=[item.name for item in items])
    named = {file.sha256 for item in items for file in getattr(item, "media", ())}
    is_from_home = source.id == _home(target)
    present = frozenset(n for n in named if is_from_home and is_sha256(n) and target.blobs.size(BlobId(n)) is not None)
    now = datetime.now(UTC)

    def write(session: Session) -> None:
        peer = peers.get_peer(session, source.id)
        scope = Scope(peer.actor_id, PEER, assignments.find_grants(session, peer.actor_id))
        taking = Taking(target, session, peer, scope, now, present=present)
        for item in items:
            try:
                _TAKE[item.kind](taking, item)  # type: ignore[operator]
            except NotTaken as refusal:
                carried.refused[item.name] = refusal.reason
        carried.told = [(change.kind, change.key, change.version) for change in taking.happened]
        carried.has_changed_access = taking.has_changed_access
        changes.append(session, taking.happened)

    target.write(write)
    target.tokens.forget()
    target.grants.forget()
    return carried


def _home(node: Node) -> str | None:
    with node.database.read() as session:
        return find_home(session, 1)


def head(node: Node) -> int:
    with node.database.read() as session:
        return changes.head(session)


def count(node: Node, table: object) -> int:
    with node.database.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0  # type: ignore[arg-type]


# -- how a form stands


def form_at(node: Node) -> Form | None:
    with node.database.read() as session:
        return forms.find_form(session, 1, "meeting")


def offered(node: Node) -> list[str]:
    with node.database.read() as session:
        return [form.version for form in form_list.iter_offered_forms(session, 1)]


def bring_file(hub: Node, name: str = "forums.csv", content: bytes = LIST) -> bool:
    """Do as the lane of media does when an awaited file of a form is whole."""
    with hub.database.read() as session:
        row = session.execute(select(awaited_files).where(awaited_files.c.name == name)).one()
    spool = hub.blobs.spool()
    spool.write(content)
    assert spool.keep() == row.sha256
    file = FormAttachment(
        name=name, sha256=row.sha256, md5=row.md5, size=row.size, type=row.type, updated_at=row.updated_at
    )

    def put(session: Session) -> bool:
        replicated_forms.put_media(session, row.version_id, file)
        return replicated_forms.activate_if_complete(session, row.version_id) is not None

    return hub.write(put)

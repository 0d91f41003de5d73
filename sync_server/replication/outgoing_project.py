"""What goes down from a project's home to a peer: the project, who may sign in there, its forms.

From a hub to its centre only form versions go up, as something to read its data with. Whatever is not led here is left
out, and so are forms and roles beyond the peer's scope.
"""

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy.orm import Session

from sync_server.core.replication_items import FormItem, FormVersionItem, Item, MediaFile, NodeItem, ProjectItem
from sync_server.core.scope import Scope
from sync_server.node import Node
from sync_server.replication.outgoing_accounts import account_items as account_items
from sync_server.store import assignments, form_variants, forms, known_nodes, projects, replicated_forms
from sync_server.store.accounts import PEER
from sync_server.store.actor_uids import find_whos
from sync_server.store.forms import NewFormVersion
from sync_server.store.peers import PeerNode, iter_peers

_FORM_VERSION = FormVersionItem.kind


def project_items(session: Session, node: Node, peer: PeerNode, project_ids: Iterable[int]) -> list[Item]:
    """Say how these projects are, and by which keys decisions of other nodes are checked."""
    if peer.is_centre:
        return []
    return [*_nodes(session, node, peer), *_projects(session, project_ids)]


def form_items(
    session: Session, node: Node, peer: PeerNode, project_id: int, form_ids: Iterable[str],
    *, versions: Collection[str] | None = None,
) -> list[Item]:  # fmt: skip
    """Say how forms are, each with the versions named by their sha256 (None: all of them).

    A form whose media changed is said without any version.
    """
    home = projects.find_home(session, project_id)
    uid = projects.find_uid(session, project_id)
    if uid is None or home != (peer.id if peer.is_centre else None):
        return []
    if peer.is_centre:
        return [item for form_id in form_ids for item in _sent_up(session, node, project_id, uid, form_id, versions)]
    scope = Scope(peer.actor_id, PEER, assignments.find_grants(session, peer.actor_id))
    known = [form_id for form_id in form_ids if scope.knows(project_id, form_id)]
    return [
        item
        for form_id in known
        for item in (
            *_versions(session, node, project_id, uid, form_id, versions),
            *_form(session, project_id, uid, form_id),
        )
    ]


def find_project_lacking(session: Session, names: Sequence[str]) -> list[str]:
    """Say which of these names are not here: of form versions those unknown, of all other kinds each, because they say
    how something is now and are small."""
    asked = {name: _read_name(name) for name in names if name.startswith(f"{_FORM_VERSION}:")}
    known = replicated_forms.find_known(session, {sha256 for _, _, sha256 in asked.values()})
    return [name for name in names if asked.get(name) not in known]


def _read_name(name: str) -> tuple[str, str, str]:
    """Read "form_version:project/form/sha256"; a form id may have a slash in it."""
    project, _, rest = name.partition(":")[2].partition("/")
    form_id, _, sha256 = rest.rpartition("/")
    return project, form_id, sha256


def _nodes(session: Session, node: Node, peer: PeerNode) -> list[Item]:
    others = [(other.id, other.name, other.public_key) for other in iter_peers(session) if not other.is_centre]
    known = {id: (name, key) for id, name, key in (*known_nodes.iter_nodes(session), *others)}
    return [
        NodeItem(id=id, node_name=name, public_key=key)
        for id, (name, key) in sorted(known.items())
        if id not in (peer.id, node.id)
    ]


def _projects(session: Session, project_ids: Iterable[int]) -> list[Item]:
    items: list[Item] = []
    for project_id, uid in projects.find_led_here(session, project_ids).items():
        project = projects.find_project(session, project_id)
        if project is not None:
            said = {"title": project.name, "description": project.description}
            items.append(ProjectItem(project=uid, is_archived=project.is_archived, **said))  # type: ignore[arg-type]
    return items


def _form(session: Session, project_id: int, uid: str, form_id: str) -> list[Item]:
    form = forms.find_form(session, project_id, form_id)
    if form is None:
        return []
    media = _media(session, form.current.row_id)
    return [
        FormItem(
            project=uid, form_id=form_id, state=form.state, created_at=form.created_at,
            current=form.current.sha256, media=media,
        )
    ]  # fmt: skip


def _versions(
    session: Session, node: Node, project_id: int, uid: str, form_id: str, named: Collection[str] | None
) -> list[Item]:
    found = replicated_forms.find_whole_versions(session, project_id, form_id, named)
    return [_version(session, node, uid, version, _media(session, row_id)) for row_id, version in found]


def _sent_up(
    session: Session, node: Node, project_id: int, uid: str, form_id: str, named: Collection[str] | None
) -> list[Item]:
    """Say of a hub's form its versions, and those in whose place the home's are: the home keeps them as variants."""
    variants = form_variants.find_variants_of(session, project_id, form_id, node.id)
    replaced = [_version(session, node, uid, v, ()) for v in variants if named is None or v.sha256 in named]
    return [*_versions(session, node, project_id, uid, form_id, named), *replaced]


def _version(
    session: Session, node: Node, uid: str, version: NewFormVersion, media: tuple[MediaFile, ...]
) -> FormVersionItem:
    by = find_whos(session, [version.published_by], own_node=node.id)
    return FormVersionItem(
        project=uid,
        form_id=version.form_id,
        version=version.version,
        title=version.title,
        xml=version.xml,
        source_name=version.source_name,
        source=version.source,
        source_sha256=version.source_sha256,
        annotations=version.annotations,
        warnings=tuple(version.warnings),
        published_at=version.published_at,
        published_by=by.get(version.published_by) if version.published_by else None,
        media=media,
    )


def _media(session: Session, row_id: int) -> tuple[MediaFile, ...]:
    return tuple(
        MediaFile(name=f.name, sha256=f.sha256, md5=f.md5, size=f.size, type=f.type, updated_at=f.updated_at)
        for f in forms.iter_attachments(session, row_id)
    )

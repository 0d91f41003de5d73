"""Open one form to whoever has a link, and close it again.

The link's token does what a tablet's does, for its one form: definition, media, submission. What is sent by a link that
was revoked is kept, and waits for a person.
"""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from sync_server.core.ids import sha256_hex
from sync_server.core.roles import PUBLIC_LINK as PUBLIC_LINK_ROLE
from sync_server.core.scope import Grant
from sync_server.errors import NotFound
from sync_server.node import Node
from sync_server.operator_errors import SealBroken
from sync_server.services.access import change_access, may, require
from sync_server.services.actor_properties import Values, set_values
from sync_server.services.audit import make_act, noted, write_act
from sync_server.services.node_secrets import make_token, open_secret, seal_secret
from sync_server.services.project_home import require_led_here
from sync_server.store import actor_properties, assignments, creators, forms, public_links
from sync_server.store.accounts import Actor
from sync_server.store.public_links import PublicLink

log = logging.getLogger(__name__)

_TOKEN = "public link"  # noqa: S105 what the sealing key is for, not a secret


@dataclass(frozen=True, slots=True)
class ShownLink:
    """A link with what is noted of it; `token` is None once revoked, and for those who could not make one."""

    link: PublicLink
    token: str | None
    created_by: Actor | None
    properties: dict[str, str] | None


def add_link(
    node: Node, actor: Actor | None, project_id: int, form_id: str, name: str, *,
    once: bool = False, properties: Values | None = None,
) -> ShownLink:  # fmt: skip
    """Make a link to a form."""
    require(node, actor, "public_link.create", project_id=project_id, form_id=form_id)
    require_led_here(node, project_id)
    token, now, by = make_token(), datetime.now(UTC), actor.id if actor else None
    token_hash = sha256_hex(token.encode())
    sealed = seal_secret(node, _TOKEN, token, bound_to=token_hash)
    act = make_act(actor, "public_link.create", projectId=project_id, xmlFormId=form_id, once=once)

    def add(session: Session) -> PublicLink:
        forms.get_form(session, project_id, form_id)
        link = public_links.add_link(
            session, project_id=project_id, form_id=form_id, display_name=name.strip(), once=once,
            token_hash=token_hash, token_sealed=sealed, now=now, created_by=by,
        )  # fmt: skip
        assignments.put_assignment(session, link.actor.id, Grant(PUBLIC_LINK_ROLE, project_id, form_id), now=now, by=by)
        write_act(session, act, actee=f"actor:{link.actor.id}")
        set_values(session, actor, link.actor, project_id, properties or {})
        return link

    link = change_access(node, add)
    log.info("public link added actor=%d project=%d node=%s", link.actor.id, project_id, node.id)
    return _show(node, actor, [link])[0]


def list_links(node: Node, actor: Actor | None, project_id: int, form_id: str) -> list[ShownLink]:
    """List a form's links, the newest first; revoked ones too."""
    require(node, actor, "public_link.list", project_id=project_id, form_id=form_id)
    with node.database.read() as session:
        forms.get_form(session, project_id, form_id)
        found = public_links.iter_links(session, project_id, form_id)
    return _show(node, actor, found)


def get_link(node: Node, actor: Actor | None, project_id: int, form_id: str, link_id: int) -> ShownLink:
    require(node, actor, "public_link.read", project_id=project_id, form_id=form_id)
    return _show(node, actor, [_find(node, project_id, form_id, link_id)])[0]


def change_link(
    node: Node, actor: Actor | None, project_id: int, form_id: str, link_id: int, properties: Values
) -> ShownLink:
    """Set properties of a link."""
    require(node, actor, "public_link.update", project_id=project_id, form_id=form_id)
    link = _find(node, project_id, form_id, link_id)
    node.write(noted(lambda session: set_values(session, actor, link.actor, project_id, properties)))
    return _show(node, actor, [link])[0]


def revoke_link(node: Node, actor: Actor | None, link: PublicLink) -> None:
    """End a link. A link may end itself, as whoever holds it may."""
    if actor is None or actor.id != link.actor.id:
        require(node, actor, "session.end", project_id=link.actor.project_id, form_id=link.form_id)
    act = make_act(actor, "public_link.session.end", f"actor:{link.actor.id}")

    def revoke(session: Session) -> None:
        public_links.revoke_link(session, link.actor.id, now=datetime.now(UTC))
        write_act(session, act)

    change_access(node, revoke)
    log.info("public link revoked actor=%d node=%s", link.actor.id, node.id)


def delete_link(node: Node, actor: Actor | None, project_id: int, form_id: str, link_id: int) -> None:
    """End a link and take it off the list."""
    require(node, actor, "public_link.delete", project_id=project_id, form_id=form_id)
    link = _find(node, project_id, form_id, link_id)
    act = make_act(actor, "public_link.delete", f"actor:{link_id}")

    def delete(session: Session) -> None:
        public_links.delete_link(session, link.actor.id, now=datetime.now(UTC))
        assignments.delete_assignments(session, link.actor.id)
        write_act(session, act)

    change_access(node, delete)
    log.info("public link deleted actor=%d node=%s", link_id, node.id)


def find_link(node: Node, token: str) -> PublicLink | None:
    """Find the link of a token, revoked ones too."""
    with node.database.read() as session:
        return public_links.find_link_by_token(session, sha256_hex(token.encode()))


def _find(node: Node, project_id: int, form_id: str, link_id: int) -> PublicLink:
    with node.database.read() as session:
        link = public_links.get_link(session, link_id)
    if (link.actor.project_id, link.form_id) != (project_id, form_id):
        raise NotFound
    return link


def _show(node: Node, actor: Actor | None, links: list[PublicLink]) -> list[ShownLink]:
    ids = [link.actor.id for link in links]
    with node.database.read() as session:
        by, properties = creators.find_creators(session, ids), actor_properties.find_values(session, ids)
    return [
        ShownLink(link, _token(node, actor, link), by.get(link.actor.id), properties.get(link.actor.id))
        for link in links
    ]


def _token(node: Node, actor: Actor | None, link: PublicLink) -> str | None:
    place = {"project_id": link.actor.project_id, "form_id": link.form_id}
    if link.actor.is_revoked or not may(node, actor, "public_link.create", **place):  # type: ignore[arg-type]
        return None
    try:
        return open_secret(node, _TOKEN, link.token_sealed, bound_to=link.token_hash)
    except SealBroken:  # the database came without its key: the link can be ended, not shown
        return None

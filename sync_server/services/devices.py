"""Let tablets in: app users with a token in their address, shown as a QR code and revocable.

Public links come by the same addresses with tokens of the same make, and are found here as well.

A token is looked up by its sha256. It is also kept sealed (see node_secrets.py), only so that the QR code can be shown
again. A revoked token is still known: what a tablet sends with it is kept, and waits for a person.

That a tablet gets every form of its project, later ones too, is an assignment to the project; else each form is
assigned to it by itself.
"""

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from sync_server.account_errors import AuthenticationFailed, UnknownToken
from sync_server.core.ids import sha256_hex
from sync_server.core.roles import APP_USER
from sync_server.core.scope import Grant
from sync_server.errors import NamelessTablet, NotFound
from sync_server.node import Node
from sync_server.peer_errors import CodeAtHome
from sync_server.services.access import change_access, require, require_somewhere
from sync_server.services.actor_properties import Values, set_values
from sync_server.services.audit import make_act, noted, write_act
from sync_server.services.node_secrets import make_token, open_secret, seal_secret
from sync_server.services.project_home import find_home_name
from sync_server.store import accounts, actor_properties, assignments, creators, nodes, public_links
from sync_server.store.accounts import Actor

log = logging.getLogger(__name__)

# What any server of the ODK family issues; ours are a part of it.
_WELL_FORMED = re.compile(r"\A[A-Za-z0-9!$_-]{64}\Z")
# How exactly the list of devices knows when each was last seen; more often would be a write for every sync.
_NOTE_USE_EVERY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Notes:
    """What is noted of some devices, by their numbers; a device that is not in it has none."""

    created_by: dict[int, Actor]
    properties: dict[int, dict[str, str]]


def add_device(
    node: Node, actor: Actor | None, name: str, project_id: int, *, has_all_forms: bool = True,
    properties: Values | None = None,
) -> tuple[Actor, str]:  # fmt: skip
    """Add an app user to a project, with all its forms or none yet; return it and its token."""
    require(node, actor, "field_key.create", project_id=project_id)
    if not name.strip():
        raise NamelessTablet
    token, now, by = make_token(), datetime.now(UTC), actor.id if actor else None
    token_hash = sha256_hex(token.encode())
    sealed = seal_secret(node, "token", token, bound_to=token_hash)
    act = make_act(actor, "field_key.create", projectId=project_id)

    def add(session: Session) -> Actor:
        if nodes.find_project(session, project_id) is None:
            raise NotFound
        added = accounts.add_app_user(
            session,
            project_id=project_id,
            display_name=name.strip(),
            token_hash=token_hash,
            token_sealed=sealed,
            now=now,
            created_by=by,
        )
        if has_all_forms:
            assignments.put_assignment(session, added.id, Grant(APP_USER, project_id), now=now, by=by)
        write_act(session, act, actee=f"actor:{added.id}")
        set_values(session, actor, added, project_id, properties or {})
        return added

    device = change_access(node, add)
    log.info("device added actor=%d project=%d node=%s", device.id, project_id, node.id)
    return device, token


def list_devices(node: Node, actor: Actor | None, project_id: int | None = None) -> list[Actor]:
    """List the app users of a project, or of all the actor may know, newest first; revoked ones too."""
    scope = require_somewhere(node, actor, "field_key.list", project_id=project_id)
    with node.database.read() as session:
        found = accounts.iter_app_users(session, project_id)
    return [device for device in found if scope.may("field_key.list", device.project_id)]


def get_device(node: Node, actor: Actor | None, device_id: int) -> Actor:
    return _get_device(node, actor, device_id, "field_key.list")


def revoke_device(node: Node, actor: Actor | None, device_id: int) -> None:
    """End a tablet's access. It gets no more forms; what it still sends is kept and waits for a person.

    A tablet may end its own.
    """
    if actor is None or (actor.type, actor.id) != (accounts.APP_USER, device_id):
        _get_device(node, actor, device_id, "session.end")
    act = make_act(actor, "field_key.session.end", f"actor:{device_id}")

    def revoke(session: Session) -> None:
        accounts.revoke_app_user(session, device_id, now=datetime.now(UTC))
        write_act(session, act)

    change_access(node, revoke)
    log.info("device revoked actor=%d node=%s", device_id, node.id)


def delete_device(node: Node, actor: Actor | None, device_id: int) -> None:
    """Revoke a tablet and take it off the list."""
    _get_device(node, actor, device_id, "field_key.delete")
    act = make_act(actor, "field_key.delete", f"actor:{device_id}")

    def delete(session: Session) -> None:
        accounts.delete_app_user(session, device_id, now=datetime.now(UTC))
        assignments.delete_assignments(session, device_id)
        write_act(session, act)

    change_access(node, delete)
    log.info("device deleted actor=%d node=%s", device_id, node.id)


def find_notes(node: Node, device_ids: Sequence[int]) -> Notes:
    with node.database.read() as session:
        by, properties = creators.find_creators(session, device_ids), actor_properties.find_values(session, device_ids)
    return Notes(by, properties)


def change_device(node: Node, actor: Actor | None, device_id: int, properties: Values) -> Actor:
    """Set properties of a tablet."""
    device = _get_device(node, actor, device_id, "field_key.update")
    node.write(noted(lambda session: set_values(session, actor, device, device.project_id or 0, properties)))
    return device


def show_token(node: Node, actor: Actor | None, device_id: int) -> str:
    """Return a tablet's token again; raise CodeAtHome for a tablet of another node, whose token never travels, and
    SealBroken when the database came without its node's key."""
    device = _get_device(node, actor, device_id, "field_key.create")
    with node.database.read() as session:
        token_hash, sealed = accounts.get_sealed_token(session, device_id)
        home = None if sealed else find_home_name(session, device.project_id or 0)
    if not sealed:
        raise CodeAtHome(home=home or node.settings.node_name)
    return open_secret(node, "token", sealed, bound_to=token_hash)


def _get_device(node: Node, actor: Actor | None, device_id: int, verb: str) -> Actor:
    """Find an app user to whom the actor may do this; of any other, nobody is told whether it is there."""
    require_somewhere(node, actor, verb)
    with node.database.read() as session:
        device = accounts.get_app_user(session, device_id)
    require(node, actor, verb, project_id=device.project_id)
    return device


def identify_device(node: Node, token: str) -> Actor:
    """Return whose token this is, revoked or not.

    Raises AuthenticationFailed for what cannot be a token, and UnknownToken for one nobody has: a tablet that is
    asked for a password (401) because of a wrong address cannot be helped by typing one.
    """
    if not _WELL_FORMED.match(token):
        raise AuthenticationFailed
    device = find_device(node, token)
    if device is None:
        raise UnknownToken
    return device


def find_device(node: Node, token: str) -> Actor | None:
    """Find the app user or the public link of a token, revoked ones too; answered from memory for a second."""
    token_hash = sha256_hex(token.encode())

    def look_up() -> Actor | None:
        with node.database.read() as session:
            device = accounts.find_app_user_by_token(session, token_hash)
            link = public_links.find_link_by_token(session, token_hash) if device is None else None
        return link.actor if link else device

    return node.tokens.get(token_hash, look_up)


def note_use(node: Node, device: Actor) -> None:
    """Note that a tablet or a link was used, once an hour at most."""
    note = public_links.note_use if device.type == accounts.PUBLIC_LINK else accounts.note_use
    now = datetime.now(UTC)
    if device.last_used_at is None or now - device.last_used_at > _NOTE_USE_EVERY:
        try:
            node.write(lambda session: note(session, device.id, now=now))
        except OperationalError as error:  # on a full disk tablets still get their forms
            log.warning("use not noted actor=%d node=%s error=%s", device.id, node.id, error.orig)
        node.tokens.forget()

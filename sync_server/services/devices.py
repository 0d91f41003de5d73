"""Let tablets in: app users with a token in their address, shown as a QR code and revocable.

A token is looked up by its sha256. It is also kept sealed (AES-GCM, with a key that is in the data folder and never in
the database), only so that the QR code can be shown again. A revoked token is still known: what a tablet sends with it
is kept, and waits for a person.
"""

import logging
import re
import secrets
from datetime import UTC, datetime, timedelta

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from sync_server.core.ids import sha256_hex
from sync_server.errors import AuthenticationFailed, NamelessTablet, NotFound, UnknownToken
from sync_server.node import Node
from sync_server.operator_errors import SealBroken
from sync_server.services.access import derive_key, require_administrator
from sync_server.store import accounts, nodes
from sync_server.store.accounts import Actor

log = logging.getLogger(__name__)

# What any server of the ODK family issues; ours are 64 lower-case hexadecimal digits, because Enketo puts addresses
# into lower case.
_WELL_FORMED = re.compile(r"\A[A-Za-z0-9!$_-]{64}\Z")
# How exactly the list of devices knows when each was last seen; more often would be a write for every sync.
_NOTE_USE_EVERY = timedelta(hours=1)
_NONCE_BYTES = 12


def add_device(node: Node, actor: Actor | None, name: str, project_id: int) -> tuple[Actor, str]:
    """Add an app user to a project; return it and its token."""
    require_administrator(actor)
    if not name.strip():
        raise NamelessTablet
    token = secrets.token_hex(32)
    token_hash = sha256_hex(token.encode())
    sealed = _seal(node, token, token_hash)

    def add(session: Session) -> Actor:
        if nodes.find_project(session, project_id) is None:
            raise NotFound
        return accounts.add_app_user(
            session,
            project_id=project_id,
            display_name=name.strip(),
            token_hash=token_hash,
            token_sealed=sealed,
            now=datetime.now(UTC),
        )

    device = node.write(add)
    node.tokens.forget()
    log.info("device added actor=%d project=%d node=%s", device.id, project_id, node.id)
    return device, token


def list_devices(node: Node, actor: Actor | None, project_id: int | None = None) -> list[Actor]:
    """List the app users of a project, or of all, newest first; revoked ones too."""
    require_administrator(actor)
    with node.database.read() as session:
        return accounts.iter_app_users(session, project_id)


def get_device(node: Node, actor: Actor | None, device_id: int) -> Actor:
    require_administrator(actor)
    with node.database.read() as session:
        return accounts.get_app_user(session, device_id)


def revoke_device(node: Node, actor: Actor | None, device_id: int) -> None:
    """End a tablet's access. It gets no more forms; what it still sends is kept and waits for a person."""
    require_administrator(actor)

    def revoke(session: Session) -> None:
        accounts.get_app_user(session, device_id)
        accounts.revoke_app_user(session, device_id, now=datetime.now(UTC))

    node.write(revoke)
    node.tokens.forget()
    log.info("device revoked actor=%d node=%s", device_id, node.id)


def delete_device(node: Node, actor: Actor | None, device_id: int) -> None:
    """Revoke a tablet and take it off the list."""
    require_administrator(actor)

    def delete(session: Session) -> None:
        accounts.get_app_user(session, device_id)
        accounts.delete_app_user(session, device_id, now=datetime.now(UTC))

    node.write(delete)
    node.tokens.forget()
    log.info("device deleted actor=%d node=%s", device_id, node.id)


def show_token(node: Node, actor: Actor | None, device_id: int) -> str:
    """Return a tablet's token again; raise SealBroken when the database came without its node's key."""
    require_administrator(actor)
    with node.database.read() as session:
        token_hash, sealed = accounts.get_sealed_token(session, device_id)
    return _unseal(node, sealed, token_hash)


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
    """Find the app user of a token, revoked ones too; answered from memory for a second."""
    token_hash = sha256_hex(token.encode())

    def look_up() -> Actor | None:
        with node.database.read() as session:
            return accounts.find_app_user_by_token(session, token_hash)

    return node.tokens.get(token_hash, look_up)


def note_use(node: Node, device: Actor) -> None:
    """Note that a tablet was seen, once an hour at most."""
    now = datetime.now(UTC)
    if device.last_used_at is None or now - device.last_used_at > _NOTE_USE_EVERY:
        try:
            node.write(lambda session: accounts.note_use(session, device.id, now=now))
        except OperationalError as error:  # on a full disk tablets still get their forms
            log.warning("use not noted actor=%d node=%s error=%s", device.id, node.id, error.orig)
        node.tokens.forget()


def _seal(node: Node, token: str, token_hash: str) -> bytes:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(derive_key(node, "token")).encrypt(nonce, token.encode(), token_hash.encode())


def _unseal(node: Node, sealed: bytes, token_hash: str) -> str:
    nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
    try:
        return AESGCM(derive_key(node, "token")).decrypt(nonce, rest, token_hash.encode()).decode()
    except InvalidTag as error:
        raise SealBroken from error

"""Find out who asks: a token in the address, a session, a password by Digest or (over https only) Basic; a node's key.

Collect (OkHttp) speaks Digest over http and https, Basic over https only, and gets confused by two challenges: so one
is offered, Basic over https, which every account can answer, and Digest over http, for accounts that turned it on.
"""

import base64
import hmac
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from flask import current_app, g, request
from werkzeug.wrappers import Response

from sync_server.account_errors import AuthenticationFailed, HttpsOnly, LoginRequired
from sync_server.core import http_digest
from sync_server.core.http_digest import DigestCredentials, NonceState
from sync_server.node import Node
from sync_server.protocols import known_devices
from sync_server.protocols.replication_sessions import identify_peer
from sync_server.protocols.sign_in_gate import SignInGate
from sync_server.services import devices, node_secrets, sign_in
from sync_server.store.accounts import Actor, SignIn

log = logging.getLogger(__name__)

NODE = "sync_server.node"
THROTTLE = "sync_server.throttle"
"""Where the application keeps its node, and who guesses passwords (app.extensions)."""

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


def current_node() -> Node:
    """Return the node this application serves."""
    node: Node = current_app.extensions[NODE]
    return node


def current_actor() -> Actor | None:
    """Return who asks, None for a stranger; raise AuthenticationFailed for credentials that are wrong."""
    if "actor" not in g:
        g.actor = _identify()
    actor: Actor | None = g.actor
    return actor


def require_actor() -> Actor:
    """Return who asks; raise LoginRequired for a stranger."""
    actor = current_actor()
    if actor is None:
        raise LoginRequired
    return actor


def current_session_token() -> str | None:
    """Return the token of the session this request uses: of the Bearer header, else of the cookie."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip()
    return request.cookies.get(session_cookie())


def session_cookie() -> str:
    # The prefix makes browsers refuse the cookie from anywhere but this very host, and needs https.
    return "__Host-session" if request.is_secure else "session"


def make_challenge() -> str:
    """Write the one challenge of a 401 answer."""
    if request.is_secure:
        return f'Basic realm="{http_digest.REALM}", charset="UTF-8"'
    # After a wrong password the same nonce again: that, without stale, is how a client knows not to repeat itself.
    nonce = g.get("refused_nonce") or http_digest.make_nonce(_digest_key(), now=time.time(), salt=os.urandom(8))
    return http_digest.make_challenge(nonce, is_stale=g.get("is_stale", False))


def _identify() -> Actor | None:
    token = (request.view_args or {}).get("token") or request.args.get("st")
    if token:
        return devices.identify_device(current_node(), token)
    header = request.headers.get("Authorization", "")
    if header:
        return _identify_by_header(header)
    return _identify_by_cookie()


def _identify_by_header(header: str) -> Actor | None:
    scheme, _, rest = header.partition(" ")
    match scheme.lower():
        case "bearer":
            return _identify_bearer(rest.strip())
        case "digest":
            return _identify_digest(header)
        case "basic":
            return _identify_basic(rest)
        case "syncnode":
            return identify_peer(current_node(), header, now=datetime.now(UTC))
    raise AuthenticationFailed


def _identify_bearer(token: str) -> Actor:
    node = current_node()
    found = sign_in.find_session(node, token)
    actor = found.actor if found else devices.find_device(node, token)
    if actor is None:
        raise AuthenticationFailed
    return actor


def _identify_basic(encoded: str) -> Actor:
    if not (request.is_secure or is_within_machine(request.remote_addr or "", request.host)):
        raise HttpsOnly
    try:
        email, colon, password = base64.b64decode(encoded, validate=True).decode("utf-8").partition(":")
    except ValueError as error:  # no ASCII, no base64, no UTF-8
        raise AuthenticationFailed from error
    if not colon:
        raise AuthenticationFailed
    return check_password(email, password)


def is_within_machine(address: str, host: str) -> bool:
    """Tell whether a password stays on this machine; behind a proxy the address alone would say so of everybody."""
    name = host.rpartition(":")[0] if host[-1:] != "]" and ":" in host else host
    return address in ("127.0.0.1", "::1") and name in ("127.0.0.1", "localhost", "[::1]")


def check_password(email: str, password: str) -> Actor:
    """Return whose password this is; raise AuthenticationFailed, or TooManyAttempts after some of those."""
    with slow_down_guessing(email):
        return sign_in.check_password_alone(current_node(), email, password)


@contextmanager
def slow_down_guessing(email: str) -> Iterator[None]:
    """Try a password within; raise TooManyAttempts when it is not the caller's turn."""
    gate: SignInGate = current_app.extensions[THROTTLE]
    address, key = request.remote_addr or "", known_devices.derive_key(current_node())
    device = known_devices.find_device(key, email)
    with gate.passing(address, email, device=device):
        try:
            yield
        except AuthenticationFailed:
            log.warning("sign-in refused address=%s node=%s", address, current_node().id)
            raise


def remember_device(response: Response, actor: Actor) -> None:
    """Note in a browser that somebody signed in there: guessing by others will not hold them up."""
    known_devices.remember_device(known_devices.derive_key(current_node()), response, actor.email or "")


def _identify_digest(header: str) -> Actor | None:
    credentials = http_digest.read_credentials(header)
    if credentials is None:
        raise AuthenticationFailed
    if not credentials.username:
        return None  # Collect without a password answers every challenge with empty credentials
    state = http_digest.check_nonce(_digest_key(), credentials.nonce, now=time.time())
    if state is not NonceState.FRESH:
        # A nonce of another life of this server (a new key) is stale as well: the tablet tries again by itself.
        g.is_stale = True
        raise LoginRequired
    with slow_down_guessing(credentials.username):
        return _check_digest(credentials)


def _check_digest(credentials: DigestCredentials) -> Actor:
    found = sign_in.find_digest(current_node(), credentials.username)
    ha1 = found[1] if found else "0" * 32
    path, query = request.root_path + request.path, request.query_string.decode("latin-1")
    is_right = http_digest.is_right(credentials, ha1, method=request.method, path=path, query=query)
    if found is None or not is_right:
        g.refused_nonce = credentials.nonce
        raise AuthenticationFailed
    return found[0]


def _digest_key() -> bytes:
    return node_secrets.derive_key(current_node(), "digest")


def _identify_by_cookie() -> Actor | None:
    """Use a browser's session; other than reading needs the session's csrf word beside the cookie."""
    token = request.cookies.get(session_cookie())
    found = sign_in.find_session(current_node(), token) if token else None
    if found is None:
        return None
    if request.method not in SAFE_METHODS and not _has_csrf(found):
        raise AuthenticationFailed
    return found.actor


def _has_csrf(found: SignIn) -> bool:
    given = request.headers.get("X-CSRF-Token")
    if given is None and request.mimetype == "application/x-www-form-urlencoded":
        given = request.form.get("__csrf")
    return given is not None and hmac.compare_digest(given.encode(), found.csrf.encode())

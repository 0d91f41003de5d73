"""Who looks at a page: the session's cookie, and proof that a form was filled on a page of ours."""

import hmac
from urllib.parse import urlsplit

from flask import g, request
from werkzeug.wrappers import Response

from sync_server.account_errors import LoginRequired
from sync_server.errors import StalePage
from sync_server.protocols.authentication import current_node, session_cookie
from sync_server.services import sign_in
from sync_server.services.sign_in import NewSession
from sync_server.store.accounts import Actor, SignIn


def find_sign_in() -> SignIn | None:
    """Return the session of this request's cookie; looked up once."""
    if "sign_in" not in g:
        token = request.cookies.get(session_cookie())
        g.sign_in = sign_in.find_session(current_node(), token) if token else None
    found: SignIn | None = g.sign_in
    return found


def require_sign_in() -> Actor:
    """Return who is signed in; raise LoginRequired."""
    found = find_sign_in()
    if found is None:
        raise LoginRequired
    return found.actor


def require_own_page(given: str | None = None) -> Actor:
    """Return who filled the form; raise StalePage unless it was on a page of this server, in the session of now.

    `given`: the page's word, where the form is not Flask's to read: large files would go through its hands.
    """
    actor = require_sign_in()
    found = find_sign_in()
    given = request.form.get("__csrf", "") if given is None else given
    if found is None or not _is_own_origin() or not hmac.compare_digest(given.encode(), found.csrf.encode()):
        raise StalePage
    return actor


def require_own_origin() -> None:
    """Raise StalePage for a form that another site's page sends; for signing in, where there is no session yet.

    Every browser names the origin of a POST; what names none is no browser, and cannot be misled by a page.
    """
    if not _is_own_origin():
        raise StalePage


def remember(response: Response, new: NewSession) -> Response:
    """Set the cookie: out of reach of scripts, not sent by other sites' forms, https only where there is https."""
    response.set_cookie(
        session_cookie(),
        new.token,
        expires=new.expires_at,
        httponly=True,
        samesite="Lax",
        secure=request.is_secure,
        path="/",
    )
    return response


def forget(response: Response) -> Response:
    """End the session, at the server and in the browser."""
    token = request.cookies.get(session_cookie())
    if token:
        sign_in.end_session(current_node(), token)
    response.delete_cookie(session_cookie(), httponly=True, samesite="Lax", secure=request.is_secure, path="/")
    return response


def _is_own_origin() -> bool:
    origin = request.headers.get("Origin")
    if origin is None:
        return True
    public = urlsplit(current_node().settings.public_url).netloc
    return urlsplit(origin).netloc in {request.host, public} - {""}

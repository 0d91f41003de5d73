"""The cookies of a session, as ODK Central sets them: the session's own, out of reach of scripts, and its csrf word."""

from datetime import datetime

from flask import request
from werkzeug.wrappers import Response

from sync_server.protocols.authentication import remember_device, session_cookie
from sync_server.services.sign_in import NewSession

CSRF_COOKIE = "__csrf"


def set_session_cookies(response: Response, new: NewSession) -> None:
    """Give a client the session, and note in it who signed in there."""
    _set(response, session_cookie(), new.token, expires=new.expires_at, is_hidden=True)
    _set(response, CSRF_COOKIE, new.csrf, expires=new.expires_at, is_hidden=False)
    remember_device(response, new.actor)


def clear_session_cookies(response: Response) -> None:
    for name, is_hidden in ((session_cookie(), True), (CSRF_COOKIE, False)):
        response.delete_cookie(name, path="/", secure=request.is_secure, httponly=is_hidden, samesite="Strict")


def _set(response: Response, name: str, value: str, *, expires: datetime, is_hidden: bool) -> None:
    response.set_cookie(
        name, value, expires=expires, httponly=is_hidden, samesite="Strict", secure=request.is_secure, path="/"
    )

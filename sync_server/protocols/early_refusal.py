"""Turn whoever floods the sign-in away at the threshold, before the application is entered.

Flask alone costs ten times what it takes to say no. Only what is the same for everybody is said here: to a program
without cookies, at an address where nobody new has a turn and nobody signed in before. All others are answered
further in.
"""

import json
from collections.abc import Callable, Iterable
from typing import Any

from sync_server.errors import TooManyAttempts
from sync_server.protocols.sign_in_gate import SignInGate

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_PATH = "/v1/sessions"
_REFUSAL = TooManyAttempts(minutes=1)
_BODY = json.dumps(
    {"message": _REFUSAL.text, "code": float(_REFUSAL.code), "details": _REFUSAL.details}, ensure_ascii=False
).encode()
_HEADERS = [
    ("Content-Type", "application/json"),
    ("Content-Length", str(len(_BODY))),
    ("Content-Language", "en"),
]


class EarlyRefusal:
    """The application, with its sign-in closed early to floods."""

    def __init__(self, app: Wsgi, gate: SignInGate) -> None:
        self._app, self._gate = app, gate

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if not self._is_flood(environ):
            return self._app(environ, start_response)
        start_response("429 TOO MANY REQUESTS", _HEADERS)
        return [_BODY]

    def _is_flood(self, environ: dict[str, Any]) -> bool:
        is_sign_in = environ["REQUEST_METHOD"] == "POST" and environ["PATH_INFO"] == _PATH
        is_anonymous = "HTTP_COOKIE" not in environ and "HTTP_ACCEPT_LANGUAGE" not in environ
        return is_sign_in and is_anonymous and self._gate.is_closed_to(environ.get("REMOTE_ADDR", ""))

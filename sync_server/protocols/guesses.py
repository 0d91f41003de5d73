"""Read of a request, before the application does, whom it would sign in as by a password.

The addresses where people and programs give one: POST /v1/sessions, the sign-in page, and Basic below /v1/. Whatever
is unusual is read as no guess: the application answers it, by the same rules and more slowly.
"""

import base64
import json
from dataclasses import dataclass
from urllib.parse import parse_qsl

from sync_server.core.early_answers import Asked
from sync_server.protocols.addresses import is_openrosa_path

LONGEST_BODY = 64_000
LONGEST_HEADER = 4_000
MOST_FIELDS = 20

SESSIONS, PAGE = "/v1/sessions", "/sign-in"
_TOKENS = "/v1/key/"  # whose token is who asks, whatever else is sent


@dataclass(frozen=True, slots=True)
class Guess:
    """`at` is the address in whose dialect it is answered."""

    at: str
    email: str
    is_basic: bool = False


def read_guess(asked: Asked) -> Guess | None:
    """Return who is tried, None when nobody is or it cannot be told."""
    path = asked.path.rstrip("/")
    if asked.method == "POST" and path in (SESSIONS, PAGE):
        return _read_body(path, asked) if 0 < asked.length <= LONGEST_BODY else None
    if path.startswith("/v1/") and asked.headers.get("AUTHORIZATION", "")[:6].lower() == "basic ":
        return _read_basic(path, asked)
    return None


def _read_body(path: str, asked: Asked) -> Guess | None:
    body = asked.read(LONGEST_BODY)
    try:
        email = _from_json(body) if path == SESSIONS else _from_form(body, asked.headers.get("CONTENT_TYPE", ""))
    except (ValueError, RecursionError):
        return None
    return Guess(path, email) if email else None


def _from_json(body: bytes) -> str:
    given = json.loads(body)
    if not isinstance(given, dict):
        return ""
    email, password = given.get("email"), given.get("password")
    if not (isinstance(email, str) and isinstance(password, str) and email.strip() and password.strip()):
        return ""
    return email.replace("\0", "\ufffd")


def _from_form(body: bytes, content_type: str) -> str:
    if content_type.partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        return ""
    fields = parse_qsl(
        body.decode(), keep_blank_values=True, encoding="utf-8", errors="replace", max_num_fields=MOST_FIELDS
    )
    return next((value for name, value in fields if name == "email"), "")


def _read_basic(path: str, asked: Asked) -> Guess | None:
    header = asked.headers["AUTHORIZATION"]
    is_by_token = path.startswith((_TOKENS, SESSIONS)) or "st=" in asked.query
    if len(header) > LONGEST_HEADER or is_by_token or is_openrosa_path(path):
        return None
    try:
        email, colon, _ = base64.b64decode(header[6:], validate=True).decode().partition(":")
    except ValueError:
        return None
    return Guess(SESSIONS, email, is_basic=True) if colon else None

"""Know a browser in which somebody signed in before: a cookie that proves it, and opens nothing.

It spares them the queue behind those who guess (sign_in_gate.py). It holds a random name of the browser and, for the
last few accounts that signed in there, a signature of name and account: office computers are shared. `key` is the
node's for this purpose (`derive_key`).
"""

import hmac
import re
import secrets

from flask import request
from werkzeug.wrappers import Response

from sync_server.node import Node
from sync_server.services import node_secrets

A_YEAR = 365 * 24 * 3600
MOST_ACCOUNTS = 5
_WELL_FORMED = re.compile(r"[0-9a-f]{32}(?:\.[0-9a-f]{32}){0,5}", re.ASCII)


def derive_key(node: Node) -> bytes:
    return node_secrets.derive_key(node, "device")


def cookie_name(*, is_secure: bool) -> str:
    return "__Host-device" if is_secure else "device"


def find_device(key: bytes, email: str) -> str | None:
    """Return the name of this browser if the account signed in there before."""
    return read_device(key, request.cookies.get(_cookie(), ""), email)


def read_device(key: bytes, cookie: str, email: str) -> str | None:
    """As `find_device`, of a cookie's value."""
    device, signatures = _read(cookie)
    wanted = _sign(key, device, email)
    return device if any(hmac.compare_digest(wanted, each) for each in signatures) else None


def remember_device(key: bytes, response: Response, email: str) -> None:
    """Note in the browser that the account signed in there."""
    device, signatures = _read(request.cookies.get(_cookie(), ""))
    device = device or secrets.token_hex(16)
    wanted = _sign(key, device, email)
    kept = [wanted, *(each for each in signatures if each != wanted)][:MOST_ACCOUNTS]
    response.set_cookie(
        _cookie(), ".".join([device, *kept]), max_age=A_YEAR, httponly=True, samesite="Lax",
        secure=request.is_secure, path="/",
    )  # fmt: skip


def _read(value: str) -> tuple[str, list[str]]:
    if not _WELL_FORMED.fullmatch(value):
        return "", []
    device, *signatures = value.split(".")
    return device, signatures


def _sign(key: bytes, device: str, email: str) -> str:
    return hmac.digest(key, f"{device}\n{email.strip().lower()}".encode("utf-8", "replace"), "sha256").hex()[:32]


def _cookie() -> str:
    return cookie_name(is_secure=request.is_secure)

"""Read why another node did not answer as asked: the Problem it raised, raised here again.

What stands between the nodes answers too: proxies, web servers, the sign-in pages of hotels. Those are PeerAway: the
next round may get through.
"""

import json
from typing import Any

from sync_server.errors import DiskFull, Problem, ServerBusy
from sync_server.peer_errors import (
    BatchUnreadable,
    CursorElsewhere,
    PeerAway,
    PeerRefused,
    PeerRevoked,
    PeerStopped,
    PeerUnknown,
    ProtocolUnknown,
    RequestTooLarge,
    SessionOver,
    StillMarking,
    StillWorkingIn,
)
from sync_server.replication.line import Answer

# What another node may say of a request. All else is about its own doings, and is told in its own words.
_KNOWN: dict[str, type[Problem]] = {
    each.code: each
    for each in (
        BatchUnreadable, CursorElsewhere, PeerAway, PeerRevoked, PeerStopped, PeerUnknown, ProtocolUnknown,
        RequestTooLarge, SessionOver, StillWorkingIn,
    )
}  # fmt: skip
# Anybody may say these: the node cannot sign them, or they only end this round.
_UNSIGNED = (PeerUnknown, SessionOver, PeerAway)
_LONGEST = 500
_BY_STATUS = {
    404: "no sync server answers at its address",
    407: "the proxy wants a password",
    502: "the web server before it cannot reach it",
    504: "the web server before it cannot reach it",
}


def read_problem(answer: Answer, *, is_signed: bool) -> Problem:
    """Make of an answer that is none of 200 the Problem to raise; what ends a pairing only counts when it is signed."""
    said = _read_json(answer.body)
    if said is None:
        return PeerAway(reason=_tell_status(answer.status))
    code, details = str(said.get("code")), said.get("details")
    if code == DiskFull.code:
        return PeerAway(reason="its disk is full")
    if code == StillMarking.code:
        return PeerAway(reason="it was upgraded or restored, and is still looking through what it holds")
    if code == ServerBusy.code:
        return PeerAway(reason="it is busy")
    problem = _make(code, details if isinstance(details, dict) else {})
    if problem is None:
        return _unknown(answer.status, str(said.get("message"))[:_LONGEST])
    if is_signed or isinstance(problem, _UNSIGNED):
        return problem
    return PeerAway(reason="what it answered was not signed by it")


def _read_json(body: bytes) -> dict[str, Any] | None:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) and "code" in said else None


def _make(code: str, details: dict[str, Any]) -> Problem | None:
    kind = _KNOWN.get(code)
    plain = {name: _shorten(value) for name, value in details.items() if isinstance(value, str | int | float)}
    try:
        return kind(**plain) if kind else None
    except (KeyError, TypeError):  # a program of another age says other details
        return None


def _shorten(value: str | float) -> str | float:
    return value[:_LONGEST] if isinstance(value, str) else value


def _unknown(status: int, message: str) -> Problem:
    if status >= 500:
        return PeerAway(reason=f"it answered with an error ({status})")
    return PeerRefused(reason=message)


def _tell_status(status: int) -> str:
    if status < 400:  # 200 without a signature is met here too
        return "something else answers at its address, such as a sign-in page of the network"
    return _BY_STATUS.get(status, f"it answered with an error ({status})")

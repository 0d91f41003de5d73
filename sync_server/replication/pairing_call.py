"""Ask another node to pair, over HTTP: one request, before there is any session."""

import json
from typing import Any

import requests

from sync_server.peer_errors import PairingRefused, PeerAway, ProtocolUnknown

ADDRESS = "/replication/pair"
CONNECT_SECONDS, READ_SECONDS = 15, 60
LONGEST_ANSWER = 1_000_000  # bytes: whoever answers is a stranger until the proof was checked
_TOO_OFTEN = "it was asked too often, and answers again in five minutes"


def post_pairing(url: str, body: dict[str, Any]) -> Any:
    """Send the request, return the answer's JSON; raise PairingRefused with the other's reason, or PeerAway."""
    try:
        status, content = _post(url + ADDRESS, body)
    except requests.RequestException as error:
        raise PeerAway(reason=_tell(error)) from error
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise PeerAway(reason="what answers at this address is not a node") from error
    if status == 200:
        return answer
    raise _read_refusal(status, answer if isinstance(answer, dict) else {})


def _post(address: str, body: dict[str, Any]) -> tuple[int, bytes]:
    # No redirects: the code's proof is for the address that the person typed.
    with requests.post(
        address, json=body, timeout=(CONNECT_SECONDS, READ_SECONDS), allow_redirects=False, stream=True
    ) as response:
        content = b""
        for piece in response.iter_content(65_536):
            content += piece
            if len(content) > LONGEST_ANSWER:
                break
        return response.status_code, content


def _read_refusal(status: int, answer: dict[str, Any]) -> PairingRefused | PeerAway | ProtocolUnknown:
    details = answer.get("details")
    said = details if isinstance(details, dict) else {}
    if status == 403 and isinstance(said.get("reason"), str):
        return PairingRefused(reason=said["reason"][:300])
    if status == 400 and {"theirs", "ours"} <= said.keys():  # told from there: theirs is this node's
        return ProtocolUnknown(theirs=str(said["ours"])[:40], ours=str(said["theirs"])[:40])
    return PeerAway(reason=_TOO_OFTEN if status == 429 else f"it answered {status} at {ADDRESS}")


def _tell(error: requests.RequestException) -> str:
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate could not be checked"
    if isinstance(error, requests.Timeout):
        return "it did not answer in time"
    return "no connection to its address"

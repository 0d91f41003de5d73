"""Check HTTP Digest credentials as Collect's OkHttp sends them (RFC 7616 and 2617: MD5, qop="auth").

Nonces are signed and carry their time, so no process need remember any: an old one is answered with stale=true, which
a tablet repeats silently. Without memory the count `nc` cannot stop a replay within a nonce's life; it would only store
the same bytes again, which is a resend. The stored HA1 is as good as the password: whoever reads it can sign in.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from enum import Enum
from urllib.parse import unquote_to_bytes

# Part of every stored HA1: changing it locks all digest accounts out.
REALM = "Field data"
# Long enough for one slow upload to begin and end; a stale nonce costs one more request.
NONCE_LIFETIME_SECONDS = 600

_PARAMETER = re.compile(r'([A-Za-z0-9*_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')
_NONCE = re.compile(r"\A([0-9a-f]{12})([0-9a-f]{16})([0-9a-f]{64})\Z")
_COUNT = re.compile(r"\A[0-9a-fA-F]{8}\Z")
_DOUBLE_SLASHES = re.compile(rb"/{2,}")


class NonceState(Enum):
    FRESH = "fresh"
    STALE = "stale"
    FORGED = "forged"


@dataclass(frozen=True, slots=True)
class DigestCredentials:
    """What an Authorization header of the Digest scheme claims."""

    username: str
    realm: str
    nonce: str
    uri: str
    response: str
    qop: str
    count: str
    client_nonce: str
    algorithm: str


def make_ha1(username: str, password: str, *, realm: str = REALM) -> str:
    """Hash a user name and password into what the server must keep to check Digest."""
    return _md5(f"{username}:{realm}:{password}")


def make_nonce(key: bytes, *, now: float, salt: bytes) -> str:
    """Make a nonce that this key will know again; `salt` is 8 random bytes."""
    body = f"{int(now):012x}{salt[:8].hex():0>16}"
    return body + _sign(key, body)


def check_nonce(key: bytes, nonce: str, *, now: float) -> NonceState:
    match = _NONCE.match(nonce)
    if match is None or not hmac.compare_digest(_sign(key, nonce[:28]), match.group(3)):
        return NonceState.FORGED
    # A nonce from the future was made before the clock was set back: ask for a new one.
    age = now - int(match.group(1), 16)
    return NonceState.FRESH if -60 <= age <= NONCE_LIFETIME_SECONDS else NonceState.STALE


def make_challenge(nonce: str, *, is_stale: bool = False) -> str:
    """Write the one WWW-Authenticate challenge; a second scheme beside it is known to confuse clients."""
    stale = ", stale=true" if is_stale else ""
    return f'Digest realm="{REALM}", qop="auth", algorithm=MD5, nonce="{nonce}", opaque="{_md5(REALM)}"{stale}'


def read_credentials(header: str) -> DigestCredentials | None:
    """Read an Authorization header; None when it is not a whole Digest one.

    WSGI hands headers over as Latin-1; a user name outside ASCII is UTF-8 underneath.
    """
    scheme, _, rest = header.partition(" ")
    if scheme.lower() != "digest":
        return None
    given = {name.lower(): quoted or bare for name, quoted, bare in _PARAMETER.findall(rest)}
    if not {"username", "nonce", "uri", "response"} <= given.keys():
        return None
    return DigestCredentials(
        username=_as_utf8(re.sub(r"\\(.)", r"\1", given["username"])),
        realm=given.get("realm", ""),
        nonce=given["nonce"],
        uri=given["uri"],
        response=given["response"].lower(),
        qop=given.get("qop", ""),
        count=given.get("nc", ""),
        client_nonce=given.get("cnonce", ""),
        algorithm=given.get("algorithm", "MD5"),
    )


def is_right(credentials: DigestCredentials, ha1: str, *, method: str, path: str, query: str) -> bool:
    """Say whether the response proves the password for this very request.

    `path` is the decoded path, `query` the raw query string: Collect signs both (the deviceID is in the query).
    """
    if credentials.realm != REALM or credentials.algorithm.upper() != "MD5" or credentials.qop.lower() != "auth":
        return False
    if not _COUNT.match(credentials.count) or not credentials.client_nonce:
        return False
    if not _is_same_uri(credentials.uri, path=path, query=query):
        return False
    ha2 = _md5(f"{method}:{credentials.uri}")
    signed = f"{ha1}:{credentials.nonce}:{credentials.count}:{credentials.client_nonce}:{credentials.qop}:{ha2}"
    return hmac.compare_digest(_md5(signed).encode(), credentials.response.encode())


def _is_same_uri(uri: str, *, path: str, query: str) -> bool:
    # Front ends differ in what they leave encoded, and //x was folded before routing: compare what both mean.
    given_path, _, given_query = uri.partition("?")
    given_path = re.sub(r"\A[a-z]+://[^/]*", "", given_path)
    return _meaning(given_path) == _meaning_decoded(path) and given_query == query


def _meaning(encoded: str) -> bytes:
    return _DOUBLE_SLASHES.sub(b"/", unquote_to_bytes(encoded.encode("latin-1", "replace")))


def _meaning_decoded(path: str) -> bytes:
    return _DOUBLE_SLASHES.sub(b"/", path.encode("utf-8", "surrogateescape"))


def _as_utf8(header: str) -> str:
    try:
        return header.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return header


def _sign(key: bytes, body: str) -> str:
    return hmac.new(key, f"digest-nonce:{body}".encode(), hashlib.sha256).hexdigest()


def _md5(text: str) -> str:
    return hashlib.md5(text.encode("utf-8"), usedforsecurity=False).hexdigest()

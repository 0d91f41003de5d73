"""Codes that change every half minute (TOTP, RFC 6238), as every authenticator app makes them.

Own code on purpose: the standard is these few lines over hmac. SHA-1, six digits and thirty seconds, because some
widespread apps ignore any other choice. A code is used once: whoever looked over a shoulder comes too late.
"""

import base64
import hmac
from urllib.parse import quote

STEP_SECONDS = 30
DIGITS = 6
SECRET_BYTES = 20
# A phone's clock may be off by half a minute either way.
_TOLERANCE = 1


def make_code(secret: bytes, step: int) -> str:
    """Make the code of one time step (RFC 4226, section 5.3)."""
    mac = hmac.digest(secret, step.to_bytes(8, "big"), "sha1")
    offset = mac[-1] & 0x0F
    number = int.from_bytes(mac[offset : offset + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def find_step(secret: bytes, code: str, *, now: float, after: int) -> int | None:
    """Find the time step whose code this is, later than `after`, the last one used; None when there is none."""
    current, found = int(now) // STEP_SECONDS, None
    for step in range(current - _TOLERANCE, current + _TOLERANCE + 1):
        is_it = hmac.compare_digest(make_code(secret, step).encode(), code.encode("utf-8", "replace"))
        if is_it and step > after:
            found = step
    return found


def write_key(secret: bytes) -> str:
    """Write the secret as apps read it from a keyboard: base32, in groups of four."""
    text = base64.b32encode(secret).decode("ascii").rstrip("=")
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


def write_uri(secret: bytes, *, account: str, issuer: str) -> str:
    """Write what an app reads from a QR code: otpauth://totp/ISSUER:ACCOUNT?secret=…"""
    key, by = write_key(secret).replace(" ", ""), quote(issuer, safe="")
    return f"otpauth://totp/{by}:{quote(account, safe='@')}?secret={key}&issuer={by}"

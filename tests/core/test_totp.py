"""Codes are those of RFC 6238, within half a minute, and each is taken once."""

import pytest

from sync_server.core import totp

SECRET = b"12345678901234567890"  # RFC 6238, appendix B


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_codes_are_those_of_the_standard(seconds: int, code: str) -> None:
    assert totp.make_code(SECRET, seconds // 30) == code
    assert totp.find_step(SECRET, code, now=seconds, after=0) == seconds // 30


def test_a_clock_half_a_minute_off_is_forgiven_and_more_is_not() -> None:
    code = totp.make_code(SECRET, 100)
    taken = [totp.find_step(SECRET, code, now=step * 30, after=0) for step in (98, 99, 100, 101, 102)]
    assert taken == [None, 100, 100, 100, None]


def test_a_code_that_was_used_is_none() -> None:
    code = totp.make_code(SECRET, 100)
    assert totp.find_step(SECRET, code, now=3000, after=99) == 100
    assert totp.find_step(SECRET, code, now=3000, after=100) is None


@pytest.mark.parametrize("code", ["", "0", "ä" * 6, "1234567", "\0"])
def test_what_is_no_code_is_none(code: str) -> None:
    assert totp.find_step(SECRET, code, now=3000, after=0) is None


def test_an_app_reads_the_key_from_the_address() -> None:
    uri = totp.write_uri(SECRET, account="sara@example.org", issuer="Mosul office")
    assert uri == (
        "otpauth://totp/Mosul%20office:sara@example.org?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Mosul%20office"
    )
    assert totp.write_key(SECRET).startswith("GEZD GNBV ")

"""Digest credentials are right only for this password, this request and this hour."""

import hashlib

import pytest

from sync_server.core.http_digest import (
    NONCE_LIFETIME_SECONDS,
    REALM,
    DigestCredentials,
    NonceState,
    check_nonce,
    is_right,
    make_challenge,
    make_ha1,
    make_nonce,
    read_credentials,
)

KEY = b"k" * 32
NOW = 1_800_000_000.0
NONCE = make_nonce(KEY, now=NOW, salt=b"saltsalt")
HA1 = make_ha1("bob@example.org", "secret")


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def header(
    uri: str = "/formList?deviceID=collect%3Aabc", *, method: str = "GET", password: str = "secret", **changes: str
) -> str:
    """Write the header as okhttp-digest does."""
    ha1 = md5(f"bob@example.org:{REALM}:{password}")
    response = md5(f"{ha1}:{NONCE}:00000001:cafe:auth:{md5(f'{method}:{uri}')}")
    given = {"username": "bob@example.org", "realm": REALM, "nonce": NONCE, "uri": uri, "response": response}
    quoted = ", ".join(f'{name}="{value}"' for name, value in {**given, **changes}.items())
    return f'Digest {quoted}, qop=auth, nc=00000001, cnonce="cafe", algorithm=MD5, opaque="x"'


def credentials(*arguments: str, **changes: str) -> DigestCredentials:
    read = read_credentials(header(*arguments, **changes))
    assert read is not None
    return read


def is_let_in(given: DigestCredentials, *, path: str = "/formList", query: str = "deviceID=collect%3Aabc") -> bool:
    return is_right(given, HA1, method="GET", path=path, query=query)


def test_the_right_password_is_let_in() -> None:
    assert is_let_in(credentials())


def test_the_example_of_rfc_2617_would_be_let_in_under_its_own_realm() -> None:
    ha1 = make_ha1("Mufasa", "Circle Of Life", realm="testrealm@host.com")
    assert ha1 == "939e7578ed9e3c518a452acee763bce9"


@pytest.mark.parametrize(
    "changes", [{"password": "wrong"}, {"method": "POST"}, {"realm": "Other"}, {"response": "0" * 32}]
)
def test_anything_else_is_not(changes: dict[str, str]) -> None:
    assert not is_let_in(credentials(**changes))


def test_credentials_for_another_query_or_path_are_refused() -> None:
    assert not is_let_in(credentials(), query="deviceID=collect%3Axyz")
    assert not is_let_in(credentials(), path="/submission")
    assert not is_let_in(credentials("/formList"))


def test_a_path_is_compared_by_what_it_means() -> None:
    given = credentials("//alice//forms/%D8%AD/form.xml")
    assert is_let_in(given, path="/alice/forms/ح/form.xml", query="")


def test_a_request_without_qop_is_refused_because_it_was_asked_for() -> None:
    read = read_credentials(header().replace("qop=auth, ", ""))
    assert read is not None
    assert not is_let_in(read)


def test_a_nonce_is_fresh_then_stale() -> None:
    assert check_nonce(KEY, NONCE, now=NOW + 5) is NonceState.FRESH
    assert check_nonce(KEY, NONCE, now=NOW + NONCE_LIFETIME_SECONDS + 1) is NonceState.STALE
    assert check_nonce(KEY, NONCE, now=NOW - 3600) is NonceState.STALE


@pytest.mark.parametrize("nonce", ["", "x", NONCE[:-1] + "g", "f" * len(NONCE), NONCE.upper()])
def test_a_nonce_from_elsewhere_is_forged(nonce: str) -> None:
    assert check_nonce(KEY, nonce, now=NOW) is NonceState.FORGED
    assert check_nonce(b"other key", NONCE, now=NOW) is NonceState.FORGED


def test_two_nonces_of_one_second_differ() -> None:
    assert make_nonce(KEY, now=NOW, salt=b"12345678") != make_nonce(KEY, now=NOW, salt=b"87654321")


def test_a_challenge_offers_digest_alone() -> None:
    challenge = make_challenge(NONCE)
    assert challenge.startswith("Digest ")
    assert 'qop="auth"' in challenge
    assert "stale" not in challenge
    assert "stale=true" in make_challenge(NONCE, is_stale=True)


@pytest.mark.parametrize("text", ["", "Basic abc", "Digest", 'Digest username="a"', "Digest ,,,=,"])
def test_an_unfinished_header_is_no_credentials(text: str) -> None:
    assert read_credentials(text) is None


def test_a_user_name_in_arabic_is_read_as_utf_8() -> None:
    wsgi = header(username="سارة").encode("utf-8").decode("latin-1")
    read = read_credentials(wsgi)
    assert read is not None
    assert read.username == "سارة"


def test_a_response_that_is_no_ascii_is_wrong() -> None:
    assert not is_let_in(credentials(response="\u00e9" * 32))

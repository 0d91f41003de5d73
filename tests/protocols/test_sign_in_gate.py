"""Guessing is slow for whoever guesses, and for nobody else."""

from contextlib import suppress

import pytest
from flask.testing import FlaskClient

from sync_server.account_errors import AuthenticationFailed, CodeNeeded, TooManyAttempts, WrongCode
from sync_server.protocols.sign_in_gate import ALL_BURST, NETWORK_BURST, SignInGate, network_of
from sync_server.protocols.throttle import ATTEMPTS, REMEMBERED
from sync_server.store.accounts import Actor
from tests.protocols.conftest import PASSWORD

HERE, THERE = "192.168.1.7", "192.168.1.8"


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def guess(gate: SignInGate, address: str, email: str, *, device: str | None = None) -> bool:
    """Try a wrong password; tell whether it was tried at all."""
    try:
        with gate.passing(address, email, device=device):
            raise AuthenticationFailed
    except AuthenticationFailed:
        return True
    except TooManyAttempts:
        return False


def enter(gate: SignInGate, address: str, email: str, *, device: str | None = None) -> None:
    with gate.passing(address, email, device=device):
        pass


def test_guessing_many_accounts_from_one_address_ends_in_a_trickle() -> None:
    clock = Clock()
    gate = SignInGate(clock)
    tried = 0
    for second in range(60):
        clock.now = 1000.0 + second
        tried += sum(guess(gate, HERE, f"{second}-{number}@example.org") for number in range(200))
    assert tried <= NETWORK_BURST + 60 * 0.5 + 1


def test_guessing_from_a_thousand_addresses_ends_in_a_trickle_too() -> None:
    gate = SignInGate(Clock())
    assert sum(guess(gate, f"10.0.{n // 256}.{n % 256}", f"{n}@example.org") for n in range(1000)) == ALL_BURST


def test_others_sign_in_while_one_address_guesses() -> None:
    gate = SignInGate(Clock())
    for number in range(1000):
        guess(gate, HERE, f"{number}@example.org")
    enter(gate, THERE, "alice@example.org")


def test_a_browser_that_is_known_signs_in_beside_who_guesses_from_the_same_address() -> None:
    gate = SignInGate(Clock())
    for _ in range(ATTEMPTS):
        guess(gate, HERE, "alice@example.org")
    for number in range(1000):
        guess(gate, HERE, f"{number}@example.org")
    with pytest.raises(TooManyAttempts):
        enter(gate, HERE, "alice@example.org")
    enter(gate, HERE, "alice@example.org", device="d1")


def test_a_program_that_signed_in_before_needs_no_turn() -> None:
    gate = SignInGate(Clock())
    enter(gate, HERE, "script@example.org")
    for number in range(1000):
        guess(gate, HERE, f"{number}@example.org")
    enter(gate, HERE, "script@example.org")


def test_a_known_browser_guesses_five_times_like_everybody() -> None:
    gate = SignInGate(Clock())
    assert [guess(gate, HERE, "alice@example.org", device="d1") for _ in range(6)] == [True] * 5 + [False]


def test_codes_are_not_guessed_from_many_addresses_and_the_owners_browser_gets_in() -> None:
    gate = SignInGate(Clock())
    for number in range(ATTEMPTS):
        with suppress(WrongCode), gate.passing(f"10.0.0.{number}", "alice@example.org", device=None):
            raise WrongCode
    with pytest.raises(TooManyAttempts):
        enter(gate, THERE, "alice@example.org")
    enter(gate, THERE, "bob@example.org")
    enter(gate, THERE, "alice@example.org", device="d1")


def test_right_passwords_and_missing_codes_cost_no_turn() -> None:
    gate = SignInGate(Clock())
    for number in range(ALL_BURST * 3):
        enter(gate, HERE, f"{number}@example.org")
        with suppress(CodeNeeded), gate.passing(HERE, f"code-{number}@example.org", device=None):
            raise CodeNeeded
    assert guess(gate, HERE, "x@example.org")


def test_memory_stays_flat_whatever_is_sent() -> None:
    clock = Clock()
    gate = SignInGate(clock)
    for number in range(REMEMBERED + 50):
        clock.now += 1
        guess(gate, f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", "x" * 1000)
        enter(gate, THERE, f"{number}@example.org")
    assert len(gate._of_networks._left) <= REMEMBERED
    assert len(gate._known) <= REMEMBERED
    assert max(len(email) for _, email in gate._throttle._failures) <= 320


def test_one_guesser_has_a_whole_network_of_ipv6() -> None:
    assert network_of("2001:db8::1") == network_of("2001:db8::ffff:2") != network_of("2001:db8:0:1::1")
    assert network_of("::ffff:192.168.1.7") == HERE
    assert network_of("fe80::1%eth0") == network_of("fe80::2")
    assert network_of("") == ""


@pytest.mark.usefixtures("alice")
def test_alice_signs_in_with_her_browser_while_others_guess_her_password(client: FlaskClient) -> None:
    alice = {"email": "alice@example.org", "password": PASSWORD}
    assert client.post("/v1/sessions", json=alice).status_code == 200
    stranger = client.application.test_client()
    answers = [stranger.post("/v1/sessions", json={**alice, "password": "guess"}).status_code for _ in range(9)]
    assert answers == [401] * 5 + [429] * 4
    assert stranger.post("/v1/sessions", json=alice).status_code == 429
    assert client.post("/v1/sessions", json=alice).status_code == 200


def test_a_browser_is_known_for_the_accounts_that_signed_in_there_only(
    client: FlaskClient, alice: Actor, bob: Actor
) -> None:
    bobs = {"email": "bob@example.org", "password": PASSWORD}
    assert client.post("/v1/sessions", json=bobs).status_code == 200
    cookie = client.get_cookie("device")
    assert cookie
    for _ in range(5):
        client.post("/v1/sessions", json={"email": "alice@example.org", "password": "guess"})
    answer = client.post("/v1/sessions", json={"email": "alice@example.org", "password": PASSWORD})
    assert answer.status_code == 429
    client.set_cookie("device", f"{cookie.value[:32]}.{'0' * 32}")
    assert client.post("/v1/sessions", json={"email": "alice@example.org", "password": PASSWORD}).status_code == 429


@pytest.mark.usefixtures("bob")
def test_a_flood_is_turned_away_and_a_program_that_is_known_is_not(client: FlaskClient) -> None:
    def guess_at(address: str, number: int) -> int:
        body = {"email": f"{number}@example.org", "password": "guess"}
        stranger = client.application.test_client()
        return stranger.post("/v1/sessions", json=body, environ_overrides={"REMOTE_ADDR": address}).status_code

    answers = [guess_at(HERE, number) for number in range(NETWORK_BURST + 5)]
    assert set(answers[:NETWORK_BURST]) == {401}
    assert answers[-1] == 429
    assert client.post("/v1/sessions", json={"email": "bob@example.org", "password": PASSWORD}).status_code == 200
    known = {"email": "bob@example.org", "password": PASSWORD}
    program = client.application.test_client()
    for number in range(NETWORK_BURST + 5):
        guess_at("127.0.0.1", number)
    assert program.post("/v1/sessions", json=known).status_code == 200

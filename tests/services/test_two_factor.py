"""A second factor: set up with a first code, each code once, recovery codes once, and no way around it."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select

from sync_server.account_errors import AuthenticationFailed, CodeNeeded, SessionNeeded, TwoFactorMissing, WrongCode
from sync_server.core.roles import ADMIN, MNE, VIEWER
from sync_server.core.scope import Grant
from sync_server.errors import NotFound
from sync_server.node import Node
from sync_server.services import sign_in, two_factor, users
from sync_server.store.tables import user_secrets
from tests.support.codes import app_code, enrol
from tests.support.people import PASSWORD, add_person

SARA = "sara@example.org"


def test_signing_in_takes_the_password_and_a_code(node: Node) -> None:
    sara = add_person(node, "sara")
    enrolment, _ = enrol(node, sara)
    with pytest.raises(CodeNeeded):
        sign_in.create_session(node, SARA, PASSWORD)
    with pytest.raises(WrongCode):
        sign_in.create_session(node, SARA, PASSWORD, code="000000")
    with pytest.raises(AuthenticationFailed) as refused:
        sign_in.create_session(node, SARA, "wrong", code=app_code(enrolment.key, steps_later=1))
    assert type(refused.value) is AuthenticationFailed  # nothing about the code to who lacks the password
    assert sign_in.create_session(node, SARA, PASSWORD, code=app_code(enrolment.key, steps_later=1)).token


def test_a_code_is_taken_once_and_an_earlier_one_not_after_it(node: Node) -> None:
    sara = add_person(node, "sara")
    enrolment, _ = enrol(node, sara)
    later = app_code(enrolment.key, steps_later=1)
    for replayed in (app_code(enrolment.key), later, later, app_code(enrolment.key)):
        try:
            two_factor.require_code(node, sara, replayed)
            assert replayed == later
            later = "used"
        except WrongCode:
            assert replayed != later
    assert later == "used"


def test_of_two_requests_at_once_with_one_code_one_gets_in(node: Node) -> None:
    sara = add_person(node, "sara")
    enrolment, recovery = enrol(node, sara)
    for code in (app_code(enrolment.key, steps_later=1), recovery[0]):
        answers: list[str] = []

        def attempt(code: str = code, answers: list[str] = answers) -> None:
            try:
                two_factor.require_code(node, sara, code)
                answers.append("in")
            except WrongCode:
                answers.append("out")

        threads = [threading.Thread(target=attempt) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(answers) == ["in"] + ["out"] * 5


def test_codes_are_read_as_people_type_them(node: Node) -> None:
    sara = add_person(node, "sara")
    enrolment, recovery = enrol(node, sara)
    code = app_code(enrolment.key, steps_later=1)
    arabic = "".join("٠١٢٣٤٥٦٧٨٩"[int(digit)] for digit in code)
    two_factor.require_code(node, sara, f" {arabic[:3]} {arabic[3:]}")
    two_factor.require_code(node, sara, recovery[0].upper().replace("-", " "))
    with pytest.raises(WrongCode):
        two_factor.require_code(node, sara, recovery[0])


def test_new_recovery_codes_end_the_old_and_take_the_password(node: Node) -> None:
    sara = add_person(node, "sara")
    _, old = enrol(node, sara)
    with pytest.raises(AuthenticationFailed):
        two_factor.renew_recovery_codes(node, sara, "wrong")
    new = two_factor.renew_recovery_codes(node, sara, PASSWORD)
    with pytest.raises(WrongCode):
        two_factor.require_code(node, sara, old[0])
    two_factor.require_code(node, sara, new[0])
    found = two_factor.find_two_factor(node, sara)
    assert found
    assert found.recovery_codes_left == len(new) - 1


def test_nothing_is_asked_for_before_a_first_code_confirmed_it(node: Node) -> None:
    sara = add_person(node, "sara")
    begun = two_factor.begin(node, sara)
    assert two_factor.get_begun(node, sara) == begun
    with pytest.raises(WrongCode):
        two_factor.confirm(node, sara, "000000")
    assert sign_in.create_session(node, SARA, PASSWORD).token
    again = two_factor.begin(node, sara)
    assert again.key != begun.key
    two_factor.confirm(node, sara, app_code(again.key))
    with pytest.raises(NotFound):
        two_factor.begin(node, sara)  # a session left open cannot put another key in place of the one in force


def test_turning_it_on_signs_every_other_browser_out(node: Node) -> None:
    sara = add_person(node, "sara")
    other = sign_in.create_session(node, SARA, PASSWORD).token
    enrol(node, sara)
    assert sign_in.find_session(node, other) is None


def test_basic_and_digest_are_refused_for_such_an_account(node: Node) -> None:
    sara = users.add_user(node, None, SARA, PASSWORD, uses_digest=True)
    assert sign_in.check_password_alone(node, SARA, PASSWORD).id == sara.id
    assert sign_in.find_digest(node, SARA)
    enrol(node, sara)
    with pytest.raises(SessionNeeded):
        sign_in.check_password_alone(node, SARA, PASSWORD)
    with pytest.raises(AuthenticationFailed):
        sign_in.check_password_alone(node, SARA, "wrong")
    assert sign_in.find_digest(node, SARA) is None


def test_secrets_are_not_in_the_database(node: Node) -> None:
    sara = add_person(node, "sara")
    enrolment, recovery = enrol(node, sara)
    with node.database.read() as session:
        row = session.execute(select(user_secrets)).one()
    kept = row.totp_sealed + repr(row.recovery_hashes).encode()
    assert all(code.encode() not in kept and code.replace("-", "").encode() not in kept for code in recovery)
    assert enrolment.key.replace(" ", "").encode() not in kept


def test_an_administrator_or_the_operator_turns_it_off_for_a_lost_phone(node: Node) -> None:
    sara, alice = add_person(node, "sara"), add_person(node, "alice", Grant(ADMIN))
    enrol(node, sara)
    two_factor.turn_off(node, alice, sara)
    assert not two_factor.is_on(node, sara)
    with pytest.raises(NotFound):
        two_factor.turn_off(node, None, sara)


def test_it_is_advised_to_administrators_and_mne_and_required_as_the_setting_says(node: Node) -> None:
    alice, mona, victor = (
        add_person(node, name, grant)
        for name, grant in (("alice", Grant(ADMIN)), ("mona", Grant(MNE, 1)), ("victor", Grant(VIEWER, 1)))
    )
    assert [two_factor.is_advised(node, each) for each in (alice, mona, victor)] == [True, True, False]
    assert not any(two_factor.is_required(node, each) for each in (alice, mona, victor))
    object.__setattr__(node.settings, "require_two_factor", "admin,viewer")
    assert [two_factor.is_required(node, each) for each in (alice, mona, victor)] == [True, False, True]
    with pytest.raises(TwoFactorMissing):
        sign_in.create_session(node, "alice@example.org", PASSWORD)
    with pytest.raises(SessionNeeded):
        sign_in.check_password_alone(node, "alice@example.org", PASSWORD)


def test_a_ticket_is_good_for_ten_minutes_and_for_the_password_of_then(node: Node) -> None:
    sara = add_person(node, "sara")
    ticket = sign_in.make_ticket(node, sara)
    assert sign_in.read_ticket(node, ticket).id == sara.id
    assert sign_in.find_session(node, ticket) is None
    number, ends, signature = ticket.split(".")
    for forged in ("", "x", f"{int(number) + 1}.{ends}.{signature}", f"{number}.{int(ends) + 9}.{signature}", "1.2.ä"):
        with pytest.raises(AuthenticationFailed):
            sign_in.read_ticket(node, forged)
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=11)), pytest.raises(AuthenticationFailed):
        sign_in.read_ticket(node, ticket)
    users.change_password(node, None, SARA, "another good one for sara")
    with pytest.raises(AuthenticationFailed):
        sign_in.read_ticket(node, ticket)

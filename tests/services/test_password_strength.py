"""Passwords that are quickly guessed are refused wherever one is set; good ones in any script are not."""

import time

import pytest

from sync_server.account_errors import PasswordTooEasy, PasswordTooLong, PasswordTooShort
from sync_server.node import Node
from sync_server.operator_errors import ImpossibleSetting
from sync_server.services import change_account, node_secrets, reset_password, users
from sync_server.services.password_strength import LONGEST, require_strength
from sync_server.settings import Settings
from tests.support.people import PASSWORD, add_person

EASY = "password123456"


@pytest.mark.parametrize("password", [EASY, "qwertyuiop", "aaaaaaaaaaaa", "1234567890", "abcabcabcabc", "letmein2024"])
def test_easy_passwords_are_refused_with_what_to_do(password: str) -> None:
    with pytest.raises(PasswordTooEasy) as refused:
        require_strength(password)
    assert "four words" in refused.value.text


@pytest.mark.parametrize("password", [PASSWORD, "قطار أزرق تفاح سحابة", "شەمەندەفەر هەور سێو"])
def test_good_passwords_are_taken_in_any_script(password: str) -> None:
    require_strength(password)


def test_the_passwords_made_here_are_good() -> None:
    require_strength(node_secrets.make_password())


def test_the_persons_own_name_and_address_do_not_count() -> None:
    password = "schwarzenbach1"
    require_strength(password)
    with pytest.raises(PasswordTooEasy):
        require_strength(password, "Sara Schwarzenbach", "sara@example.org")
    with pytest.raises(PasswordTooEasy):
        require_strength(password, "", "schwarzenbach@example.org")


def test_a_long_password_costs_no_more_and_one_without_end_is_refused() -> None:
    began = time.monotonic()
    require_strength("correct horse battery staple " * 30, "x" * 1_000_000)
    assert time.monotonic() - began < 2
    with pytest.raises(PasswordTooLong):
        require_strength("x" * (LONGEST + 1))
    with pytest.raises(PasswordTooShort):
        require_strength("a1!B9 xyz")


def test_every_door_refuses_an_easy_password(node: Node) -> None:
    sara = add_person(node, "sara")
    code = reset_password.make_reset_code(node, None, sara.id)
    for attempt in (
        lambda: users.add_user(node, None, "bob@example.org", EASY),
        lambda: users.change_password(node, None, "sara@example.org", EASY),
        lambda: change_account.change_password(node, sara, sara.id, old=PASSWORD, new=EASY),
        lambda: reset_password.use_reset_code(node, code, EASY),
    ):
        with pytest.raises(PasswordTooEasy):
            attempt()
    reset_password.use_reset_code(node, code, "another good one for sara")  # the refusal did not use the code up


def test_a_first_password_in_the_settings_is_refused_at_start_and_not_shown(tmp_path: object) -> None:
    settings = Settings(data=tmp_path / "hub", admin_password=EASY, admin_email="alice@example.org")  # type: ignore[operator]
    with Node.open(settings) as opened:
        with pytest.raises(ImpossibleSetting) as refused:
            users.ensure_administrator(opened)
        assert users.list_users(opened, None) == []
    assert "admin_password" in refused.value.text
    assert EASY not in refused.value.text

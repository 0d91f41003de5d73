"""Accounts are read, changed and ended by who may, in the feed and in the audit log, on both databases."""

import pytest

from sync_server.account_errors import AccountExists, AuthenticationFailed, LastAdministrator
from sync_server.core.roles import ADMIN, VIEWER
from sync_server.core.scope import Grant
from sync_server.errors import InsufficientRights, NotFound, UnexpectedValue
from sync_server.node import Node
from sync_server.services import access, change_account, devices, sign_in, user_preferences, users
from sync_server.services.assign_roles import unassign_role
from sync_server.store import audits
from tests.support.people import PASSWORD, add_person

NEW = "another good one for sara"


def acts(node: Node) -> list[str]:
    with node.database.read() as session:
        return [audit.act.action for audit in reversed(audits.iter_audits(session))]


def test_people_find_all_or_only_who_they_know_by_address(node: Node) -> None:
    alice, sara = add_person(node, "alice", Grant(ADMIN)), add_person(node, "sara")
    found = change_account.find_users(node, alice, None)
    assert [person.display_name for person in found] == ["Alice", "Sara"]
    assert [person.display_name for person in change_account.find_users(node, alice, "EXAMPLE sar")] == ["Sara"]
    assert change_account.find_users(node, sara, None) == []
    assert change_account.find_users(node, sara, "ali") == []
    assert [person.display_name for person in change_account.find_users(node, sara, "Alice@example.org")] == ["Alice"]


def test_one_changes_oneself_and_administrators_others(node: Node) -> None:
    alice, sara, bob = add_person(node, "alice", Grant(ADMIN)), add_person(node, "sara"), add_person(node, "bob")
    changed = change_account.change_user(node, sara, sara.id, display_name="  Sara \n K. ")
    assert changed.display_name == "Sara K."
    assert changed.updated_at is not None
    assert change_account.change_user(node, alice, sara.id, email="SK@example.org").email == "sk@example.org"
    assert sign_in.check_password(node, "sk@example.org", PASSWORD)
    with pytest.raises(InsufficientRights):
        change_account.change_user(node, bob, sara.id, display_name="Bob's")
    with pytest.raises(AccountExists):
        change_account.change_user(node, sara, sara.id, email="bob@example.org")
    for bad in ("", "x" * 201, "\0"):
        with pytest.raises(UnexpectedValue):
            change_account.change_user(node, sara, sara.id, display_name=bad)


def test_a_new_password_takes_the_old_and_ends_every_other_session(node: Node) -> None:
    sara = add_person(node, "sara")
    kept, other = (sign_in.create_session(node, "sara@example.org", PASSWORD).token for _ in range(2))
    with pytest.raises(AuthenticationFailed):
        change_account.change_password(node, sara, sara.id, old="wrong", new=NEW)
    change_account.change_password(node, sara, sara.id, old=PASSWORD, new=NEW, keep_token=kept)
    assert sign_in.find_session(node, other) is None
    assert sign_in.find_session(node, kept)
    assert sign_in.check_password(node, "sara@example.org", NEW)


def test_an_ended_account_lets_nobody_in_and_frees_its_address(node: Node) -> None:
    alice, sara = add_person(node, "alice", Grant(ADMIN)), add_person(node, "sara", Grant(VIEWER, 1))
    session = sign_in.create_session(node, "sara@example.org", PASSWORD).token
    with pytest.raises(InsufficientRights):
        change_account.delete_user(node, sara, alice.id)
    change_account.delete_user(node, alice, sara.id)
    assert sign_in.find_session(node, session) is None
    assert access.scope_of(node, sara).grants == ()
    with pytest.raises(AuthenticationFailed):
        sign_in.check_password(node, "sara@example.org", PASSWORD)
    with pytest.raises(NotFound):
        change_account.read_user(node, alice, sara.id)
    assert users.add_user(node, None, "sara@example.org", PASSWORD).id != sara.id
    assert acts(node)[-2:] == ["user.delete", "user.create"]


def test_the_last_administrator_cannot_be_ended(node: Node) -> None:
    alice = add_person(node, "alice", Grant(ADMIN))
    with pytest.raises(LastAdministrator):
        change_account.delete_user(node, alice, alice.id)
    with pytest.raises(LastAdministrator):
        unassign_role(node, None, alice.id, ADMIN)
    add_person(node, "bob", Grant(ADMIN))
    unassign_role(node, None, alice.id, ADMIN)


def test_a_tablet_is_no_person(node: Node) -> None:
    alice = add_person(node, "alice", Grant(ADMIN))
    device, _ = devices.add_device(node, None, "tablet", 1)
    with pytest.raises(NotFound):
        change_account.read_user(node, alice, device.id)
    with pytest.raises(NotFound):
        change_account.delete_user(node, alice, device.id)
    with pytest.raises(InsufficientRights):
        user_preferences.set_preference(node, device, "colour", "red")


def test_sessions_are_listed_and_ended_one_by_one_or_all(node: Node) -> None:
    sara, bob = add_person(node, "sara"), add_person(node, "bob")
    tokens = [sign_in.create_session(node, "sara@example.org", PASSWORD).token for _ in range(3)]
    bobs = sign_in.create_session(node, "bob@example.org", PASSWORD).token
    listed = sign_in.list_sessions(node, sara, current_token=tokens[0])
    assert sorted(each.is_current for each in listed) == [False, False, True]
    assert all(each.handle not in tokens for each in listed)
    other = next(each for each in sign_in.list_sessions(node, sara, current_token=tokens[1]) if each.is_current)
    sign_in.end_sessions(node, bob, handle=other.handle)
    assert sign_in.find_session(node, tokens[1])
    sign_in.end_sessions(node, sara, handle=other.handle)
    assert sign_in.find_session(node, tokens[1]) is None
    sign_in.end_sessions(node, sara, keep_token=tokens[0])
    assert [sign_in.find_session(node, token) is None for token in (tokens[0], tokens[2], bobs)] == [False, True, False]
    assert acts(node).count("user.session.end") == 2


def test_preferences_are_kept_as_they_are(node: Node) -> None:
    sara = add_person(node, "sara", Grant(VIEWER, 1))
    for value in (None, True, {"a": [1, "ب"]}, "x"):
        user_preferences.set_preference(node, sara, "colour", value)
        assert user_preferences.get_preferences(node, sara).site == {"colour": value}
    user_preferences.set_preference(node, sara, "colour", 1, project_id=1)
    assert user_preferences.get_preferences(node, sara).projects == {1: {"colour": 1}}
    with pytest.raises(NotFound):
        user_preferences.set_preference(node, add_person(node, "bob"), "colour", 1, project_id=1)
    for name, value in (("x" * 201, 1), ("x", "y" * 20_001), ("x", "\0"), ("\0", 1)):
        with pytest.raises(UnexpectedValue):
            user_preferences.set_preference(node, sara, name, value)
    user_preferences.delete_preference(node, sara, "colour")
    assert user_preferences.get_preferences(node, sara).site == {}
    assert acts(node)[-1] == "user.preference.delete"
    assert acts(node).count("user.preference.update") == 5

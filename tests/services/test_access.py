"""People and tablets come in with what they were given, and with nothing else, on both databases."""

import importlib.util
from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest
import time_machine
from argon2 import PasswordHasher
from sqlalchemy import select, update

from sync_server.account_errors import AccountExists, AuthenticationFailed, PasswordTooShort, UnknownToken
from sync_server.errors import InsufficientRights, NamelessTablet, NotFound, UnexpectedValue
from sync_server.node import Node
from sync_server.operator_errors import SealBroken
from sync_server.services import devices, passwords, sign_in, users
from sync_server.store import changes, tables
from sync_server.store.short_memory import REMEMBER_SECONDS, ShortMemory
from sync_server.store.tables import app_users, sessions

PASSWORD = "correct horse battery"


def feed(node: Node) -> list[tuple[str, str]]:
    with node.database.read() as session:
        return [(c.kind, c.version) for c in changes.iter_since(session, 0, limit=100, kinds=("account",))]


def test_a_person_signs_in_with_the_password_and_any_case_of_the_e_mail(node: Node) -> None:
    users.add_user(node, None, "Alice@Example.org", PASSWORD, is_administrator=True)
    assert sign_in.check_password(node, " ALICE@example.ORG", PASSWORD).is_administrator


@pytest.mark.parametrize(("email", "password"), [("alice@example.org", "wrong"), ("nobody@example.org", PASSWORD)])
def test_a_stranger_and_a_typing_error_get_the_same_answer(node: Node, email: str, password: str) -> None:
    users.add_user(node, None, "alice@example.org", PASSWORD)
    with pytest.raises(AuthenticationFailed):
        sign_in.check_password(node, email, password)


def test_a_stranger_costs_as_much_work_as_a_typing_error(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[str] = []

    class Recorder(PasswordHasher):
        def verify(self, hashed: str | bytes, given: str | bytes) -> Literal[True]:
            checked.append(str(hashed))
            return super().verify(hashed, given)

    monkeypatch.setattr(passwords, "_hasher", Recorder())
    with pytest.raises(AuthenticationFailed):
        sign_in.check_password(node, "nobody@example.org", PASSWORD)
    assert checked[0].startswith("$argon2id$")


def test_a_password_is_hashed_at_the_cost_that_owasp_asks_for() -> None:
    """Of the module as it is in the field: in this process it was made quick (tests/conftest.py)."""
    found = importlib.util.find_spec(passwords.__name__)
    assert found
    assert found.loader
    fresh = importlib.util.module_from_spec(found)
    found.loader.exec_module(fresh)
    assert fresh.hash_password(PASSWORD).startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_passwords_are_kept_as_argon2_and_digest_only_where_it_was_asked_for(node: Node) -> None:
    users.add_user(node, None, "alice@example.org", PASSWORD)
    users.add_user(node, None, "bob@example.org", PASSWORD, uses_digest=True)
    with node.database.read() as session:
        kept = {row.email: row for row in session.execute(select(tables.users))}
    assert kept["alice@example.org"].password_hash.startswith("$argon2id$")
    assert kept["alice@example.org"].digest_ha1 is None
    assert kept["bob@example.org"].digest_ha1
    assert sign_in.find_digest(node, "alice@example.org") is None


def test_an_account_is_refused_when_it_exists_or_is_no_address_or_too_easy(node: Node) -> None:
    users.add_user(node, None, "alice@example.org", PASSWORD)
    with pytest.raises(AccountExists):
        users.add_user(node, None, "ALICE@example.org", PASSWORD)
    for address in ("", "alice", 'a"@b', "a:b@c", "a b@c"):
        with pytest.raises(UnexpectedValue):
            users.add_user(node, None, address, PASSWORD)
    with pytest.raises(PasswordTooShort):
        users.add_user(node, None, "bob@example.org", "short")


def test_only_an_administrator_manages_accounts_and_devices(node: Node) -> None:
    bob = users.add_user(node, None, "bob@example.org", PASSWORD)
    for attempt in (
        lambda: users.add_user(node, bob, "x@example.org", PASSWORD),
        lambda: users.list_users(node, bob),
        lambda: users.change_password(node, bob, "bob@example.org", PASSWORD),
        lambda: devices.list_devices(node, bob),
        lambda: devices.revoke_device(node, bob, 1),
        lambda: devices.delete_device(node, bob, 1),
        lambda: devices.show_token(node, bob, 1),
    ):
        with pytest.raises(InsufficientRights):
            attempt()
    with pytest.raises(NotFound):
        devices.add_device(node, bob, "x", 1)


def test_the_first_administrator_is_made_once(node: Node) -> None:
    password = users.ensure_administrator(node)
    assert password
    assert sign_in.check_password(node, users.FIRST_ADMINISTRATOR, password).is_administrator
    assert users.ensure_administrator(node) is None


def test_a_session_ends_when_told_or_after_a_day(node: Node) -> None:
    users.add_user(node, None, "alice@example.org", PASSWORD)
    session = sign_in.create_session(node, "alice@example.org", PASSWORD)
    assert len(session.token) == 64
    found = sign_in.find_session(node, session.token)
    assert found is not None
    assert (found.actor.email, found.csrf) == ("alice@example.org", session.csrf)
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=24, seconds=1)):
        assert sign_in.find_session(node, session.token) is None
    sign_in.end_session(node, session.token)
    assert sign_in.find_session(node, session.token) is None


def test_a_session_is_kept_by_its_hash_only_and_cleared_away_when_over(node: Node) -> None:
    users.add_user(node, None, "alice@example.org", PASSWORD)
    token = sign_in.create_session(node, "alice@example.org", PASSWORD).token
    with node.database.read() as session:
        assert token not in session.scalars(select(sessions.c.token_hash)).all()
    with time_machine.travel(datetime.now(UTC) + timedelta(days=2)):
        sign_in.forget_old_sessions(node)
    with node.database.read() as session:
        assert session.scalars(select(sessions.c.token_hash)).all() == []


def test_a_new_password_ends_sessions_and_keeps_digest_as_it_was(node: Node) -> None:
    users.add_user(node, None, "bob@example.org", PASSWORD, uses_digest=True)
    before = sign_in.find_digest(node, "bob@example.org")
    token = sign_in.create_session(node, "bob@example.org", PASSWORD).token
    users.change_password(node, None, "bob@example.org", "another password")
    assert sign_in.find_session(node, token) is None
    after = sign_in.find_digest(node, "bob@example.org")
    assert before
    assert after
    assert before[1] != after[1]


def test_a_tablet_is_known_by_its_token_which_can_be_shown_again(node: Node) -> None:
    device, token = devices.add_device(node, None, " Tablet 7 ", 1)
    assert (device.display_name, device.project_id, len(token)) == ("Tablet 7", 1, 64)
    assert token == token.lower()
    assert devices.identify_device(node, token).id == device.id
    assert devices.show_token(node, None, device.id) == token


def test_a_token_is_nowhere_in_the_database(node: Node) -> None:
    device, token = devices.add_device(node, None, "tablet", 1)
    with node.database.read() as session:
        row = session.execute(select(app_users)).one()
    assert token not in (row.token_hash, row.token_sealed.decode("latin-1"))
    assert device.id == row.actor_id


def test_a_sealed_token_of_another_node_or_row_cannot_be_shown(node: Node) -> None:
    one, _ = devices.add_device(node, None, "one", 1)
    two, _ = devices.add_device(node, None, "two", 1)
    with node.database.read() as session:
        sealed = session.scalar(select(app_users.c.token_sealed).where(app_users.c.actor_id == one.id))
    node.write(lambda s: s.execute(update(app_users).where(app_users.c.actor_id == two.id).values(token_sealed=sealed)))
    with pytest.raises(SealBroken):
        devices.show_token(node, None, two.id)


def test_a_revoked_or_deleted_tablet_is_still_known_and_marked(node: Node) -> None:
    revoked, token = devices.add_device(node, None, "revoked", 1)
    deleted, other = devices.add_device(node, None, "deleted", 1)
    assert not devices.identify_device(node, token).is_revoked
    devices.revoke_device(node, None, revoked.id)
    devices.delete_device(node, None, deleted.id)
    assert devices.identify_device(node, token).is_revoked
    assert devices.identify_device(node, other).is_revoked
    assert [d.id for d in devices.list_devices(node, None)] == [revoked.id]
    with pytest.raises(NotFound):
        devices.revoke_device(node, None, deleted.id)


def test_a_token_nobody_has_and_what_is_no_token_differ(node: Node) -> None:
    with pytest.raises(UnknownToken):
        devices.identify_device(node, "0" * 64)
    for token in ("", "x", "0" * 63, "0" * 65, "ä" * 64):
        with pytest.raises(AuthenticationFailed):
            devices.identify_device(node, token)


def test_a_device_needs_a_name_and_a_project_that_exists(node: Node) -> None:
    with pytest.raises(NamelessTablet):
        devices.add_device(node, None, "  ", 1)
    with pytest.raises(NotFound):
        devices.add_device(node, None, "x", 99)


def test_a_tablets_last_use_is_noted_once_an_hour(node: Node) -> None:
    device, _ = devices.add_device(node, None, "tablet", 1)
    assert device.last_used_at is None
    devices.note_use(node, device)
    seen = devices.get_device(node, None, device.id)
    assert seen.last_used_at is not None
    devices.note_use(node, seen)
    assert devices.get_device(node, None, device.id).last_used_at == seen.last_used_at


def test_changes_to_accounts_are_in_the_feed(node: Node) -> None:
    users.add_user(node, None, "alice@example.org", PASSWORD)
    users.change_password(node, None, "alice@example.org", "another password")
    device, _ = devices.add_device(node, None, "tablet", 1)
    devices.revoke_device(node, None, device.id)
    devices.revoke_device(node, None, device.id)
    assert feed(node) == [("account", what) for what in ("created", "password", "created", "revoked")]


def test_what_is_known_of_a_token_is_asked_again_after_a_second() -> None:
    now = [0.0]
    asked: list[int] = []
    cache: ShortMemory[str, None] = ShortMemory(clock=lambda: now[0])

    def look_up() -> None:
        asked.append(1)

    cache.get("a", look_up)
    cache.get("a", look_up)
    assert len(asked) == 1
    now[0] += REMEMBER_SECONDS
    cache.get("a", look_up)
    assert len(asked) == 2
    cache.forget()
    cache.get("a", look_up)
    assert len(asked) == 3

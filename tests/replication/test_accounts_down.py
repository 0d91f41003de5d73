"""Who may sign in at a hub, and in which name a tablet sends there: as the project's home says."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from sync_server.core.replication_items import AccountItem, Who
from sync_server.core.roles import ADMIN, COORDINATOR, VIEWER
from sync_server.core.scope import Grant
from sync_server.core.sensitivity import Level
from sync_server.node import Node
from sync_server.peer_errors import CodeAtHome, LedElsewhere
from sync_server.replication.taking import NOT_FROM_A_HUB
from sync_server.services import devices, public_links, users
from sync_server.services.access import scope_of
from sync_server.services.assign_roles import assign_role, unassign_role
from sync_server.services.change_account import delete_user
from sync_server.services.passwords import is_password
from sync_server.services.publish_form import publish_form
from sync_server.store import accounts, projects, user_secrets
from sync_server.store.accounts import Actor
from sync_server.store.tables import actors, sessions
from sync_server.store.tables import users as user_table
from tests.support.form_tables import meeting_form
from tests.support.people import PASSWORD, add_person, give_role
from tests.support.project_pair import carry, count, everything, head, pair, take


@pytest.fixture
def centre(node: Node, hub: Node) -> Node:
    pair(node, hub)
    return node


def person(node: Node, email: str = "bob@example.org") -> Actor:
    with node.database.read() as session:
        found = accounts.find_secrets(session, email)
    assert found is not None
    return found.actor


def accounts_for(centre: Node, hub: Node) -> dict[str, AccountItem]:
    return {item.who.uid: item for item in everything(centre, hub) if isinstance(item, AccountItem)}


def test_a_person_signs_in_at_the_hub_with_the_roles_of_the_home(centre: Node, hub: Node) -> None:
    add_person(centre, "bob", Grant(COORDINATOR, 1, None, "#adm2 eq 'sinjar'", Level.HIGH))
    carried = carry(centre, hub)
    assert carried.refused == {}
    assert carried.has_changed_access
    bob = person(hub)
    assert bob.display_name == "Bob"
    assert scope_of(hub, bob).grants == (Grant(COORDINATOR, 1, None, "#adm2 eq 'sinjar'", Level.HIGH),)
    with hub.database.read() as session:
        assert session.scalar(select(actors.c.node).where(actors.c.id == bob.id)) == centre.id
        found = accounts.find_secrets(session, "bob@example.org")
    assert found is not None
    assert (is_password(found.password_hash, PASSWORD), found.digest_ha1) == (True, None)


def test_twice_is_once_and_the_feed_does_not_grow(centre: Node, hub: Node) -> None:
    add_person(centre, "bob", Grant(COORDINATOR, 1), Grant(VIEWER, 1))
    devices.add_device(centre, None, "Tablet", 1)
    carry(centre, hub)
    before = (head(hub), count(hub, actors))
    again = carry(centre, hub)
    assert (again.told, again.has_changed_access) == ([], False)
    assert (head(hub), count(hub, actors)) == before


def test_roles_of_the_site_links_and_peers_stay(centre: Node, hub: Node) -> None:
    publish_form(centre, None, meeting_form())
    add_person(centre, "alice", Grant(ADMIN))
    add_person(centre, "chelsea")
    add_person(centre, "mixed", Grant(ADMIN), Grant(VIEWER, 1))
    public_links.add_link(centre, None, 1, "meeting", "Link")
    said = accounts_for(centre, hub)
    assert [item.who.name for item in said.values()] == ["Mixed"]
    assert [grant["role"] for item in said.values() for grant in item.grants] == ["viewer"]


def test_digest_and_second_factor_never_travel(centre: Node, hub: Node) -> None:
    users.add_user(centre, None, "bob@example.org", PASSWORD, display_name="Bob", uses_digest=True)
    bob = person(centre)
    give_role(centre, bob, VIEWER)
    (before,) = accounts_for(centre, hub).values()
    assert before.password_hash is not None
    carry(centre, hub)

    def turn_on(session: Session) -> None:
        user_secrets.begin_two_factor(session, bob.id, totp_sealed=b"sealed")
        user_secrets.confirm_two_factor(session, bob.id, step=1, recovery_hashes=["r"], now=datetime.now(UTC))

    centre.write(turn_on)
    (after,) = accounts_for(centre, hub).values()
    assert after.password_hash is None
    carry(centre, hub)
    with hub.database.read() as session:
        assert session.scalar(select(user_table.c.password_hash)) == ""
        assert user_secrets.find_two_factor(session, person(hub).id) is None


def test_a_password_set_at_the_hub_stays_until_the_home_says_another(centre: Node, hub: Node) -> None:
    bob = add_person(centre, "bob", Grant(VIEWER, 1))
    carry(centre, hub)
    hub.write(lambda session: accounts.set_password(session, person(hub).id, password_hash="here", digest_ha1=None))
    give_role(centre, bob, COORDINATOR)
    carry(centre, hub)
    with hub.database.read() as session:
        assert session.scalar(select(user_table.c.password_hash)) == "here"
    users.change_password(centre, None, "bob@example.org", "another long password")
    carry(centre, hub)
    with hub.database.read() as session, centre.database.read() as at_home:
        said = at_home.scalar(select(user_table.c.password_hash))
        assert session.scalar(select(user_table.c.password_hash)) == said


def test_a_role_taken_away_ends_at_the_hub_with_the_session(centre: Node, hub: Node) -> None:
    bob = add_person(centre, "bob", Grant(VIEWER, 1))
    carry(centre, hub)
    open_session(hub, person(hub))
    unassign_role(centre, None, bob.id, VIEWER, project_id=1)
    (item,) = accounts_for(centre, hub).values()
    assert (item.who.name, item.email, item.password_hash, item.grants) == ("", None, None, ())
    carried = carry(centre, hub)
    assert ("assignment", f"actor:{person(hub).id}", "project:1 viewer ended") in carried.told
    assert scope_of(hub, person(hub)).grants == ()
    assert count(hub, sessions) == 0
    assert carry(centre, hub).told == []


def test_a_person_deleted_at_home_is_gone_at_the_hub(centre: Node, hub: Node) -> None:
    bob = add_person(centre, "bob", Grant(VIEWER, 1))
    carry(centre, hub)
    open_session(hub, person(hub))
    delete_user(centre, None, bob.id)
    carry(centre, hub)
    with hub.database.read() as session:
        assert accounts.find_secrets(session, "bob@example.org") is None
        assert session.scalar(select(actors.c.deleted_at).where(actors.c.display_name == "Bob")) is not None
    assert count(hub, sessions) == 0
    assert carry(centre, hub).told == []


def test_a_hub_that_never_knew_somebody_is_not_told_their_name(centre: Node, hub: Node) -> None:
    bob = add_person(centre, "bob", Grant(VIEWER, 1))
    unassign_role(centre, None, bob.id, VIEWER, project_id=1)
    assert [item.who.name for item in accounts_for(centre, hub).values()] == [""]
    assert carry(centre, hub).told == []
    with hub.database.read() as session:
        assert accounts.iter_users(session) == []


def test_a_tablet_works_at_the_hub_and_its_code_is_shown_at_home_only(centre: Node, hub: Node) -> None:
    _tablet, token = devices.add_device(centre, None, "Tablet 3", 1)
    carry(centre, hub)
    found = devices.identify_device(hub, token)
    assert (found.display_name, found.project_id, found.is_revoked) == ("Tablet 3", 1, False)
    assert scope_of(hub, found).may("submission.create", 1, "meeting")
    with pytest.raises(CodeAtHome, match="Erbil"):
        devices.show_token(hub, None, found.id)


def test_revoking_only_ever_adds(centre: Node, hub: Node) -> None:
    tablet, token = devices.add_device(centre, None, "Tablet 3", 1)
    carry(centre, hub)
    devices.revoke_device(hub, None, devices.identify_device(hub, token).id)
    carry(centre, hub)
    ended_here = devices.identify_device(hub, token).revoked_at
    assert ended_here is not None
    devices.revoke_device(centre, None, tablet.id)
    carry(centre, hub)
    assert devices.identify_device(hub, token).revoked_at == ended_here


def test_a_tablet_deleted_at_home_is_revoked_at_the_hub(centre: Node, hub: Node) -> None:
    tablet, token = devices.add_device(centre, None, "Tablet 3", 1)
    carry(centre, hub)
    devices.delete_device(centre, None, tablet.id)
    carry(centre, hub)
    assert devices.identify_device(hub, token).is_revoked
    assert devices.list_devices(hub, None) == []


def test_an_account_of_the_hub_with_the_same_e_mail_stays_its_own(
    centre: Node, hub: Node, caplog: pytest.LogCaptureFixture
) -> None:
    there = add_person(hub, "bob", Grant(ADMIN), Grant(VIEWER, 1))
    bob = add_person(centre, "bob", Grant(COORDINATOR, 1))
    users.change_password(centre, None, "bob@example.org", "another long password")
    with hub.database.read() as session:
        before = session.scalar(select(user_table.c.password_hash))
    carry(centre, hub)
    assert person(hub).id == there.id
    assert "account linked" in caplog.text
    assert {g.role.system for g in scope_of(hub, there).grants} == {"admin", "viewer", "coordinator"}
    with hub.database.read() as session, centre.database.read() as at_home:
        assert session.scalar(select(user_table.c.password_hash)) == before
        uid = at_home.scalar(select(actors.c.uid).where(actors.c.id == bob.id))
        assert session.scalar(select(actors.c.uid).where(actors.c.id == there.id)) == uid
    assert carry(centre, hub).told == []
    delete_user(centre, None, bob.id)
    carry(centre, hub)
    assert {g.role.system for g in scope_of(hub, there).grants} == {"admin", "viewer"}
    assert person(hub).id == there.id


def test_a_hub_that_sends_accounts_is_refused(centre: Node, hub: Node) -> None:
    project = project_uid(centre)
    forged = AccountItem(
        project=project, who=Who(uid="f", type="user", name="Mallory", node=hub.id), email="m@example.org",
        password_hash="h", grants=({"role": "manager", "form_id": None, "rows": None, "level": None},),
    )  # fmt: skip
    assert take(centre, hub, [forged]).refused == {forged.name: NOT_FROM_A_HUB}
    add_person(hub, "mallory", Grant(VIEWER, 1))
    assert everything(hub, centre) == []


def test_a_peer_of_one_form_gets_no_roles_on_others(node: Node, hub: Node) -> None:
    pair(node, hub, form_id="meeting")
    for form_id in ("meeting", "other"):
        publish_form(node, None, meeting_form(form_id=form_id))
    add_person(node, "bob", Grant(VIEWER, 1, "other"))
    add_person(node, "chelsea", Grant(VIEWER, 1, "meeting"), Grant(VIEWER, 1, "other"))
    assert [(i.who.name, [g["form_id"] for g in i.grants]) for i in accounts_for(node, hub).values()] == [
        ("Chelsea", ["meeting"])
    ]


def test_only_the_home_grants_and_takes_roles_of_its_accounts(centre: Node, hub: Node) -> None:
    add_person(centre, "bob", Grant(VIEWER, 1))
    carry(centre, hub)
    bob = person(hub)
    with pytest.raises(LedElsewhere, match="Erbil"):
        assign_role(hub, None, bob.id, Grant(COORDINATOR, 1))
    with pytest.raises(LedElsewhere):
        unassign_role(hub, None, bob.id, VIEWER, project_id=1)
    local = add_person(hub, "local", Grant(VIEWER, 1))
    unassign_role(hub, None, local.id, VIEWER, project_id=1)
    devices.add_device(hub, None, "Tablet of the hub", 1)


def open_session(node: Node, actor: Actor) -> None:
    now = datetime.now(UTC)
    node.write(
        lambda session: accounts.add_session(
            session, token_hash="t", actor_id=actor.id, csrf="c", now=now, expires_at=now.replace(year=now.year + 1)
        )
    )


def project_uid(node: Node) -> str:
    with node.database.read() as session:
        return projects.find_uid(session, 1) or ""

"""Roles are given and taken at once, in the feed and in the audit log; refusals tell nothing, on both databases."""

from datetime import UTC, datetime

import pytest

from sync_server.core.roles import ADMIN, COORDINATOR, MANAGER, MNE, PROTECTION, VIEWER
from sync_server.core.scope import Grant, Part, View
from sync_server.core.sensitivity import Level
from sync_server.errors import InsufficientRights, NotFound
from sync_server.node import Node
from sync_server.services import access
from sync_server.services.assign_roles import assign_role, list_assignments, unassign_role
from sync_server.services.audit import make_act, noting, write_act
from sync_server.store import audits, changes
from tests.support.people import add_person, give_role

DISTRICT = "meeting/adm2 eq 'IQ-NI-03'"


def test_a_role_holds_at_once_and_ends_at_once(node: Node) -> None:
    bob = add_person(node, "bob")
    assert not access.may(node, bob, "form.read", project_id=1)
    give_role(node, bob, VIEWER)
    assert access.may(node, bob, "form.read", project_id=1)
    unassign_role(node, None, bob.id, VIEWER, project_id=1)
    assert not access.may(node, bob, "form.read", project_id=1)
    with pytest.raises(NotFound):
        unassign_role(node, None, bob.id, VIEWER, project_id=1)


def test_granting_again_changes_the_rows_and_the_level(node: Node) -> None:
    bob = add_person(node, "bob", Grant(MNE, 1, "visit", DISTRICT, Level.HIGH))
    assert access.find_view(node, bob, 1, "visit") == View((Part(DISTRICT, Level.HIGH),))
    give_role(node, bob, MNE, 1, "visit")
    assert access.find_view(node, bob, 1, "visit") == View((Part(None, Level.MODERATE),))
    assert [a.grant for a in list_assignments(node, None, 1, "visit")] == [Grant(MNE, 1, "visit")]
    assert list_assignments(node, None, 1) == []


def test_a_manager_gives_roles_in_the_project_but_not_the_one_that_sees_severe_answers(node: Node) -> None:
    alice, bob = add_person(node, "alice", Grant(MANAGER, 1)), add_person(node, "bob")
    assign_role(node, alice, bob.id, Grant(COORDINATOR, 1))
    for grant in (Grant(PROTECTION, 1), Grant(ADMIN)):
        with pytest.raises(InsufficientRights):
            assign_role(node, alice, bob.id, grant)


def test_what_one_has_nothing_on_is_as_if_it_were_not_there(node: Node) -> None:
    bob = add_person(node, "bob", Grant(VIEWER, 1, "visit"))
    with pytest.raises(InsufficientRights):
        access.require(node, bob, "form.update", project_id=1, form_id="visit")
    with pytest.raises(InsufficientRights):
        access.require(node, bob, "form.create", project_id=1)
    for project_id, form_id in ((1, "concern"), (2, None), (99, None)):
        with pytest.raises(NotFound):
            access.require(node, bob, "form.read", project_id=project_id, form_id=form_id)
    with pytest.raises(NotFound):
        access.get_view(node, bob, 1, "concern")


def test_assignments_are_in_the_feed_and_in_the_audit_log(node: Node) -> None:
    bob = add_person(node, "bob")
    give_role(node, bob, VIEWER)
    with node.database.read() as session:
        (change,) = changes.iter_since(session, 0, limit=100, kinds=("assignment",))
        written = audits.iter_audits(session, action="user")
    assert (change.key, change.version) == (f"actor:{bob.id}", "project:1 viewer")
    assert [audit.act.action for audit in written] == ["user.assignment.create", "user.create"]
    assert written[0].act.actee == f"actor:{bob.id}"
    assert written[0].act.details == {"role": "viewer", "where": "project:1", "rows": None, "level": None}


def test_audits_are_filtered_and_paged_and_carry_the_notes_of_the_request(node: Node) -> None:
    start = datetime.now(UTC)
    with noting("because"):
        acts = [
            make_act(None, action) for action in ("form.create", "form.update", "submission.create", "project.create")
        ]
    for act in acts:
        node.write(lambda session, act=act: write_act(session, act))
    end = datetime.now(UTC)

    def found(**what: object) -> list[str]:
        with node.database.read() as session:
            return [audit.act.action for audit in audits.iter_audits(session, **what)]

    assert found(action="form") == ["form.update", "form.create"]
    assert found(action="form.create") == ["form.create"]
    assert "submission.create" not in found(action="nonverbose")
    assert found(limit=2, offset=1) == ["submission.create", "form.update"]
    assert len(found(start=start, end=end)) == 4
    assert found(end=start) == found(start=end) == []
    with node.database.read() as session:
        assert {audit.act.notes for audit in audits.iter_audits(session)} == {"because"}

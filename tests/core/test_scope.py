"""What scopes allow and show: grants add up, and never to more than each of them says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_server.core.roles import ADMIN, MANAGER, MNE, PEER, PROTECTION, ROLES, SEVERE_VERB, VERBS, VIEWER, find_role
from sync_server.core.scope import Grant, Part, Scope, View, is_administrator, operator_scope, stranger_scope
from sync_server.core.sensitivity import Level

DISTRICTS = ["meeting/adm2 eq 'IQ-NI-03'", "meeting/adm2 eq 'IQ-NI-05'", "#adm2+code eq 'IQ-NI-03'"]
FORMS = ["visit", "concern"]
SENSITIVE = {"/place": Level.LOW, "/sex": Level.MODERATE, "/name": Level.HIGH, "/harm": Level.SEVERE}


@st.composite
def _grant(draw: st.DrawFn) -> Grant:
    project_id = draw(st.sampled_from([None, 1, 2]))
    form_id = draw(st.sampled_from([None, *FORMS])) if project_id else None
    rows, level = draw(st.sampled_from([None, *DISTRICTS])), draw(st.sampled_from([None, *Level]))
    return Grant(draw(st.sampled_from(ROLES)), project_id, form_id, rows, level)


grants = st.lists(_grant(), max_size=5).map(tuple)
verbs = st.sampled_from(sorted(VERBS))
actees = st.sampled_from([(None, None), (1, None), (2, None), (1, "visit"), (1, "concern"), (2, "visit"), (3, None)])
rows_of_the_form = st.sets(st.sampled_from(DISTRICTS))


@given(grants, grants, verbs, actees)
def test_two_sets_of_grants_allow_what_either_allows(
    one: tuple[Grant, ...], other: tuple[Grant, ...], verb: str, actee: tuple[int | None, str | None]
) -> None:
    both = Scope(5, "user", one + other).may(verb, *actee)
    assert both == (Scope(5, "user", one).may(verb, *actee) or Scope(5, "user", other).may(verb, *actee))


@given(grants, rows_of_the_form)
def test_a_row_is_shown_at_the_highest_level_of_the_grants_that_show_it(
    granted: tuple[Grant, ...], row: set[str]
) -> None:
    view = Scope(5, "user", granted).view(1, "visit")
    of_its_own = [
        grant.sees
        for grant in granted
        if "submission.read" in grant.role.verbs
        and grant.covers(1, "visit")
        and (grant.rows is None or grant.rows in row)
    ]
    shown = view.level_of(lambda rows: rows in row) if view else None
    assert shown == max(of_its_own, default=None)


@given(grants, rows_of_the_form)
def test_nobody_sees_severe_answers_without_the_protection_role(granted: tuple[Grant, ...], row: set[str]) -> None:
    others = tuple(grant for grant in granted if SEVERE_VERB not in grant.role.verbs)
    view = Scope(5, "user", others).view(1, "visit")
    assert view is None or (view.level < Level.SEVERE and "/harm" in view.hidden(SENSITIVE))


@given(grants)
def test_severe_answers_leave_in_no_export(granted: tuple[Grant, ...]) -> None:
    for scope in (Scope(5, "user", granted), operator_scope()):
        view = scope.view(1, "visit")
        assert view is None or "/harm" in view.for_export().hidden(SENSITIVE)


@given(grants)
def test_no_level_is_above_its_roles_ceiling(granted: tuple[Grant, ...]) -> None:
    assert all(grant.sees <= grant.role.ceiling for grant in granted)


@given(grants)
def test_the_order_of_grants_makes_no_difference(granted: tuple[Grant, ...]) -> None:
    assert Scope(5, "user", granted).view(1, "visit") == Scope(5, "user", granted[::-1]).view(1, "visit")


@given(grants, verbs, actees)
def test_who_may_do_something_to_a_thing_may_know_of_it(
    granted: tuple[Grant, ...], verb: str, actee: tuple[int | None, str | None]
) -> None:
    scope = Scope(5, "user", granted)
    assert scope.knows(*actee) or not scope.may(verb, *actee)
    assert scope.may_somewhere(verb, actee[0]) or not scope.may(verb, *actee)


@given(grants)
def test_a_view_narrows_for_an_export_and_never_widens(granted: tuple[Grant, ...]) -> None:
    view = Scope(5, "user", granted).view(1, "visit")
    if view is not None:
        assert (view.for_export().rows is None) == (view.rows is None)
        assert set(view.for_export().rows or ()) == set(view.rows or ())
        assert view.for_export().level <= view.level
        assert view.lowest <= view.level


def test_a_grant_reaches_what_is_below_it_only() -> None:
    site, project, form = Grant(VIEWER), Grant(VIEWER, 1), Grant(VIEWER, 1, "visit")
    assert [g.covers(1, "visit") for g in (site, project, form)] == [True, True, True]
    assert [g.covers(1, "concern") for g in (site, project, form)] == [True, True, False]
    assert [g.covers(1, None) for g in (site, project, form)] == [True, True, False]
    assert [g.covers(None, None) for g in (site, project, form)] == [True, False, False]
    assert [g.touches(1, None) for g in (site, project, form)] == [True, True, True]


def test_an_mne_reader_of_one_district_sees_delicate_answers_of_that_district_only() -> None:
    scope = Scope(5, "user", (Grant(VIEWER, 1), Grant(MNE, 1, "visit", DISTRICTS[0], Level.HIGH)))
    view = scope.view(1, "visit")
    assert view == View((Part(None, Level.MODERATE), Part(DISTRICTS[0], Level.HIGH)))
    assert view.rows is None
    assert view.level_of(lambda rows: False) == Level.MODERATE
    assert view.level_of(lambda rows: rows == DISTRICTS[0]) == Level.HIGH


def test_a_row_out_of_sight_has_no_level() -> None:
    view = Scope(5, "user", (Grant(MNE, 1, None, DISTRICTS[0]),)).view(1, "visit")
    assert view is not None
    assert view.level_of(lambda rows: False) is None


def test_a_filter_by_tag_becomes_one_by_question_or_shows_nothing() -> None:
    view = Scope(5, "user", (Grant(MNE, 1, None, "#adm2+code eq '#adm2+code'"),)).view(1, "visit")
    assert view is not None
    named = view.of_form({"#adm2+code": "/meeting/adm2"})
    assert named is not None
    assert named.rows == ("meeting/adm2 eq '#adm2+code'",)
    assert view.of_form({"#adm3+code": "/meeting/adm3"}) is None


def test_a_peer_gets_its_forms_and_rows_through_the_feed_and_nothing_that_people_call() -> None:
    scope = Scope(7, "peer", (Grant(PEER, 1, "visit", DISTRICTS[0]),))
    assert {verb for verb in VERBS if scope.may(verb, 1, "visit")} == {"peer.read", "peer.write"}
    view = scope.view(1, "visit", "peer.read")
    assert view is not None
    assert view.rows == (DISTRICTS[0],)
    assert scope.view(1, "visit") is None
    assert scope.view(1, "concern", "peer.read") is None


def test_a_stranger_may_and_knows_nothing() -> None:
    scope = stranger_scope()
    assert not any(scope.may_somewhere(verb) for verb in VERBS)
    assert not scope.knows()
    assert scope.view(1, "visit") is None


def test_the_operator_at_the_machine_may_all() -> None:
    assert all(operator_scope().may(verb, 1, "visit") for verb in VERBS)
    view = operator_scope().view(1, "visit")
    assert view is not None
    assert view.hidden(SENSITIVE) == frozenset()


def test_a_manager_manages_the_project_and_not_the_site() -> None:
    scope = Scope(5, "user", (Grant(MANAGER, 1),))
    assert scope.may("form.create", 1)
    assert not scope.may("form.create", 2)
    assert not scope.may("user.create")
    assert not is_administrator(scope)
    assert is_administrator(Scope(5, "user", (Grant(ADMIN),)))


def test_a_verb_nobody_has_is_a_typing_error() -> None:
    with pytest.raises(ValueError, match=r"form\.raed"):
        stranger_scope().may("form.raed")


def test_roles_are_found_by_number_and_by_name() -> None:
    assert find_role("admin") == find_role(1) == find_role("1") == ADMIN
    assert find_role("protection") == PROTECTION
    assert find_role(77) is find_role("nobody") is None
    assert len({role.id for role in ROLES}) == len({role.system for role in ROLES}) == len(ROLES)
    assert all(role.verbs <= VERBS for role in ROLES)

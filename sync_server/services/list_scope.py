"""Which entities of a list somebody gets, and what of them.

Whoever may list entities (managers, viewers, coordinators) has all of them, of each what their level shows. Tablets,
links and people who only fill in forms have what the list's rule lets through (core/list_access.py), with the columns
that the list's settings leave to tablets.

Rows are written by HXL tag (`#adm2+code eq 'IQG15Q01'`) and hold for a list that has a property so tagged. Of a list
without one, and of an entity that says nothing in it, we cannot tell whose it is: then it is nobody's with such a role,
unless the list is shared with all that get it, or the rows themselves ask for those (`or #adm2+code eq null`).
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from sync_server.core.entity_event import LABEL
from sync_server.core.list_access import Holder, asks_what_is_noted, is_shared, rows_for
from sync_server.core.list_condition import EVERYTHING, NOTHING, Condition, all_of, any_of
from sync_server.core.list_filter import read_list_filter
from sync_server.core.row_scope import name_questions
from sync_server.core.scope import Grant, Scope
from sync_server.core.sensitivity import Level, read_level
from sync_server.errors import Problem
from sync_server.services.form_definitions import get_definition
from sync_server.store import actor_properties, forms
from sync_server.store.entities import EntityList

log = logging.getLogger(__name__)

LIST, FORMS, FILL = "entity.list", "open_form.read", "submission.create"
_NO_FORM = ""  # a role on one form is none on the project's lists


@dataclass(frozen=True, slots=True)
class ListView:
    """What somebody gets of a list: `columns` are the label and properties, as far as they are shown."""

    list: EntityList
    rows: Condition
    columns: tuple[str, ...]


def view_with_forms(session: Session, scope: Scope, of_list: EntityList) -> ListView:
    """Say what an actor gets of a list together with the forms that pick from it."""
    grants = _that_bring(session, scope, of_list)
    needs_rule = not all(map(_may_list, grants))
    rule = _rule(session, scope, of_list) if needs_rule else NOTHING
    rows = (all_of(rows_in_scope(of_list, g.rows), EVERYTHING if _may_list(g) else rule) for g in grants)
    # Who fills in forms is shown what tablets are shown; who only looks at them, no more than elsewhere.
    shown = [(g.rows, Level.SEVERE if FILL in g.role.verbs else g.sees) for g in grants]
    return ListView(of_list, any_of(*rows), _up_to(of_list, of_list.columns, _lowest(shown)))


def view_of_list(scope: Scope, of_list: EntityList, verb: str = LIST) -> ListView | None:
    """Say what an actor sees of a list itself; None when nothing: they may not list entities."""
    view = scope.view(of_list.project_id, _NO_FORM, verb)
    if view is None:
        return None
    rows = any_of(*(rows_in_scope(of_list, part.rows) for part in view.parts))
    return ListView(of_list, rows, _up_to(of_list, (LABEL, *of_list.properties), view.lowest))


def rows_in_scope(of_list: EntityList, rows: str | None) -> Condition:
    """Say which entities of a list the rows of a grant let through; None is all.

    Ask the answer of one entity with `core.list_condition.holds(condition, entity.data, entity.creator_id)`, and of the
    database with `store.list_conditions.rows_where(condition)`.
    """
    if rows is None or is_shared(of_list.settings.access):
        return EVERYTHING
    named = name_questions(rows, of_list.tags)
    if named is None:
        return NOTHING
    try:
        return read_list_filter(named, {LABEL, *of_list.properties}, is_empty_unknown=True)
    except Problem as problem:
        log.warning("row scope shows nothing list=%s: %s", of_list.name, type(problem).__name__)
        return NOTHING


def _that_bring(session: Session, scope: Scope, of_list: EntityList) -> list[Grant]:
    """The grants by which an actor gets forms that pick from this list.

    As long as all say the same of it, there is no need to find out which they are.
    """
    found = [g for g in scope.grants if FORMS in g.role.verbs and g.project_id in (None, of_list.project_id)]
    if len({(g.rows, g.sees, FILL in g.role.verbs, _may_list(g)) for g in found}) < 2:
        return found
    with_list = _forms_with(session, of_list)
    return [g for g in found if g.form_id is None or g.form_id in with_list]


def _forms_with(session: Session, of_list: EntityList) -> set[str]:
    file_name = f"{of_list.name}.csv"
    versions = forms.iter_project_versions(session, of_list.project_id)
    return {version.form_id for version in versions if file_name in get_definition(session, version).media}


def _may_list(grant: Grant) -> bool:
    return LIST in grant.role.verbs and grant.form_id is None


def _rule(session: Session, scope: Scope, of_list: EntityList) -> Condition:
    access, noted = of_list.settings.access, dict[str, str]()
    if scope.actor_id is not None and asks_what_is_noted(access):
        noted = actor_properties.find_values(session, [scope.actor_id]).get(scope.actor_id, {})
    return rows_for(access, Holder(scope.actor_id, noted), (LABEL, *of_list.properties))


def _lowest(shown: Sequence[tuple[str | None, Level]]) -> Level:
    """The level that holds for every row in sight: a list does not tell its rows apart."""
    return min((max(level for each, level in shown if each in (None, rows)) for rows, _ in shown), default=Level.LOW)


def _up_to(of_list: EntityList, columns: Iterable[str], level: Level) -> tuple[str, ...]:
    return tuple(name for name in columns if read_level(of_list.levels.get(name)) <= level)

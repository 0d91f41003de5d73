"""Consumer: from resolved submissions to entities.

It never goes beyond what is resolved. For every submission that a change may concern its actions are read anew, and
every entity they are about, before or now, is folded again from all its events: whatever was edited, admitted, erased
or left this node is in the fold or out of it, as it is with the submission. A new form version can add lists and
properties, change how changes merge, and mend actions that failed for want of it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from sync_server.core.entity_digest import row_fingerprint
from sync_server.core.entity_event import LABEL, WITHDRAWN
from sync_server.core.entity_fold import fold_entity
from sync_server.core.entity_rules import Rules, read_rules
from sync_server.services.entity_lists import declared_lists
from sync_server.services.entity_sources import read_sources
from sync_server.services.resolve_submissions import ABOUT_INSTANCES
from sync_server.store import entities, entity_actions, forms
from sync_server.store.changes import Change
from sync_server.store.entities import EntityList, StoredEntity
from sync_server.store.entity_actions import EntityKey, StoredAction
from sync_server.store.instance_names import FormKey, find_possible_roots

Write = Callable[[Session], None]


class BuildEntities:
    name = "entities"

    def handle(self, session: Session, happened: Sequence[Change]) -> Write:
        lists = _lists_of_new_forms(session, {c.key for c in happened if c.kind == "form_version"})
        sources = _find_sources(session, happened)
        touched = {action.entity for action in (*sources.before, *sources.now) if action.failure is None}
        touched |= _concerned_by_rules(session, lists)
        made = _fold_all(session, touched, sources, {(each.project_id, each.name): each for each in lists})

        def write(session: Session) -> None:
            for each in lists:
                entities.put_list(session, each)
            entity_actions.put_actions(session, sources.forms, sources.names, sources.now)
            entities.put_entities(session, made, touched=touched)

        return write


@dataclass(slots=True)
class _Sources:
    """The submissions that changed, with what they did to entities before and what they do now."""

    forms: set[FormKey] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    before: list[StoredAction] = field(default_factory=list)
    now: list[StoredAction] = field(default_factory=list)


def _find_sources(session: Session, happened: Sequence[Change]) -> _Sources:
    changed = {change.key for change in happened if change.kind in ABOUT_INSTANCES}
    for form_id in sorted({change.key for change in happened if change.kind == "form_version"}):
        changed |= entity_actions.find_failed_sources(session, form_id)
    by_form = find_possible_roots(session, changed)
    found = _Sources(names=changed.union(*by_form.values()))
    found.before = entity_actions.find_actions_of(session, found.names)
    found.forms = {*by_form, *((action.project_id, action.form_id) for action in found.before)}
    for form, names in sorted(by_form.items()):
        found.now += read_sources(session, form, names)
    return found


def _lists_of_new_forms(session: Session, form_ids: set[str]) -> list[EntityList]:
    projects = forms.find_projects(session, form_ids) if form_ids else set()
    return [each for project_id in sorted(projects) for each in declared_lists(session, project_id)]


def _concerned_by_rules(session: Session, lists: Iterable[EntityList]) -> set[EntityKey]:
    """Name the entities of lists whose rules are others than before."""
    concerned: set[EntityKey] = set()
    for each in lists:
        known = entities.find_list(session, each.project_id, each.name)
        if known is not None and known.rules != each.rules:
            concerned |= set(entity_actions.find_changed_entities(session, each.project_id, each.name))
    return concerned


def _fold_all(
    session: Session, touched: set[EntityKey], sources: _Sources, new_lists: dict[tuple[int, str], EntityList]
) -> list[StoredEntity]:
    replaced = {(action.project_id, action.form_id, action.root_id) for action in sources.before}
    by_entity: dict[EntityKey, list[StoredAction]] = {key: [] for key in sorted(touched)}
    kept = entity_actions.find_actions_on(session, touched)
    for action in (*(a for a in kept if (a.project_id, a.form_id, a.root_id) not in replaced), *sources.now):
        if action.failure is None:
            by_entity[action.entity].append(action)
    rules: dict[tuple[int, str], Rules] = {}
    for project_id, name in sorted({key[:2] for key in touched}):
        found = new_lists.get((project_id, name)) or entities.find_list(session, project_id, name)
        rules[project_id, name] = read_rules(found.rules if found else {})
    return [
        _entity(key, actions, rules[key[:2]])
        for key, actions in by_entity.items()
        if any(action.kind != WITHDRAWN for action in actions)
    ]


def _entity(key: EntityKey, actions: Sequence[StoredAction], rules: Rules) -> StoredEntity:
    project_id, list_name, entity_id = key
    state = fold_entity((action.event for action in actions), rules)
    is_served = state.is_created and not state.is_deleted
    return StoredEntity(
        project_id=project_id,
        list_name=list_name,
        entity_id=entity_id,
        number=state.number,
        label=state.values.get(LABEL, ""),
        is_served=is_served,
        is_deleted=state.is_deleted,
        has_conflict=bool(state.conflicts),
        is_waiting=bool(state.waits) or not state.is_created,
        state=state.to_json(),
        fingerprint=row_fingerprint(entity_id, state.number, state.values) if is_served else "",
        created_at=min(action.received_at for action in actions),
        updated_at=max(action.received_at for action in actions),
    )

"""Consumer: from resolved submissions to entities.

It never goes beyond what is resolved. For every submission that a change may concern its actions are read anew, and
every entity they are about, before or now, is folded again from all its events: whatever was edited, admitted, erased
or left this node is in the fold or out of it, as it is with the submission. So is every entity about which a person
decided. A new form version can add lists and properties, change how changes merge, and mend actions that failed for
want of it; a decision about a list can change whose actions count.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from sync_server.core.entity_root import entity_of
from sync_server.services.entity_lists import declared_lists
from sync_server.services.entity_sources import read_sources
from sync_server.services.fold_entities import fold_entities
from sync_server.services.list_lines import rewrite_lines
from sync_server.services.resolve_submissions import ABOUT_INSTANCES
from sync_server.store import entities, entity_actions, entity_decisions, forms, peer_subjects
from sync_server.store.changes import Change
from sync_server.store.entities import EntityList
from sync_server.store.entity_actions import EntityKey, StoredAction
from sync_server.store.instance_names import FormKey, find_possible_roots

Write = Callable[[Session], None]
ListKey = tuple[int, str]
WITHDRAWAL = "withdrawal"  # what it names is no longer here, if this node was told to remove it


class BuildEntities:
    name = "entities"

    def handle(self, session: Session, happened: Sequence[Change]) -> Write:
        lists = {(each.project_id, each.name): each for each in _changed_lists(session, happened)}
        sources = _find_sources(session, happened, lists)
        touched = {action.entity for action in (*sources.before, *sources.now) if action.failure is None}
        touched |= _concerned_by_rules(session, lists.values())
        decided = {change.key for change in happened if change.kind == "entity"}
        touched |= _find_withdrawn(session, happened)
        acts = entity_decisions.find_acts_about(session, decided | {key[2] for key in touched})
        touched |= {key for key in acts if key[2] in decided}
        made = fold_entities(session, touched, _find_actions(session, touched, sources), acts, lists)

        def write(session: Session) -> None:
            others = [each for each in lists.values() if _has_other_columns(session, each)]
            for each in lists.values():
                entities.put_list(session, each)
            entity_actions.put_actions(session, sources.forms, sources.names, sources.now)
            entities.put_entities(session, made, touched=touched)
            for each in others:
                rewrite_lines(session, each)

        return write


def _has_other_columns(session: Session, new: EntityList) -> bool:
    known = entities.find_any_list(session, new.project_id, new.name)
    return known is None or known.columns != new.columns


@dataclass(slots=True)
class _Sources:
    """The submissions that changed, with what they did to entities before and what they do now."""

    forms: set[FormKey] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    before: list[StoredAction] = field(default_factory=list)
    now: list[StoredAction] = field(default_factory=list)


def _find_sources(session: Session, happened: Sequence[Change], lists: Mapping[ListKey, EntityList]) -> _Sources:
    changed = {change.key for change in happened if change.kind in (*ABOUT_INSTANCES, WITHDRAWAL)}
    for form_id in sorted({change.key for change in happened if change.kind == "form_version"}):
        changed |= entity_actions.find_failed_sources(session, form_id)
    for key, each in lists.items():
        known = entities.find_any_list(session, *key)
        if known is not None and known.settings.needs_approval != each.settings.needs_approval:
            changed |= entity_actions.find_sources_of_list(session, *key)
    by_form = find_possible_roots(session, changed)
    found = _Sources(names=changed.union(*by_form.values()))
    found.before = entity_actions.find_actions_of(session, found.names)
    found.forms = {*by_form, *((action.project_id, action.form_id) for action in found.before)}
    for form, names in sorted(by_form.items()):
        found.now += read_sources(session, form, names, _approved_first(session, form[0], lists))
    return found


def _find_withdrawn(session: Session, happened: Sequence[Change]) -> set[EntityKey]:
    """Name the entities of which a peer was told to remove what people decided, or this node was."""
    orders = (peer_subjects.find_withdrawal(session, c.version) for c in happened if c.kind == WITHDRAWAL)
    keys = (entity_of((order.project_id, order.form_id, order.root_id)) for order in orders if order)
    return {key for key in keys if key is not None}


def _approved_first(session: Session, project_id: int, lists: Mapping[ListKey, EntityList]) -> set[str]:
    """Name the lists of a project on which only what approved submissions do counts."""
    known = {each.name: each for each in entities.iter_lists(session, project_id)}
    known |= {name: each for (of_project, name), each in lists.items() if of_project == project_id}
    return {name for name, each in known.items() if each.settings.needs_approval}


def _find_actions(session: Session, touched: set[EntityKey], sources: _Sources) -> list[StoredAction]:
    """Find what submissions do to these entities, those that changed as they are now."""
    replaced = {(action.project_id, action.form_id, action.root_id) for action in sources.before}
    kept = (
        action
        for action in entity_actions.find_actions_on(session, touched)
        if (action.project_id, action.form_id, action.root_id) not in replaced
    )
    return [action for action in (*kept, *sources.now) if action.failure is None]


def _changed_lists(session: Session, happened: Sequence[Change]) -> list[EntityList]:
    """The lists of every project of which a form version is new, or a list was decided about."""
    form_ids = {change.key for change in happened if change.kind == "form_version"}
    projects = forms.find_projects(session, form_ids) if form_ids else set()
    if decided := {change.version for change in happened if change.kind == "entity_list"}:
        projects |= entity_decisions.find_projects_of_lists(session, decided)
    return [each for project_id in sorted(projects) for each in declared_lists(session, project_id)]


def _concerned_by_rules(session: Session, lists: Iterable[EntityList]) -> set[EntityKey]:
    """Name the entities of lists whose rules are others than before."""
    concerned: set[EntityKey] = set()
    for each in lists:
        known = entities.find_any_list(session, each.project_id, each.name)
        if known is not None and known.rules != each.rules:
            concerned |= set(entity_actions.find_changed_entities(session, each.project_id, each.name))
            concerned |= entity_decisions.find_changed_entities(session, each.project_id, each.name)
    return concerned

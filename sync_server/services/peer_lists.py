"""What a peer may have of entity lists: which lists, and of which entities it gets what people decided about them.

A peer knows the lists of a project that it has whole; one that has some forms knows the lists that these write or show.
An entity is in a hub's scope while its rows let it through, when its list is shared with all that get it, or when it
was registered at the hub (or one that the hub replaces), by a submission or by a person.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from sqlalchemy.orm import Session

from sync_server.core.entity_event import CREATE, UPSERT
from sync_server.core.entity_root import root_of
from sync_server.core.list_access import is_shared
from sync_server.core.list_condition import NOTHING, Condition, holds
from sync_server.core.scope import Grant, Scope
from sync_server.services.form_definitions import get_definition, get_entity_spec
from sync_server.services.list_scope import rows_in_scope
from sync_server.services.peer_scope import READ, WRITE, is_own
from sync_server.store import decided_entities, entities, entity_actions, entity_decisions, forms, peer_subjects
from sync_server.store.entities import EntityList
from sync_server.store.entity_actions import EntityKey, StoredAction
from sync_server.store.families import find_families
from sync_server.store.peer_subjects import Root
from sync_server.store.peers import PeerNode

SUFFIX = ".csv"
_MAKES = (CREATE, UPSERT)


class PeerLists:
    """Asked of one snapshot, in which entities should be folded to where it stands."""

    def __init__(self, session: Session, peer: PeerNode, scope: Scope) -> None:
        self._session, self._peer, self._scope = session, peer, scope
        self._conditions: dict[tuple[int, str], tuple[Condition, ...]] = {}

    def knows(self, project_id: int, list_name: str) -> bool:
        """Tell whether the peer may know that the list is there."""
        return bool(self._granted(project_id, list_name))

    def may_send(self, project_id: int, list_name: str) -> bool:
        """Tell whether the peer may send what its people decide about entities of the list."""
        return any(WRITE in grant.role.verbs for grant in self._granted(project_id, list_name))

    def has_whole(self, project_id: int) -> bool:
        """Tell whether the peer gets every entity of every list of the project."""
        return self._peer.is_centre or any(
            READ in grant.role.verbs and grant.rows is None and grant.covers(project_id, None)
            for grant in self._scope.grants
        )

    def find_inside(self, keys: Iterable[EntityKey]) -> set[EntityKey]:
        """Choose, of entities about which something was decided, those in the peer's scope."""
        known = {key for key in keys if self.knows(*key[:2])}
        inside = {key for key in known if self.has_whole(key[0])}
        inside |= set(self._in_rows(known - inside))
        return inside | self._registered(known - inside)

    def find_foreign(self, keys: Iterable[EntityKey]) -> set[EntityKey]:
        """Choose, of entities about which the peer decided something, those that are here and not for it to change.

        It may go on with what it ever had, of the entity or of what submissions did to it: its people may have decided
        before they heard that its scope changed, or their own decisions took the entity out of it.
        """
        wanted = set(keys)
        decided = decided_entities.find_decided(self._session, wanted)
        actions = entity_actions.find_actions_on(self._session, wanted)
        roots = [(root_of(key), key) for key in wanted]
        roots += [((action.project_id, action.form_id, action.root_id), action.entity) for action in actions]
        had = self._find_had({root for root, _ in roots})
        theirs = {key for key, made in decided.items() if any(node in self._peer.ids for _, node in made)}
        theirs |= {key for root, key in roots if root in had} | self._own(actions) | self.find_inside(wanted)
        return ({*decided} | {action.entity for action in actions}) - theirs

    def describe(self, project_id: int) -> list[object]:
        """Say in plain values what rules which entities of a project the peer gets: when it changes, the scope does.

        By which decisions is a part of it, because a rule that comes back is another scope: what happened meanwhile has
        to be gone through again. So is what else changes many entities at once and tells of none: how changes merge,
        and which properties there are.
        """
        if self.has_whole(project_id):
            return []
        known = [each for each in entities.iter_lists(self._session, project_id) if self.knows(project_id, each.name)]
        rules = [(each, sorted({repr(one) for one in self._rules(each) if one != NOTHING})) for each in known]
        named = [] if self._has_all_lists(project_id) else sorted(each.name for each in known)
        ruled = {e.name: [*of_list, list(e.properties), dict(e.rules)] for e, of_list in rules if of_list}
        decided = entity_decisions.find_list_decisions(self._session, project_id)
        about = ((each.name, one) for each in known for one in decided.get(each.name, ()))
        ruled_by = sorted(one.id for name, one in about if name in ruled or "access" in one.body)
        return [named, ruled, ruled_by] if named or ruled or ruled_by else []

    def _find_had(self, roots: Iterable[Root]) -> set[Root]:
        """Choose the subjects that the peer was ever sent."""
        entered = peer_subjects.find_entered(self._session, self._peer.id, roots)
        return {*entered} | peer_subjects.find_withdrawn(self._session, self._peer.id, roots)

    def _granted(self, project_id: int, list_name: str) -> list[Grant]:
        """The grants that reach a list: on the project, or on a form that writes or shows it."""
        return [
            grant
            for grant in self._scope.grants
            if grant.covers(project_id, None)
            or (grant.project_id == project_id and list_name in self._lists_of(project_id).get(grant.form_id or "", ()))
        ]

    def _has_all_lists(self, project_id: int) -> bool:
        return any(grant.covers(project_id, None) for grant in self._scope.grants)

    def _lists_of(self, project_id: int) -> Mapping[str, set[str]]:
        return self._lists_by_form.setdefault(project_id, dict(self._read_lists(project_id)))

    @cached_property
    def _lists_by_form(self) -> dict[int, dict[str, set[str]]]:
        return {}

    def _read_lists(self, project_id: int) -> Iterator[tuple[str, set[str]]]:
        """Each form that was granted by itself, with the lists that any version of it writes or shows."""
        named = {grant.form_id for grant in self._scope.grants if grant.project_id == project_id and grant.form_id}
        for form_id in sorted(named):
            lists: set[str] = set()
            for version in forms.iter_versions(self._session, project_id, form_id):
                media = get_definition(self._session, version).media
                lists |= {*get_entity_spec(self._session, version).lists}
                lists |= {name.removesuffix(SUFFIX) for name in media if name.endswith(SUFFIX)}
            yield form_id, lists

    def _rules(self, of_list: EntityList) -> tuple[Condition, ...]:
        """The conditions of which one must hold: of each grant that gives anything, or that the list is shared."""
        granted = self._granted(of_list.project_id, of_list.name)
        if is_shared(of_list.settings.access):
            return (rows_in_scope(of_list, None),) if granted else ()
        return tuple(rows_in_scope(of_list, grant.rows) for grant in granted if READ in grant.role.verbs)

    def _in_rows(self, keys: Iterable[EntityKey]) -> Iterator[EntityKey]:
        for (project_id, name), ids in entity_actions.ids_by_list(keys).items():
            of_list = entities.find_any_list(self._session, project_id, name)
            rules = self._rules(of_list) if of_list else ()
            if rules:
                found = entities.find_entities(self._session, project_id, name, ids)
                yield from (e.key for e in found if any(holds(rule, e.data, e.creator_id) for rule in rules))

    def _registered(self, keys: set[EntityKey]) -> set[EntityKey]:
        made = (action for action in entity_actions.find_actions_on(self._session, keys) if action.kind in _MAKES)
        makers = decided_entities.find_makers(self._session, keys) if keys else {}
        return self._own(made) | {key for key, nodes in makers.items() if not self._peer.ids.isdisjoint(nodes)}

    def _own(self, actions: Iterable[StoredAction]) -> set[EntityKey]:
        """The entities of those of these actions that stand in submissions which the peer received itself."""
        of_root: dict[tuple[int, str, str], set[EntityKey]] = {}
        for action in actions:
            of_root.setdefault((action.project_id, action.form_id, action.root_id), set()).add(action.entity)
        found = find_families(self._session, {root_id for _, _, root_id in of_root}) if of_root else []
        own = ((f.project_id, f.form_id, name) for f in found if is_own(self._peer, f) for name in f.names)
        return {key for root in own for key in of_root.get(root, ())}

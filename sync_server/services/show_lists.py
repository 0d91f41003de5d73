"""Show entity lists with what makes them: which forms write and show them, since when, how much they hold."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from sync_server.core.ids import sha256_hex
from sync_server.node import Node
from sync_server.services import consumers
from sync_server.services.access import require
from sync_server.services.edit_entities import ListPlace, get_list
from sync_server.services.form_definitions import get_entity_spec
from sync_server.services.served_lists import find_form_lists
from sync_server.store import entities, entity_decisions, entity_pages, forms, projects
from sync_server.store.accounts import Actor
from sync_server.store.entities import EntityList
from sync_server.store.entity_pages import ListCounts
from sync_server.store.forms import Form, FormVersion

PATIENCE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class ShownList:
    """A list with when it came to be and what it holds; `number` names one that was deleted."""

    list: EntityList
    created_at: datetime
    counts: ListCounts
    number: int | None = None


@dataclass(frozen=True, slots=True)
class ShownProperty:
    name: str
    since: datetime
    forms: list[Form]


@dataclass(frozen=True, slots=True)
class ListDetails:
    """A list with the forms whose current version writes it (`sources`) and shows it (`links`)."""

    shown: ShownList
    changed_at: datetime
    sources: list[Form]
    links: list[Form]
    properties: list[ShownProperty]


@dataclass(slots=True)
class _Since:
    """When a list came to be, and each of its properties."""

    list: datetime | None = None
    properties: dict[str, datetime] = field(default_factory=dict)

    def note(self, at: datetime, properties: Iterable[str]) -> None:
        self.list = min(self.list or at, at)
        for name in properties:
            self.properties[name] = min(self.properties.get(name, at), at)


def list_lists(node: Node, actor: Actor | None, project_id: int, *, is_deleted: bool = False) -> list[ShownList]:
    """List a project's lists by name; or those that were deleted, which have numbers."""
    require(node, actor, "dataset.list", project_id=project_id)
    consumers.fold_received(node, seconds=PATIENCE_SECONDS)
    with node.database.read() as session:
        found = [e for e in entities.iter_all_lists(session, project_id) if e.settings.is_deleted == is_deleted]
        return _show(session, project_id, found)


def get_list_details(node: Node, place: ListPlace) -> ListDetails:
    """Return one list with its forms and properties; raise NotFound."""
    require(node, place.actor, "dataset.read", project_id=place.project_id)
    consumers.fold_received(node, seconds=PATIENCE_SECONDS)
    with node.database.read() as session:
        of_list = get_list(session, place)
        (shown,) = _show(session, place.project_id, [of_list])
        since = _find_since(session, place.project_id).get(place.name, _Since())
        current = forms.iter_forms(session, place.project_id)
        last = entity_pages.find_last_change(session, place.project_id, place.name)
        changed = datetime.fromisoformat(of_list.settings.changed_at) if of_list.settings.changed_at else None
        return ListDetails(
            shown,
            max(filter(None, (last, changed, shown.created_at))),
            [form for form in current if place.name in get_entity_spec(session, form.current).lists],
            [form for form in current if _shows(session, form, place.name)],
            [
                ShownProperty(
                    name, since.properties.get(name, shown.created_at), _saving(session, current, place, name)
                )
                for name in of_list.properties
            ],
        )


def trash_number(uid: str, of_list: EntityList) -> int:
    """Return the number of a deleted list: the same at every node, and another when it is deleted a second time.

    Nodes call projects by different numbers, and count rows in different orders; what all of them have is the
    project's uid, the list's name and the decision that deleted it.
    """
    content = "\n".join((uid, of_list.name, of_list.settings.changed_at or ""))
    return int(sha256_hex(content.encode())[:8], 16) % (2**31 - 1)


def _show(session: Session, project_id: int, found: list[EntityList]) -> list[ShownList]:
    since, uid = _find_since(session, project_id), projects.find_uid(session, project_id) or ""
    counts = entity_pages.count_lists(session, project_id, (each.name for each in found))
    return [
        ShownList(
            each,
            since.get(each.name, _Since()).list or datetime.fromtimestamp(0, UTC),
            counts[each.name],
            trash_number(uid, each) if each.settings.is_deleted else None,
        )
        for each in found
    ]


def _find_since(session: Session, project_id: int) -> dict[str, _Since]:
    """Since when each list and each property is there: a form version was published, or a person decided so."""
    since: dict[str, _Since] = {}
    for version in forms.iter_project_versions(session, project_id):
        for name, properties in get_entity_spec(session, version).lists.items():
            since.setdefault(name, _Since()).note(version.published_at, properties)
    for name, decided in entity_decisions.find_list_decisions(session, project_id).items():
        for each in decided:
            added = [each.body["name"]] if each.body.get("act") == "add property" else []
            since.setdefault(name, _Since()).note(each.decided_at, added)
    return since


def _shows(session: Session, form: Form, name: str) -> bool:
    return name in {each.name for each in find_form_lists(session, form.project_id, form.current.row_id)}


def _saving(session: Session, current: Iterable[Form], place: ListPlace, name: str) -> list[Form]:
    return [form for form in current if name in _saved_by(session, form.current, place.name)]


def _saved_by(session: Session, version: FormVersion, list_name: str) -> tuple[str, ...]:
    return get_entity_spec(session, version).lists.get(list_name, ())

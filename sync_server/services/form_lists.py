"""The entity lists of one form: those it writes, those it picks from, and whether it gets them or a file."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy.orm import Session

from sync_server.entity_errors import ListStaysLinked
from sync_server.errors import MediaNotNamed, NotFound
from sync_server.node import Node
from sync_server.services import consumers
from sync_server.services.access import require
from sync_server.services.audit import make_act, write_act
from sync_server.services.form_definitions import get_definition, get_entity_spec
from sync_server.services.project_home import require_led_here
from sync_server.services.served_lists import SUFFIX, find_form_lists
from sync_server.store import entities, forms
from sync_server.store.accounts import Actor
from sync_server.store.assignments import actee_of
from sync_server.store.entities import EntityList
from sync_server.store.forms import FormVersion

PATIENCE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class WrittenList:
    """A list, and the properties that a form saves to it."""

    list: EntityList
    saved: Collection[str]


def find_written_lists(node: Node, project_id: int, form_id: str) -> list[WrittenList]:
    """Find the lists that the current version of a form writes, by name."""
    consumers.fold_received(node, seconds=PATIENCE_SECONDS)
    with node.database.read() as session:
        saved = get_entity_spec(session, forms.get_form(session, project_id, form_id).current).lists
        lists = entities.iter_lists(session, project_id)
    return [WrittenList(each, saved[each.name]) for each in lists if each.name in saved]


def find_linked_files(node: Node, project_id: int, version_id: int) -> set[str]:
    """Name the files in the place of which a form version gets a list."""
    consumers.fold_received(node, seconds=PATIENCE_SECONDS)
    with node.database.read() as session:
        return {f"{each.name}{SUFFIX}" for each in find_form_lists(session, project_id, version_id)}


def link_list(node: Node, actor: Actor | None, form_id: str, name: str, *, project_id: int, is_linked: bool) -> None:
    """Let a form's current version get the list of this name instead of the file, or not.

    A file beside the form goes before a list, so linking takes it away; its bytes are kept. A list that is linked
    stays so until somebody puts a file there: ListStaysLinked. Raises MediaNotNamed, and NotFound for no such list.
    """
    require(node, actor, "form.update", project_id=project_id, form_id=form_id)
    require_led_here(node, project_id)
    consumers.fold_received(node)
    with node.database.read() as session:
        version = forms.get_form(session, project_id, form_id).current
        named = get_definition(session, version).media
        linked = {f"{each.name}{SUFFIX}" for each in find_form_lists(session, project_id, version.row_id)}
        lists = {f"{each.name}{SUFFIX}" for each in entities.iter_lists(session, project_id)}
    if name not in named:
        raise MediaNotNamed(name=name, names=", ".join(named) or "none")
    if not is_linked and name in linked:
        raise ListStaysLinked(value=name.removesuffix(SUFFIX))
    if is_linked and name not in lists:
        raise NotFound
    if is_linked and name not in linked:
        _take_away(node, actor, version, name)


def _take_away(node: Node, actor: Actor | None, version: FormVersion, name: str) -> None:
    act = make_act(
        actor, "form.attachment.update", actee_of(version.project_id, version.form_id), name=name, dataset=True
    )

    def take_away(session: Session) -> None:
        forms.remove_attachment(session, version.row_id, name)
        write_act(session, act)

    node.write(take_away)

"""The page of one entity: what it is, what disagrees about it and can be settled, and everything that happened."""

from collections.abc import Callable

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from sync_server.core.entity_event import DELETE, DELETION
from sync_server.errors import Problem
from sync_server.protocols.authentication import current_node
from sync_server.protocols.needs import needs
from sync_server.services import access
from sync_server.services.edit_entities import ListPlace, delete_entities, restore_entities, settle_entity
from sync_server.services.see_entities import EDIT, VERB, SeenEntity, see_entity
from sync_server.store.accounts import Actor
from sync_server.web import visitors
from sync_server.web.office.blueprint import office, say
from sync_server.web.office.entity_words import KINDS, say_about


@office.get("/lists/<int:project_id>/<list_name>/<entity_id>")
@needs(verb=VERB, is_filtered=True)
def show_entity(project_id: int, list_name: str, entity_id: str) -> ResponseReturnValue:
    actor = visitors.require_sign_in()
    return _show(actor, see_entity(current_node(), actor, project_id, list_name, entity_id))


@office.post("/lists/<int:project_id>/<list_name>/<entity_id>/settle")
@needs(verb=EDIT, is_filtered=True)
def post_settlement(project_id: int, list_name: str, entity_id: str) -> ResponseReturnValue:
    """Settle as chosen: each field names the event whose word counts, as it was shown when the page was made."""
    actor, node = visitors.require_own_page(), current_node()
    view = see_entity(node, actor, project_id, list_name, entity_id)
    chosen = {about: _chosen(claims, request.form.get(f"about-{about}")) for about, claims in view.conflicts.items()}
    keeps = None if chosen.get(DELETION) is None else chosen.pop(DELETION) != DELETE
    said = {about: value for about, value in chosen.items() if value is not None and about != DELETION}
    base = request.form.get("version", type=int)
    return _do(
        actor, project_id, list_name, entity_id,
        lambda place: settle_entity(node, place, entity_id, said, base=base, keeps=keeps),
    )  # fmt: skip


@office.post("/lists/<int:project_id>/<list_name>/<entity_id>/delete")
@needs(verb="entity.delete", is_filtered=True)
def post_deletion(project_id: int, list_name: str, entity_id: str) -> ResponseReturnValue:
    actor, node = visitors.require_own_page(), current_node()
    see_entity(node, actor, project_id, list_name, entity_id)
    return _do(actor, project_id, list_name, entity_id, lambda place: delete_entities(node, place, [entity_id]))


@office.post("/lists/<int:project_id>/<list_name>/<entity_id>/restore")
@needs(verb="entity.restore", is_filtered=True)
def post_restoration(project_id: int, list_name: str, entity_id: str) -> ResponseReturnValue:
    actor, node = visitors.require_own_page(), current_node()
    see_entity(node, actor, project_id, list_name, entity_id)
    return _do(actor, project_id, list_name, entity_id, lambda place: restore_entities(node, place, [entity_id]))


def _chosen(claims: object, event_id: str | None) -> str | None:
    assert isinstance(claims, list)
    return next((value for happening, value in claims if happening.dated.version.event.id == event_id), None)


def _do(
    actor: Actor, project_id: int, list_name: str, entity_id: str, act: Callable[[ListPlace], None]
) -> ResponseReturnValue:
    try:
        act(ListPlace(project_id, list_name, actor))
    except Problem as problem:
        view = see_entity(current_node(), actor, project_id, list_name, entity_id)
        return _show(actor, view, problem), problem.status
    return redirect(url_for("office.show_entity", project_id=project_id, list_name=list_name, entity_id=entity_id), 303)


def _show(actor: Actor, view: SeenEntity, problem: Problem | None = None) -> str:
    may = access.scope_of(current_node(), actor).may
    return render_template(
        "office/entity.html",
        view=view,
        problem=say(problem) if problem else "",
        kinds=KINDS,
        say_about=say_about,
        deletion=DELETION,
        may_edit=may(EDIT, view.list.project_id, None),
        may_delete=may("entity.delete", view.list.project_id, None),
        may_restore=may("entity.restore", view.list.project_id, None),
    )

"""Commands that show entities: the lists that tablets share, one entity with its history, actions that failed.

Those that change something stand in entity_edits.py and entity_upload.py.
"""

from zoneinfo import ZoneInfo

import click

from sync_server.cli import entity_edits, entity_upload
from sync_server.cli.entity_options import in_project, no_list
from sync_server.cli.options import open_node, when_not_found
from sync_server.core.entity_event import DELETION, EntityEvent
from sync_server.services.list_entities import (
    EntityHistory,
    ListOverview,
    get_history,
    iter_failed_actions,
    iter_list,
    list_entity_lists,
)
from sync_server.settings import Settings
from sync_server.store.entities import StoredEntity
from sync_server.store.entity_actions import StoredAction

FAILURES = {
    "bad_id": "its id is no UUID; correct the form's entity_id, or edit the submission",
    "no_label": "it has no label; correct the form's label, or edit the submission",
    "no_version": "it does not say which version it changes; edit it with a client that knows entities",
    "bad_version": "its version is no whole number; edit the submission",
    "unknown_list": "its form version writes no list of that name; correct the form's list_name",
    "unknown_property": "the form saves to a name that no property may have; correct save_to",
    "unknown_specification": "the form follows a specification of entities that is not known here; update the server",
    "unknown_version": "its form version is not here; publish it, or wait for the round that brings it",
    "not_approved": "the list takes only what approved submissions do; approve the submission",
    "cannot_tell": "whether it registers somebody only the tablet could tell; register by hand",
}
"""What to do about each failure, in words for who runs the server."""


@click.group(short_help="The lists that tablets share, and what happened to what is in them.")
def entities() -> None:
    """Show and change entity lists and what is in them; show actions that failed."""


@entities.command("list", short_help="List the entity lists, or what is in one.")
@click.argument("name", metavar="[LIST]", required=False)
@in_project
@click.option("--look", "needs_person", is_flag=True, help="Only what a person should look at: conflicts, and waiting.")
@click.pass_obj
def list_(settings: Settings, name: str | None, project_id: int, needs_person: bool) -> None:
    """List the entity lists of a project; with LIST, what is in that list."""
    with open_node(settings) as node:
        if name is None:
            for each in list_entity_lists(node, project_id=project_id):
                click.echo(_overview(each))
            return
        with when_not_found(no_list(name, project_id)):
            for entity in iter_list(node, name, project_id=project_id, needs_person=needs_person):
                click.echo(_line(entity))


@entities.command("failed", short_help="List what submissions could not do to entities, and why.")
@in_project
@click.pass_obj
def failed(settings: Settings, project_id: int) -> None:
    """List the actions that failed. The submissions are stored; the actions are tried again when that can help."""
    with open_node(settings) as node:
        for action in iter_failed_actions(node, project_id=project_id):
            click.echo(_failed_line(action))


@entities.command("show", short_help="Show an entity: its properties, its conflicts, its history.")
@click.argument("name", metavar="LIST")
@click.argument("entity_id", metavar="ENTITY")
@in_project
@click.pass_obj
def show(settings: Settings, name: str, entity_id: str, project_id: int) -> None:
    """Show the entity ENTITY (its id) of LIST."""
    none = f"Nothing is known of {entity_id} in the list {name}. See what there is: sync-server entities list {name}"
    with open_node(settings) as node, when_not_found(none):
        _say(get_history(node, name, entity_id, project_id=project_id), ZoneInfo(settings.timezone))


def _overview(each: ListOverview) -> str:
    properties = ", ".join(each.list.properties) or "no properties"
    return (
        f"{each.list.name}  entities={each.list.served} conflicts={each.conflicts} waiting={each.waiting}  {properties}"
    )


def _line(entity: StoredEntity) -> str:
    return f"{entity.entity_id}  {entity.number}  {entity.label}{_remark(entity)}"


def _remark(entity: StoredEntity) -> str:
    remarks = (
        ("deleted", entity.is_deleted),
        ("conflict", entity.has_conflict),
        ("waits", entity.is_waiting),
    )
    said = ", ".join(word for word, holds in remarks if holds)
    return f"  ({said})" if said else ""


def _failed_line(action: StoredAction) -> str:
    reason = FAILURES.get(action.failure or "", action.failure)
    return f"{action.form_id} {action.root_id}{action.place}  {action.list_name} {action.entity_id}: {reason}"


def _say(history: EntityHistory, zone: ZoneInfo) -> None:
    entity, waits = history.entity, set(history.entity.state["waits"])
    click.echo(f"{entity.label}{_remark(entity)}")
    click.echo(f"version {entity.number}")
    for name in sorted(history.shown & entity.data.keys()):
        click.echo(f"  {name}: {entity.data[name]}")
    for conflict in entity.state["conflicts"]:
        click.echo(_conflict(conflict["about"], [value for _event, value in conflict["claims"]], history.shown))
    for action in history.actions:
        waiting = "  (waits for what it builds upon)" if action.event_id in waits else ""
        when = f"{action.received_at.astimezone(zone):%Y-%m-%d %H:%M %z}"
        click.echo(f"{when}  {_did(action.event, history.shown)}{waiting}")


def _conflict(about: str, values: list[str], shown: frozenset[str]) -> str:
    if about not in shown:
        return "conflict about a property that is not shown"
    first, *others = values
    said = f"shown is '{first}', also said: {', '.join(map(repr, others))}"
    return f"conflict about {'deleting it' if about == DELETION else about}: {said}"


def _did(event: EntityEvent, shown: frozenset[str]) -> str:
    said = ", ".join(f"{name}={value}" for name, value in sorted(event.values.items()) if name in shown)
    return f"{event.kind} by {event.source}: {said}" if said else f"{event.kind} by {event.source}"


for command in (*entity_edits.COMMANDS, *entity_upload.COMMANDS):
    entities.add_command(command)

COMMANDS = (entities,)

"""Commands by which an operator makes lists, and changes, settles, deletes and restores what is in them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from sync_server.cli.entity_options import in_project, no_entity, no_list
from sync_server.cli.options import open_node, when_not_found
from sync_server.core.entity_event import LABEL
from sync_server.node import Node
from sync_server.services.edit_entities import (
    ListPlace,
    delete_entities,
    restore_entities,
    settle_entity,
    update_entity,
)
from sync_server.services.edit_lists import add_property, change_list, make_list
from sync_server.services.list_entities import find_entity_list
from sync_server.settings import Settings
from sync_server.store.entities import EntityList

_reason = click.option("--reason", default="", help="Why; kept with the change.")
EVERYBODY = "everybody"


@click.command("make", short_help="Make a list, or add properties to one.")
@click.argument("name", metavar="LIST")
@click.option("--property", "properties", multiple=True, help="A property of it. Can be given again.")
@in_project
@click.pass_obj
def make(settings: Settings, name: str, properties: tuple[str, ...], project_id: int) -> None:
    """Make the list LIST, unless it is there, and add properties. Lists that forms write come by themselves."""
    place = ListPlace(project_id, name)
    with open_node(settings) as node, when_not_found(f"There is no project {project_id}."):
        found = find_entity_list(node, name, project_id=project_id)
        if found is None:
            make_list(node, place)
        for each in properties:
            if found is None or each not in found.properties:
                add_property(node, place, each)
        click.echo(_said(find_entity_list(node, name, project_id=project_id)))


@click.command("settings", short_help="Show or set what a list takes, and who gets what of it.")
@click.argument("name", metavar="LIST")
@click.option("--approval/--no-approval", default=None, help="Whether only what approved submissions do counts.")
@click.option("--access", help=f"Who gets which entities: a rule as JSON, or '{EVERYBODY}'.")
@in_project
@click.pass_obj
def settings_(settings: Settings, name: str, approval: bool | None, access: str | None, project_id: int) -> None:
    """Show what was decided about LIST; with options, decide."""
    wanted: dict[str, Any] = {} if approval is None else {"needs_approval": approval}
    if access is not None:
        wanted["access"] = _read_access(access)
    with _node(settings, name, project_id) as node:
        if wanted:
            change_list(node, ListPlace(project_id, name), wanted)
        found = find_entity_list(node, name, project_id=project_id)
    if found is None:
        raise click.ClickException(no_list(name, project_id))
    click.echo(_said(found))


@click.command("edit", short_help="Change an entity's label or properties.")
@click.argument("name", metavar="LIST")
@click.argument("entity_id", metavar="ENTITY")
@click.argument("values", metavar="NAME=VALUE…", nargs=-1, required=True)
@click.option("--version", "base", type=int, help="Only if this is its version still.")
@_reason
@in_project
@click.pass_obj
def edit(
    settings: Settings, name: str, entity_id: str, values: tuple[str, ...], base: int | None, reason: str,
    project_id: int,
) -> None:  # fmt: skip
    """Change the entity ENTITY (its id) of LIST, such as status=closed; `label=…` is what people see in forms."""
    said = _read_values(values)
    with _node(settings, name, project_id, entity_id) as node:
        update_entity(
            node, ListPlace(project_id, name, source=reason), entity_id, said, base=base, is_forced=base is None
        )
    click.echo(f"{entity_id} is changed. Tablets get it at their next sync.")


@click.command("settle", short_help="Settle what is in conflict about an entity.")
@click.argument("name", metavar="LIST")
@click.argument("entity_id", metavar="ENTITY")
@click.argument("values", metavar="[NAME=VALUE]…", nargs=-1)
@_reason
@in_project
@click.pass_obj
def settle(
    settings: Settings, name: str, entity_id: str, values: tuple[str, ...], reason: str, project_id: int
) -> None:
    """Settle the conflict about ENTITY for the values given; those not given stay as they are shown now."""
    said = _read_values(values)
    with _node(settings, name, project_id, entity_id) as node:
        settle_entity(node, ListPlace(project_id, name, source=reason), entity_id, said, is_forced=True)
    click.echo(f"{entity_id} is settled. Tablets get it at their next sync.")


@click.command("delete", short_help="Delete entities: tablets no longer get them.")
@click.argument("name", metavar="LIST")
@click.argument("entity_ids", metavar="ENTITY…", nargs=-1, required=True)
@_reason
@in_project
@click.pass_obj
def delete(settings: Settings, name: str, entity_ids: tuple[str, ...], reason: str, project_id: int) -> None:
    """Delete entities of LIST, all or none. What was gathered about them stays; `restore` brings them back."""
    with _node(settings, name, project_id, entity_ids[0] if len(entity_ids) == 1 else "one of these") as node:
        delete_entities(node, ListPlace(project_id, name, source=reason), entity_ids)
    click.echo(f"Deleted: {len(set(entity_ids))}. They leave the tablets at their next sync.")


@click.command("restore", short_help="Bring deleted entities back.")
@click.argument("name", metavar="LIST")
@click.argument("entity_ids", metavar="ENTITY…", nargs=-1, required=True)
@_reason
@in_project
@click.pass_obj
def restore(settings: Settings, name: str, entity_ids: tuple[str, ...], reason: str, project_id: int) -> None:
    """Bring deleted entities of LIST back, all or none."""
    with _node(settings, name, project_id, entity_ids[0] if len(entity_ids) == 1 else "one of these") as node:
        restore_entities(node, ListPlace(project_id, name, source=reason), entity_ids)
    click.echo(f"Restored: {len(set(entity_ids))}. Tablets get them at their next sync.")


@contextmanager
def _node(settings: Settings, name: str, project_id: int, entity_id: str = "") -> Iterator[Node]:
    missing = no_entity(name, entity_id, project_id) if entity_id else no_list(name, project_id)
    with open_node(settings) as node, when_not_found(missing):
        yield node


def _read_values(pairs: tuple[str, ...]) -> dict[str, str]:
    for pair in pairs:
        if "=" not in pair:
            raise click.UsageError(f"'{pair}' is no NAME=VALUE. Write it as in status=closed.")
    return dict(pair.split("=", 1) for pair in pairs)


def _read_access(text: str) -> Any:
    if text == EVERYBODY:
        return None
    try:
        rule = json.loads(text)
    except ValueError:
        rule = None
    if not isinstance(rule, dict):
        raise click.UsageError(f"--access takes a JSON object, or '{EVERYBODY}'.")
    return rule


def _said(found: EntityList | None) -> str:
    assert found is not None
    access = EVERYBODY if found.settings.access is None else json.dumps(dict(found.settings.access))
    return (
        f"{found.name}\n  {LABEL} and: {', '.join(found.properties) or 'no properties'}\n"
        f"  takes: {'what approved submissions do' if found.settings.needs_approval else 'what submissions do'}\n"
        f"  access: {access}"
    )


COMMANDS = (make, edit, settle, delete, restore, settings_)

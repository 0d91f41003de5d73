"""Commands about what people may: grant a role, take one away."""

import click

from sync_server.cli.options import open_node, when_not_found
from sync_server.core.roles import ADMIN, Role, find_role
from sync_server.core.scope import Grant
from sync_server.core.sensitivity import Level
from sync_server.node import Node
from sync_server.services.assign_roles import assign_role, unassign_role
from sync_server.services.sign_in import find_secrets
from sync_server.settings import Settings
from sync_server.store.accounts import Actor
from sync_server.store.assignments import actee_of

_FOR_PEOPLE = ("admin", "manager", "coordinator", "viewer", "mne", "protection", "formfill")
_role = click.argument("role_name", metavar="ROLE", type=click.Choice(_FOR_PEOPLE))
_project = click.option("--project", "project_id", type=int, default=1, show_default=True, help="Where.")
_form = click.option("--form", "form_id", help="On one form of the project only.")


@click.group()
def role() -> None:
    """What people may: grant a role, take one away."""


@role.command("grant")
@click.argument("email")
@_role
@_project
@_form
@click.option("--rows", help="Only of these rows, such as: #adm2+code eq 'IQ-NI-03'")
@click.option(
    "--level", type=click.Choice([level.word for level in Level]), help="Answers up to this sensitivity. [the role's]"
)
@click.pass_obj
def grant_role(
    settings: Settings, email: str, role_name: str, project_id: int, form_id: str | None, rows: str | None,
    level: str | None,
) -> None:  # fmt: skip
    """Give EMAIL a role; again, with other rows or another level, changes it. An administrator's is of the whole
    server."""
    where = (None, None) if role_name == ADMIN.system else (project_id, form_id)
    narrowed = Level[level.upper()] if level else None
    grant = Grant(_find(role_name), where[0], where[1], rows, narrowed)
    with open_node(settings) as node, when_not_found(f"There is no project {project_id}."):
        assign_role(node, None, get_person(node, email).id, grant)
    click.echo(f"{email}: {write_grant(grant)}")


@role.command("revoke")
@click.argument("email")
@_role
@_project
@_form
@click.pass_obj
def revoke_role(settings: Settings, email: str, role_name: str, project_id: int, form_id: str | None) -> None:
    """Take a role of EMAIL away."""
    where = (None, None) if role_name == ADMIN.system else (project_id, form_id)
    with open_node(settings) as node, when_not_found(f"{email} does not have that role there."):
        person = get_person(node, email)
        unassign_role(node, None, person.id, _find(role_name), project_id=where[0], form_id=where[1])
    click.echo(f"{email} is {role_name} there no more.")


def get_person(node: Node, email: str) -> Actor:
    """Return whose account this is; say what to do when there is none."""
    found = find_secrets(node, email)
    if found is None:
        raise click.UsageError(f"There is no account {email}. See those there are: sync-server user list")
    return found.actor


def write_grant(grant: Grant) -> str:
    """Write a role, where it holds, and how narrow it is."""
    parts = [grant.role.system, actee_of(grant.project_id, grant.form_id)]
    if grant.rows:
        parts.append(f"rows {grant.rows}")
    if grant.level is not None:
        parts.append(f"up to {grant.level.word}")
    return " ".join(parts)


def _find(name: str) -> Role:
    found = find_role(name)
    assert found is not None  # a Choice of them
    return found

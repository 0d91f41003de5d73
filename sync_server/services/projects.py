"""Projects: make one, name it, set it aside, delete it. A deleted one is gone for everybody, and loses nothing.

What tablets still send for a deleted project is stored and waits: its forms are closed with it.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy.orm import Session

from sync_server.core.scope import Scope
from sync_server.errors import MissingParameter, UnexpectedValue
from sync_server.node import Node
from sync_server.services.access import change_access, require, require_project, require_somewhere
from sync_server.services.audit import make_act, noted, write_act
from sync_server.services.form_state import decide_form_state
from sync_server.services.managed_encryption import find_key_id
from sync_server.services.project_home import require_led_here
from sync_server.store import assignments, entities, entity_pages, forms, projects
from sync_server.store.accounts import Actor
from sync_server.store.forms import CLOSED, Form
from sync_server.store.projects import Project, ProjectCounts

log = logging.getLogger(__name__)

LONGEST_NAME, LONGEST_DESCRIPTION = 500, 20_000
READ = "project.read"


@dataclass(frozen=True, slots=True)
class ShownProject:
    """A project, what it holds, and what the actor may do there."""

    project: Project
    counts: ProjectCounts
    verbs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ListedForm:
    """A form, when the newest submission came, and the number of the project's key if it is sealed with it."""

    form: Form
    newest: datetime | None
    key_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectChanges:
    """What is to be set; what is None stays as it is, and an empty description is none."""

    name: str | None = None
    description: str | None = None
    is_archived: bool | None = None


def add_project(node: Node, actor: Actor | None, name: str, *, description: str | None = None) -> Project:
    require(node, actor, "project.create")
    name = _require_name(name)
    _require_description(description)
    act = make_act(actor, "project.create", name=name)

    def add(session: Session) -> Project:
        now = datetime.now(UTC)
        project = projects.add_project(session, name=name, description=description or None, uid=uuid4().hex, now=now)
        write_act(session, act, actee=f"project:{project.id}")
        return project

    project = change_access(node, add)
    log.info("project added project=%d node=%s", project.id, node.id)
    return project


def list_projects(node: Node, scope: Scope) -> list[ShownProject]:
    """List the projects of which the actor has something, by name, the archived ones last."""
    with node.database.read() as session:
        found = [p for p in projects.iter_projects(session) if scope.may_somewhere(READ, p.id)]
        return _show(session, scope, found)


def get_project(node: Node, actor: Actor | None, project_id: int) -> ShownProject:
    require_project(node, project_id)
    scope = require_somewhere(node, actor, READ, project_id=project_id)
    with node.database.read() as session:
        return _show(session, scope, [projects.get_project(session, project_id)])[0]


def change_project(node: Node, actor: Actor | None, project_id: int, changes: ProjectChanges) -> Project:
    """Name it, describe it, set it aside or take it back."""
    require_project(node, project_id)
    require(node, actor, "project.update", project_id=project_id)
    require_led_here(node, project_id)
    require_changes(changes)
    return node.write(noted(lambda session: change(session, actor, project_id, changes)))


def delete_project(node: Node, actor: Actor | None, project_id: int) -> None:
    """Take it away from everybody: roles in it end, its forms are closed, and nothing it holds is removed."""
    require_project(node, project_id)
    require(node, actor, "project.delete", project_id=project_id)
    require_led_here(node, project_id)

    def delete(session: Session) -> None:
        for form in forms.iter_forms(session, project_id):
            decide_form_state(session, actor, project_id, form.form_id, CLOSED, "the project was deleted")
        assignments.delete_assignments_in(session, project_id)
        projects.delete_project(session, project_id, now=datetime.now(UTC))
        write_act(session, make_act(actor, "project.delete", f"project:{project_id}"))

    change_access(node, delete)
    log.info("project deleted project=%d node=%s", project_id, node.id)


def require_changes(changes: ProjectChanges) -> None:
    """Raise MissingParameter or UnexpectedValue for a name or a description that cannot be."""
    if changes.name is not None:
        _require_name(changes.name)
    _require_description(changes.description)


def change(session: Session, actor: Actor | None, project_id: int, changes: ProjectChanges) -> Project:
    """Change a project, in a transaction that may do more; the right to was asked for before."""
    now = datetime.now(UTC)
    values: dict[str, Any] = {}
    if changes.name is not None:
        values["name"] = changes.name.strip()
    if changes.description is not None:
        values["description"] = changes.description or None
    before = projects.get_project(session, project_id)
    if changes.is_archived is not None and changes.is_archived != before.is_archived:
        values["archived_at"] = now if changes.is_archived else None
    details = {"name": changes.name, "archived": changes.is_archived}
    said = {key: value for key, value in details.items() if value is not None}
    write_act(session, make_act(actor, "project.update", f"project:{project_id}", **said))
    return projects.change_project(session, project_id, now=now, **values)


def list_forms(node: Node, scope: Scope, project_id: int) -> list[ListedForm]:
    """List the forms of a project of which the actor may know."""
    with node.database.read() as session:
        newest = projects.find_last_submissions(session)
        return [
            ListedForm(form, _newest(scope, newest, project_id, form.form_id), find_key_id(session, form.current))
            for form in forms.iter_forms(session, project_id)
            if scope.may("form.list", project_id, form.form_id)
        ]


def _show(session: Session, scope: Scope, found: Sequence[Project]) -> list[ShownProject]:
    """Count what the actor may know: who reads a part of a form is not told when the newest submission came."""
    by_forms, by_devices = projects.count_forms(session), projects.count_app_users(session)
    newest = projects.find_last_submissions(session)
    return [
        ShownProject(
            project,
            ProjectCounts(
                forms=_count_forms(session, scope, project.id, by_forms.get(project.id, 0)),
                app_users=by_devices.get(project.id, 0) if scope.may(READ, project.id) else 0,
                last_submission=max(filter(None, _all_newest(scope, newest, project.id)), default=None),
                datasets=len(lists := _lists(session, scope, project.id)),
                last_entity=_newest_entity(session, scope, project.id, lists),
            ),
            scope.verbs(project.id),
        )
        for project in found
    ]


def _lists(session: Session, scope: Scope, project_id: int) -> list[str]:
    may = scope.may("dataset.list", project_id)
    return [each.name for each in entities.iter_lists(session, project_id)] if may else []


def _newest_entity(session: Session, scope: Scope, project_id: int, lists: list[str]) -> datetime | None:
    counted = entity_pages.count_lists(session, project_id, lists if scope.may("entity.list", project_id) else ())
    return max((each.newest for each in counted.values() if each.newest), default=None)


def _count_forms(session: Session, scope: Scope, project_id: int, every: int) -> int:
    if scope.may("form.list", project_id) or scope.may("open_form.list", project_id):
        return every
    found = forms.iter_forms(session, project_id)
    return sum(1 for form in found if scope.may("open_form.list", project_id, form.form_id))


def _all_newest(scope: Scope, newest: dict[tuple[int, str], datetime], project_id: int) -> list[datetime | None]:
    mine = [form_id for owner, form_id in newest if owner == project_id]
    return [_newest(scope, newest, project_id, form_id) for form_id in mine]


def _newest(scope: Scope, newest: dict[tuple[int, str], datetime], project_id: int, form_id: str) -> datetime | None:
    return newest.get((project_id, form_id)) if scope.sees_whole(project_id, form_id, "submission.list") else None


def _require_name(name: str) -> str:
    if not name.strip():
        raise MissingParameter(field="name")
    if len(name) > LONGEST_NAME:
        raise UnexpectedValue(field="name", value=name[:40], reason=f"{LONGEST_NAME} characters are the most.")
    return name.strip()


def _require_description(description: str | None) -> None:
    if description and len(description) > LONGEST_DESCRIPTION:
        reason = f"{LONGEST_DESCRIPTION} characters are the most."
        raise UnexpectedValue(field="description", value=description[:40], reason=reason)

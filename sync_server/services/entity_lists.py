"""Which entity lists a project has: those that its forms write, with their properties and how changes merge."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from sync_server.services.form_definitions import get_entity_spec
from sync_server.store import forms
from sync_server.store.entities import EntityList
from sync_server.store.forms import FormVersion


def declared_lists(session: Session, project_id: int) -> list[EntityList]:
    """Gather the lists from every version of every form: a property once saved stays. The newest rule holds."""
    properties: dict[str, set[str]] = {}
    rules: dict[str, dict[str, str]] = {}
    for version in forms.iter_project_versions(session, project_id):
        for name, saved in get_entity_spec(session, version).lists.items():
            properties.setdefault(name, set()).update(saved)
        for name, saved_to, cell in _rules(session, version):
            rules.setdefault(name, {})[saved_to] = cell
    return [
        EntityList(project_id=project_id, name=name, properties=tuple(sorted(saved)), rules=rules.get(name, {}))
        for name, saved in sorted(properties.items())
    ]


def _rules(session: Session, version: FormVersion) -> Iterator[tuple[str, str, str]]:
    for declaration in get_entity_spec(session, version).declarations:
        for path, saved_to in declaration.properties.items():
            if cell := version.annotations.get(path, {}).get("merge"):
                yield declaration.list_name, saved_to, cell

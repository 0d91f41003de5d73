"""Which entity lists a project has: those that its forms write or people made, with properties and settings.

What is saved from a severe question is no property of a list: lists lie on every tablet that has the form.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from sqlalchemy.orm import Session

from sync_server.core.list_settings import ListSettings, fold_list_settings
from sync_server.core.sensitivity import Level, rate_questions
from sync_server.services.form_definitions import get_entity_spec
from sync_server.store import entity_decisions, forms
from sync_server.store.entities import EntityList
from sync_server.store.forms import FormVersion


def declared_lists(session: Session, project_id: int) -> list[EntityList]:
    """Gather the lists from every version of every form: a property once saved stays. The newest rule holds.

    A list that people deleted is among them, and says so, unless a form writes it.
    """
    versions = forms.iter_project_versions(session, project_id)
    properties: dict[str, set[str]] = {}
    severe: dict[str, set[str]] = {}
    rules: dict[str, dict[str, str]] = {}
    for version in versions:
        levels = _levels(session, version, versions)
        for name, saved in get_entity_spec(session, version).lists.items():
            properties.setdefault(name, set()).update(saved)
        for name, path, saved_to in _saved(session, version):
            if levels[path] is Level.SEVERE:
                severe.setdefault(name, set()).add(saved_to)
            if cell := version.annotations.get(path, {}).get("merge"):
                rules.setdefault(name, {})[saved_to] = cell
    settings = _settings(session, project_id, properties)
    return [
        EntityList(
            project_id=project_id,
            name=name,
            properties=tuple(sorted((properties.get(name, set()) | {*each.properties}) - severe.get(name, set()))),
            rules=rules.get(name, {}),
            settings=each,
        )
        for name, each in sorted(settings.items())
    ]


def _settings(session: Session, project_id: int, written: Mapping[str, object]) -> dict[str, ListSettings]:
    decided = entity_decisions.find_list_decisions(session, project_id)
    settings = {name: fold_list_settings(decided.get(name, ())) for name in {*written, *decided}}
    return {name: replace(each, is_deleted=False) if name in written else each for name, each in settings.items()}


def _levels(session: Session, version: FormVersion, versions: list[FormVersion]) -> Mapping[str, Level]:
    """Rate the questions that a version saves, by all that any version of its form says of them."""
    of_form = (each.annotations for each in versions if each.form_id == version.form_id)
    return rate_questions((path for _, path, _ in _saved(session, version)), of_form)


def _saved(session: Session, version: FormVersion) -> Iterator[tuple[str, str, str]]:
    """Each list, answer and property of it that a form version saves."""
    for declaration in get_entity_spec(session, version).declarations:
        for path, saved_to in declaration.properties.items():
            yield declaration.list_name, path, saved_to

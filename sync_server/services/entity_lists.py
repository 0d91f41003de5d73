"""Which entity lists a project has: those that its forms write or people made, with properties and settings.

What is saved from a severe question is no property of a list: lists lie on every tablet that has the form.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy.orm import Session

from sync_server.core.entity_event import LABEL
from sync_server.core.list_settings import ListSettings, fold_list_settings
from sync_server.core.list_tags import tag_properties
from sync_server.core.sensitive_calculations import questions_in
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
    said: dict[str, _Said] = {}
    for version in versions:
        for name, saved in get_entity_spec(session, version).lists.items():
            said.setdefault(name, _Said()).properties.update(saved)
        levels = _levels(session, version, versions)
        for name, path, saved_to in _saved(session, version):
            if name in said:
                said[name].take(saved_to, levels[path], version.annotations.get(path, {}))
        for name, path in _named_by(session, version):
            if name in said:
                said[name].rate(LABEL, levels[path])
    settings = _settings(session, project_id, said)
    return [_list(project_id, name, said.get(name, _Said()), each) for name, each in sorted(settings.items())]


@dataclass(slots=True)
class _Said:
    """What the forms say of one list."""

    properties: set[str] = field(default_factory=set)
    levels: dict[str, Level] = field(default_factory=dict)
    rules: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    def take(self, name: str, level: Level, cells: Mapping[str, Any]) -> None:
        """Take in what one version says of one property: the most sensitive word holds, else the newest."""
        self.rate(name, level)
        if rule := cells.get("merge"):
            self.rules[name] = rule
        if tag := cells.get("hxl"):
            self.tags[name] = tag

    def rate(self, name: str, level: Level) -> None:
        self.levels[name] = max(level, self.levels.get(name, Level.LOW))


def _list(project_id: int, name: str, said: _Said, settings: ListSettings) -> EntityList:
    severe = {each for each, level in said.levels.items() if level is Level.SEVERE}
    properties = tuple(sorted({*said.properties, *settings.properties} - severe))
    levels = {each: level.word for each, level in said.levels.items() if level and each in (LABEL, *properties)}
    return EntityList(
        project_id=project_id,
        name=name,
        properties=properties,
        rules=said.rules,
        settings=settings,
        tags=tag_properties(properties, said.tags, settings.tags),
        levels=levels,
    )


def _settings(session: Session, project_id: int, written: Mapping[str, object]) -> dict[str, ListSettings]:
    decided = entity_decisions.find_list_decisions(session, project_id)
    settings = {name: fold_list_settings(decided.get(name, ())) for name in {*written, *decided}}
    return {name: replace(each, is_deleted=False) if name in written else each for name, each in settings.items()}


def _levels(session: Session, version: FormVersion, versions: list[FormVersion]) -> Mapping[str, Level]:
    """Rate the questions that a version saves or names entities by, by all that any version of its form says."""
    of_form = (each.annotations for each in versions if each.form_id == version.form_id)
    paths = {path for _, path, _ in _saved(session, version)} | {path for _, path in _named_by(session, version)}
    return rate_questions(paths, of_form)


def _named_by(session: Session, version: FormVersion) -> Iterator[tuple[str, str]]:
    """Each list, and a question of which its entities' label is made."""
    spec = get_entity_spec(session, version)
    for declaration in spec.declarations:
        place = f"{declaration.path}/meta/entity/label"
        for path in questions_in(declaration.label, place, f"/{spec.root_name}"):
            yield declaration.list_name, path


def _saved(session: Session, version: FormVersion) -> Iterator[tuple[str, str, str]]:
    """Each list, answer and property of it that a form version saves."""
    for declaration in get_entity_spec(session, version).declarations:
        for path, saved_to in declaration.properties.items():
            yield declaration.list_name, path, saved_to

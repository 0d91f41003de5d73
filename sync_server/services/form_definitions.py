"""Form definitions, read once and remembered: a version's bytes never change."""

from typing import TypeVar

from sqlalchemy.orm import Session

from sync_server.core.entity_spec import EntitySpec, read_entity_spec
from sync_server.core.table_layout import FormLayout, build_layout
from sync_server.core.values import Checker
from sync_server.core.xform import FormDefinition, parse_xform
from sync_server.store import forms
from sync_server.store.forms import FormVersion

T = TypeVar("T")

UNKNOWN_FORM, UNKNOWN_VERSION = "unknown_form", "unknown_version"


def get_definition(session: Session, version: FormVersion) -> FormDefinition:
    """Return the definition of a published version."""
    definition = _definitions.get(version.sha256)
    if definition is None:
        definition = _remember(_definitions, version.sha256, parse_xform(forms.get_xml(session, version.row_id)))
    return definition


def find_checker(session: Session, project_id: int, form_id: str, version: str) -> tuple[Checker | None, str | None]:
    """Return what to hold a submission against, and why it is not its own version when it is not.

    A version never seen is judged by the form's current one; an unknown form by nothing. Remembered for the session,
    which is one snapshot: asking for every submission was half of the consumer's time.
    """
    remembered = session.info.setdefault("checkers", {})
    key = (project_id, form_id, version)
    if key not in remembered:
        remembered[key] = _find_checker(session, project_id, form_id, version)
    found: tuple[Checker | None, str | None] = remembered[key]
    return found


def _find_checker(session: Session, project_id: int, form_id: str, version: str) -> tuple[Checker | None, str | None]:
    found = forms.find_version(session, project_id, form_id, version)
    if found is not None:
        return _checker(session, found), None
    form = forms.find_form(session, project_id, form_id)
    if form is None:
        return None, UNKNOWN_FORM
    return _checker(session, form.current), UNKNOWN_VERSION


def find_entity_spec(session: Session, project_id: int, form_id: str, version: str) -> EntitySpec | None:
    """Return what a version of a form says of entities; None for a version never seen. Remembered for the session."""
    remembered: dict[tuple[int, str, str], EntitySpec | None] = session.info.setdefault("entity_specs", {})
    key = (project_id, form_id, version)
    if key not in remembered:
        found = forms.find_version(session, *key)
        remembered[key] = None if found is None else get_entity_spec(session, found)
    return remembered[key]


def get_entity_spec(session: Session, version: FormVersion) -> EntitySpec:
    """Return what a published version says of entities."""
    spec = _entity_specs.get(version.sha256)
    if spec is None:
        xml = forms.get_xml(session, version.row_id)
        spec = _remember(_entity_specs, version.sha256, read_entity_spec(xml, get_definition(session, version)))
    return spec


def find_layout(session: Session, project_id: int, form_id: str) -> FormLayout:
    """Lay out the tables of a form as its versions now stand; one never published has no columns of its own."""
    versions = forms.iter_versions(session, project_id, form_id)
    latest_first = sorted(versions, key=lambda v: (v.published_at, v.sha256), reverse=True)
    key = " ".join(version.sha256 for version in latest_first)
    layout = _layouts.get(key)
    if layout is None:
        definitions = [get_definition(session, version) for version in latest_first]
        layout = _remember(_layouts, key, build_layout(definitions))
    return layout


_REMEMBERED = 64  # versions; a definition takes some hundred kilobytes
_definitions: dict[str, FormDefinition] = {}
_checkers: dict[str, Checker] = {}
_entity_specs: dict[str, EntitySpec] = {}
_layouts: dict[str, FormLayout] = {}


def _checker(session: Session, version: FormVersion) -> Checker:
    checker = _checkers.get(version.sha256)
    if checker is None:
        checker = _remember(_checkers, version.sha256, Checker(get_definition(session, version)))
    return checker


def _remember(cache: dict[str, T], key: str, value: T) -> T:
    while len(cache) >= _REMEMBERED:
        cache.pop(next(iter(cache)), None)
    cache[key] = value
    return value

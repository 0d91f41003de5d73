"""What a form's columns say to core/scope: how sensitive each question is, and which question has which HXL tag."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from sync_server.core.sensitivity import Level, rate_questions
from sync_server.core.xform import Field
from sync_server.services.form_definitions import get_definition
from sync_server.store import forms


@dataclass(frozen=True, slots=True)
class FormRules:
    """`sensitivities` of the questions of all versions, and `tagged`: HXL tag to the path that row filters mean."""

    sensitivities: dict[str, Level]
    tagged: dict[str, str]


def find_rules(session: Session, project_id: int, form_id: str) -> FormRules:
    """Gather the rules of a form; of one that was never published here no question is known, so all are severe."""
    versions = forms.iter_versions(session, project_id, form_id)
    definitions = [get_definition(session, version) for version in versions]
    paths = (field.path for definition in definitions for field in definition.fields)
    sensitivities = rate_questions(paths, (version.annotations for version in versions))
    tagged: dict[str, str] = {}
    for version, definition in zip(versions, definitions, strict=True):  # the newest first, whose word holds
        for path in _outside_of_repeats(definition.fields):
            tag = version.annotations.get(path, {}).get("hxl")
            if tag:
                tagged.setdefault(tag, path)
    return FormRules(sensitivities, tagged)


def _outside_of_repeats(fields: tuple[Field, ...]) -> list[str]:
    """List the paths of which a submission has one answer at most, in the form's order."""
    repeats = tuple(f"{field.path}/" for field in fields if field.type == "repeat")
    return [field.path for field in fields if not f"{field.path}/".startswith(repeats or ("\0",))]

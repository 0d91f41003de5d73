"""Publish a form: convert, lint, freeze; from then on its bytes never change.

Publishing is idempotent: what was published from the same file, or with the same XML, is found and returned. Another
XML under the same form id and version is refused, because tablets would silently replace the one they have (B8).
"""

import hashlib
import logging
import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from sync_server.core.form_lint import EarlierVersion, Finding, lint_form
from sync_server.core.form_sealing import seal_form, version_ending
from sync_server.core.ids import LONGEST_NAME, sha256_hex
from sync_server.core.xform import FormDefinition, parse_xform
from sync_server.core.xlsform import ConvertedForm, convert_form, is_xml
from sync_server.errors import (
    FieldTypeConflict,
    FormNotFit,
    FormVersionConflict,
    FormWarnings,
    NotFound,
    SealingUnderWay,
    UnexpectedValue,
)
from sync_server.node import Node
from sync_server.services.access import require
from sync_server.services.audit import make_act, noted, write_act
from sync_server.services.form_definitions import get_definition
from sync_server.services.form_media import keep_media
from sync_server.services.managed_encryption import find_key
from sync_server.services.project_home import require_led_here
from sync_server.store import forms, nodes, projects
from sync_server.store.accounts import Actor
from sync_server.store.assignments import actee_of
from sync_server.store.forms import FormAttachment, FormVersion, NewFormVersion

log = logging.getLogger(__name__)

_FILE_LIKE = re.compile(r"\.(xlsx?|xml)$")


def publish_form(
    node: Node,
    actor: Actor | None,
    source: bytes,
    *,
    project_id: int = 1,
    source_name: str | None = None,
    fallback_form_id: str | None = None,
    ignore_warnings: bool = False,
    left_behind: Collection[str] = (),
) -> FormVersion:
    """Publish an .xlsx, a Markdown table or XForm XML, and make it the form's current version.

    It takes over the files of the version before that it still names, but those `left_behind`, by sha256.
    """
    require(node, actor, "form.create", project_id=project_id)
    require_led_here(node, project_id)
    known = _find_by_source(node, project_id, source)
    if known and fallback_form_id in (None, known.form_id):
        return known
    form, key_id = _sealed(node, project_id, convert_form(source, fallback_form_id=fallback_form_id))
    _require_addressable(form.definition.form_id)
    _require_short(form.definition)
    new = _freeze(form, source, project_id=project_id, source_name=source_name, actor=actor)
    published = known if known and known.form_id == new.form_id else _find_same(node, new)
    if published is None:
        warnings = _check(form, _earlier(node, new), ignore_warnings=ignore_warnings)
        new.warnings.extend(warnings)
        published = _add(node, new, form, key_id, left_behind)
    return published


def _find_by_source(node: Node, project_id: int, source: bytes) -> FormVersion | None:
    with node.database.read() as session:
        if nodes.find_project(session, project_id) is None:
            raise NotFound
        return forms.find_version_by_source(session, project_id, sha256_hex(source))


def _sealed(node: Node, project_id: int, form: ConvertedForm) -> tuple[ConvertedForm, int | None]:
    """Put the project's key into the form, if it has one and the form none; return it with the key's number."""
    with node.database.read() as session:
        key = find_key(session, project_id)
    if key is None or form.definition.public_key:
        return form, key.id if key else None
    xml = seal_form(form.xml, key.public_key, version_ending(key.created_at))
    return replace(form, xml=xml, definition=parse_xform(xml)), key.id


def _require_addressable(form_id: str) -> None:
    """Refuse ids that look like files: `/forms/a.xml` is the address of form a's XML (as ODK Central)."""
    if _FILE_LIKE.search(form_id):
        reason = "it must not end in .xls, .xlsx or .xml. Write another form_id in sheet 'settings'."
        raise UnexpectedValue(field="formId", value=form_id, reason=reason)


def _require_short(definition: FormDefinition) -> None:
    """Refuse names that no index could hold: the form's submissions would go by another name than the form."""
    for field, value in (("formId", definition.form_id), ("version", definition.version)):
        if len(value) > LONGEST_NAME:
            raise UnexpectedValue(field=field, value=value[:20], reason=f"{LONGEST_NAME} characters are the most.")


def _freeze(
    form: ConvertedForm, source: bytes, *, project_id: int, source_name: str | None, actor: Actor | None
) -> NewFormVersion:
    definition = form.definition
    return NewFormVersion(
        project_id=project_id,
        form_id=definition.form_id,
        version=definition.version,
        sha256=sha256_hex(form.xml),
        md5=hashlib.md5(form.xml, usedforsecurity=False).hexdigest(),
        title=definition.title,
        xml=form.xml,
        source_name=source_name,
        source=None if is_xml(source) else source,
        source_sha256=sha256_hex(source),
        annotations={path: dict(cells) for path, cells in form.annotations.items()},
        published_at=datetime.now(UTC),
        published_by=actor.id if actor else None,
    )


def _find_same(node: Node, new: NewFormVersion) -> FormVersion | None:
    with node.database.read() as session:
        return _same_version(session, new)


def _same_version(session: Session, new: NewFormVersion) -> FormVersion | None:
    """Find the version when it is published already; raise FormVersionConflict when its XML is another."""
    found = forms.find_version(session, new.project_id, new.form_id, new.version)
    if found and found.sha256 != new.sha256:
        raise FormVersionConflict(form_id=new.form_id, version=new.version, suggestion=_next_version(new.version))
    return found


def _next_version(version: str) -> str:
    return str(int(version) + 1) if version.isdecimal() else f"{version}.1" if version else "1"


def _earlier(node: Node, new: NewFormVersion) -> list[EarlierVersion]:
    with node.database.read() as session:
        versions = forms.iter_versions(session, new.project_id, new.form_id)
        return [EarlierVersion(get_definition(session, old), old.annotations) for old in reversed(versions)]


def _check(form: ConvertedForm, earlier: Sequence[EarlierVersion], *, ignore_warnings: bool) -> list[str]:
    """Return the warnings as they are kept with the version; raise what forbids publishing."""
    findings = lint_form(form, earlier)
    _refuse([finding for finding in findings if finding.severity == "error"])
    if not ignore_warnings and (form.warnings or findings):
        workflow = [_write_finding(finding) for finding in findings]
        raise FormWarnings(warnings={"xlsFormWarnings": list(form.warnings), "workflowWarnings": workflow})
    return [*form.warnings, *(str(finding) for finding in findings)]


def _refuse(errors: Sequence[Finding]) -> None:
    if not errors:
        return
    if all(error.kind == "type_changed" for error in errors):
        raise FieldTypeConflict(**errors[0].details)
    raise FormNotFit(error=" ".join(str(error) for error in errors), findings=[_write_finding(e) for e in errors])


def _write_finding(finding: Finding) -> dict[str, Any]:
    """Write a finding as Central writes its workflow warnings; `reason` is the whole sentence."""
    details: Any = {"path": finding.path, "row": finding.row, **finding.details}
    if finding.kind == "structureChanged":
        details = finding.details["paths"]
    return {"type": finding.kind, "details": details, "reason": str(finding)}


def _add(
    node: Node, new: NewFormVersion, form: ConvertedForm, key_id: int | None, left_behind: Collection[str]
) -> FormVersion:
    own = [keep_media(node, "itemsets.csv", [form.itemsets])] if form.itemsets else []

    def add(session: Session) -> FormVersion:
        _require_same_key(session, new, key_id)
        return _add_version(session, new, own, form.definition.media, left_behind)

    try:
        version = node.write(noted(add))
    except IntegrityError:  # another process on the same database was faster by a hair
        published = _find_same(node, new)
        if published is None:
            raise
        return published
    log.info("published form_id=%s version=%s sha256=%s node=%s", new.form_id, new.version, new.sha256, node.id)
    return version


def _add_version(
    session: Session,
    new: NewFormVersion,
    own: Sequence[FormAttachment],
    names: Sequence[str],
    left_behind: Collection[str],
) -> FormVersion:
    published = _same_version(session, new)  # somebody may have been faster since the first look
    if published is not None:
        return published
    before = forms.find_form(session, new.project_id, new.form_id)
    earlier = forms.iter_attachments(session, before.current.row_id) if before else []
    carried = (file for file in earlier if file.sha256 not in left_behind)
    version = forms.add_form_version(session, new)
    media = {file.name: file for file in carried if file.name in names} | {file.name: file for file in own}
    for file in media.values():
        forms.put_attachment(session, version.row_id, file)
    _write_act(session, version, is_first=before is None)
    return version


def _require_same_key(session: Session, new: NewFormVersion, key_id: int | None) -> None:
    """Raise SealingUnderWay when the project got its key between reading and writing."""
    if projects.get_project(session, new.project_id).key_id != key_id:
        raise SealingUnderWay


def _write_act(session: Session, version: FormVersion, *, is_first: bool) -> None:
    action = "form.create" if is_first else "form.update.publish"
    act = make_act(None, action, actee_of(version.project_id, version.form_id), version=version.version)
    write_act(session, replace(act, actor_id=version.published_by))

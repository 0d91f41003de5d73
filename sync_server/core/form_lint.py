"""Find what is wrong with a form before tablets have it, and before it breaks the columns of earlier versions.

An error refuses the form. A warning refuses it too, until somebody says that it is meant (ignoreWarnings).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from lxml import etree

from sync_server.core.entity_rules import read_rule
from sync_server.core.instance_xml import parse_xml
from sync_server.core.sensitive_calculations import find_quotations
from sync_server.core.sensitivity import rate_questions
from sync_server.core.xform import XFORMS, Field, FormDefinition
from sync_server.core.xlsform import ConvertedForm
from sync_server.core.xpath_lint import complaint_about

SENSITIVITIES = ("low", "moderate", "high", "severe")

_LANGUAGE = re.compile(r".*\(([a-z]{2,3}(-[A-Za-z0-9]{2,8})*)\)")
_HXL = re.compile(r"#[a-z][a-z0-9_]*(\s*\+\s*[a-z][a-z0-9_]*)*")
_URL = re.compile(r"https?://[^/\s]+.*")
_EXPRESSIONS = ("calculate", "constraint", "relevant", "required", "readonly")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a form: where, what, and what to do."""

    kind: str
    severity: Literal["error", "warning"]
    what: str
    advice: str
    path: str | None = None
    row: int | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def where(self) -> str:
        row = f"Sheet 'survey', row {self.row}" if self.row else ""
        return f"{row} ({self.path})" if row and self.path else row or self.path or "The form"

    def __str__(self) -> str:
        return f"{self.where}: {self.what} {self.advice}"


@dataclass(frozen=True, slots=True)
class EarlierVersion:
    """What was published before under the same form id."""

    definition: FormDefinition
    annotations: Mapping[str, Mapping[str, str]]


def lint_form(form: ConvertedForm, earlier: Sequence[EarlierVersion] = ()) -> tuple[Finding, ...]:
    """Check a form, and what it changes against its earlier versions (oldest first)."""
    root = parse_xml(form.xml)
    return (
        *_identity(form.definition),
        *_instance_id(form.definition, root),
        *_languages(form),
        *_submission_url(form.definition),
        *_annotations(form),
        *_media_names(root),
        *_expressions(form, root),
        *_quotations(form, root),
        *_changes(form, earlier),
    )


def _identity(form: FormDefinition) -> Iterator[Finding]:
    if not form.title:
        yield Finding("no_title", "error", "It has no title.", "Write one: tablets refuse a form without.")
    if not form.version:
        advice = "Write one in sheet 'settings', such as 2026112301: without it nobody can tell two versions apart."
        yield Finding("no_version", "warning", "It has no version.", advice)
    if "/" in form.form_id:
        advice = "Take it out: the id is part of the form's address."
        yield Finding("form_id", "error", f"The form id '{form.form_id}' has a slash.", advice)
    if all(item.path.startswith("/meta") for item in form.fields):
        yield Finding("no_questions", "error", "It has no questions.", "Fill sheet 'survey'.")


def _instance_id(form: FormDefinition, root: etree._Element) -> Iterator[Finding]:
    """The instanceID must come from the client once: calculated, it changes when a draft or an edit is opened."""
    found = form.find_field("/meta/instanceID")
    if found is None:
        advice = 'Add <meta><instanceID/></meta> to the instance, with jr:preload="uid" in its bind.'
        yield Finding("instance_id", "error", "It has no meta/instanceID, so nothing it sends has a name.", advice)
    elif found.preload != ("uid", ""):
        advice = 'Replace the calculation in its bind by jr:preload="uid".'
        what = "The instanceID is not preloaded, so it can change when a draft or an edit is opened."
        yield Finding("instance_id", "warning", what, advice, path=found.path)


def _languages(form: ConvertedForm) -> Iterator[Finding]:
    if any("machine-readable codes" in warning for warning in form.warnings):
        return
    for name in form.definition.languages:
        if name != "default" and not _LANGUAGE.fullmatch(name):
            advice = "Write the language with its code, such as 'Arabic (ar)', so that tablets can choose it."
            yield Finding("language", "warning", f"The language '{name}' has no code.", advice)


def _submission_url(form: FormDefinition) -> Iterator[Finding]:
    if not form.submission_url:
        return
    if not _URL.fullmatch(form.submission_url):
        what = f"The submission_url '{form.submission_url}' is not an address, and tablets refuse the form."
        yield Finding("submission_url", "error", what, "Remove it from sheet 'settings'.")
        return
    what = f"It sends its answers to {form.submission_url}, whatever the tablet's settings say."
    yield Finding("submission_url", "warning", what, "Remove submission_url from sheet 'settings', unless it is meant.")


def _annotations(form: ConvertedForm) -> Iterator[Finding]:
    for path, cells in form.annotations.items():
        row = form.rows.get(path)
        sensitivity, hxl = cells.get("sensitivity"), cells.get("hxl")
        if sensitivity and sensitivity not in SENSITIVITIES:
            advice = f"Write one of {', '.join(SENSITIVITIES)}."
            yield Finding("sensitivity", "error", f"The sensitivity '{sensitivity}' is unknown.", advice, path, row)
        if (merge := cells.get("merge")) and read_rule(merge) is None:
            advice = "Write one of: maximum, union, count, latest by PROPERTY (which holds the date)."
            yield Finding("merge", "error", f"There is no way to merge called '{merge}'.", advice, path, row)
        if hxl and not _HXL.fullmatch(hxl):
            advice = "Write it as in '#adm1+name'."
            yield Finding("hxl", "warning", f"The HXL tag '{hxl}' is not one.", advice, path, row)


def _media_names(root: etree._Element) -> Iterator[Finding]:
    """All media of a form lie in one folder, on some machines one that cannot tell A from a (conformance D3)."""
    seen: dict[str, str] = {}
    for value in root.iter(f"{{{XFORMS}}}value"):
        reference = (value.text or "").strip()
        if not reference.startswith("jr://"):
            continue
        path = reference.split("/", 3)[-1]
        other = seen.setdefault(path.rpartition("/")[2].casefold(), path)
        if other != path:
            advice = "Give them different names; folders and capitals do not count."
            yield Finding("media", "error", f"The media '{other}' and '{path}' are one file on a tablet.", advice)


def _expressions(form: ConvertedForm, root: etree._Element) -> Iterator[Finding]:
    prefix = f"/{form.definition.root_name}"
    for bind in root.iter(f"{{{XFORMS}}}bind"):
        path = (bind.get("nodeset") or "").removeprefix(prefix)
        for name in _EXPRESSIONS:
            if problem := complaint_about(bind.get(name) or ""):
                what = f"The expression in '{name}' {problem}."
                advice = "Correct it: tablets would refuse the form or stop at this question."
                yield Finding("expression", "warning", what, advice, path, form.rows.get(path))


def _quotations(form: ConvertedForm, root: etree._Element) -> Iterator[Finding]:
    rated = rate_questions((item.path for item in form.definition.fields), [form.annotations])
    for found in find_quotations(root, form.definition.root_name, rated):
        level, quoted = found.level.word, found.quoted_level.word
        what = f"Its calculation quotes {found.quoted}, which is {quoted}; it is itself seen by who may see {level}."
        advice = f"Give it the sensitivity '{quoted}', or leave that question out of the calculation."
        row = form.rows.get(found.path)
        yield Finding("sensitive_calculation", "warning", what, advice, found.path, row, {"quoted": found.quoted})


def _changes(form: ConvertedForm, earlier: Sequence[EarlierVersion]) -> Iterator[Finding]:
    if not earlier:
        return
    now = {item.path: item for item in form.definition.fields}
    yield from _types(form, now, earlier)
    latest = earlier[-1]
    yield from _gone(now, latest.definition)
    yield from _choices(form, now, latest.definition)
    yield from _lost_sensitivity(form, now, latest)


def _types(form: ConvertedForm, now: Mapping[str, Field], earlier: Sequence[EarlierVersion]) -> Iterator[Finding]:
    """Compare with every earlier version: answers of all of them stand in one column."""
    told: set[str] = set()
    for version in reversed(earlier):
        for old in version.definition.fields:
            new = now.get(old.path)
            if new is None or old.path in told or new.type == old.type or "unknown" in (new.type, old.type):
                continue
            told.add(old.path)
            number = version.definition.version
            what = f"Its type is {new.type} now; in version '{number}' it was {old.type}."
            details = {"path": old.path, "type": old.type, "new_type": new.type, "version": number}
            advice = "Give it the old type back, or a new name."
            yield Finding("type_changed", "error", what, advice, old.path, form.rows.get(old.path), details)


def _gone(now: Mapping[str, Field], old: FormDefinition) -> Iterator[Finding]:
    gone = [item.path for item in old.fields if item.path not in now and not item.path.startswith("/meta")]
    if gone:
        what = f"Questions of version '{old.version}' are gone, renamed or moved: {', '.join(gone)}."
        advice = "Their answers stay in their own columns. Bring the names back, unless it is meant."
        yield Finding("structureChanged", "warning", what, advice, details={"paths": gone})


def _choices(form: ConvertedForm, now: Mapping[str, Field], old: FormDefinition) -> Iterator[Finding]:
    for before in old.fields:
        new = now.get(before.path)
        if new is None or new.choices is None or not before.choices:
            continue
        removed = [code for code in before.choices if code not in new.choices]
        if removed:
            what = f"The codes {', '.join(removed)} are gone from its choices; version '{old.version}' has them."
            advice = "Keep the codes in sheet 'choices' (labels may change), or publish under a new form id."
            details = {"codes": removed}
            row = form.rows.get(before.path)
            yield Finding("choice_removed", "warning", what, advice, before.path, row, details)


def _lost_sensitivity(form: ConvertedForm, now: Mapping[str, Field], old: EarlierVersion) -> Iterator[Finding]:
    lost = [
        path
        for path, cells in old.annotations.items()
        if path in now and cells.get("sensitivity") and not form.annotations.get(path, {}).get("sensitivity")
    ]
    if lost:
        what = f"Version '{old.definition.version}' says how sensitive these are, this one does not: {', '.join(lost)}."
        advice = "Keep the column 'sensitivity' in sheet 'survey' (publish the .xlsx, not the XML made from it)."
        yield Finding("sensitivity_lost", "warning", what, advice, details={"paths": lost})

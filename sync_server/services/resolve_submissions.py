"""Consumer: from received versions, decisions and receipts to the state of every submission.

Each change names an instance (or a form, or the subject of a decision). All versions joined to it are loaded and
folded again by core/resolve.py; the fold knows no order of arrival, so neither does the table.

A version is *held* when all its receipts are from a revoked tablet or for a closed form, and nobody has accepted it:
the state is folded without it, the row says so. A submission of which every version is held is a held row.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy.orm import Session

from sync_server.core.connected import part_connected
from sync_server.core.ids import VersionId
from sync_server.core.instance_xml import parse_xml
from sync_server.core.merged_document import merged_document
from sync_server.core.resolve import resolve
from sync_server.core.submission_state import Decision, SubmissionState, Version
from sync_server.core.values import Findings, sealed_files
from sync_server.services.form_definitions import find_checker
from sync_server.store.changes import Change
from sync_server.store.decisions import StoredDecision, find_decisions
from sync_server.store.erasures import find_names
from sync_server.store.submission_states import (
    Arrival,
    ResolvedSubmission,
    find_arrivals,
    find_attachments,
    find_of_unknown_version,
    put_states,
)
from sync_server.store.submissions import StoredVersion, find_connected_versions

ABOUT_INSTANCES = frozenset(("submission_version", "receipt", "attachment", "decision"))


class ResolveSubmissions:
    name = "resolve"

    def handle(self, session: Session, happened: Sequence[Change]) -> Any:
        instance_ids = {change.key for change in happened if change.kind in ABOUT_INSTANCES}
        for change in happened:
            if change.kind == "form_version":  # submissions may have come before their form
                instance_ids.update(find_of_unknown_version(session, change.key, change.version))
        resolved: list[ResolvedSubmission] = []
        touched: set[tuple[int, str, str]] = set()
        for family in load_families(session, instance_ids):
            resolved += family.resolve(session)
            touched |= family.possible_roots
        # Of some no version is left: they were erased.
        touched |= find_names(session, instance_ids - {name for _, _, name in touched})
        return lambda session: put_states(session, resolved, gone=touched)


@dataclass(frozen=True)
class Family:
    """All versions of one form in one project that hang together, with what was decided and how they arrived."""

    project_id: int
    form_id: str
    stored: tuple[StoredVersion, ...]
    attachments: dict[int, set[tuple[str, str]]]
    arrivals: dict[int, list[Arrival]]
    decisions: tuple[StoredDecision, ...]

    @cached_property
    def by_id(self) -> dict[VersionId, StoredVersion]:
        return {v.sha256: v for v in self.stored}

    @property
    def possible_roots(self) -> set[tuple[int, str, str]]:
        return {
            (self.project_id, self.form_id, name)
            for v in self.stored
            for name in (v.instance_id, v.deprecated_id)
            if name
        }

    @cached_property
    def held(self) -> dict[VersionId, str]:
        """Versions that wait for a person to admit them → why."""
        accepted = {parent for d in self.decisions if d.kind == "accept" for parent in d.parents}
        reasons = {v.sha256: _reason_to_hold(self.arrivals[v.row_id]) for v in self.stored if v.sha256 not in accepted}
        return {sha256: reason for sha256, reason in reasons.items() if reason}

    @property
    def states(self) -> tuple[SubmissionState, ...]:
        """The states with the held versions in them, too."""
        return self._fold(self.stored)

    def resolve(self, session: Session) -> list[ResolvedSubmission]:
        everything = self.states
        if not self.held:
            return [self._row(session, state, state.versions) for state in everything]
        shown = self._fold([v for v in self.stored if v.sha256 not in self.held])
        shown_ids = {sha256 for state in shown for sha256 in state.versions}
        shown_roots = {state.root_id for state in shown}
        rows = [self._row(session, state, _with_held(state, everything)) for state in shown]
        only_held = [
            state
            for state in everything
            # A held original must not hide its edit that came in the open, even when a held variant parts the two.
            if shown_ids.isdisjoint(state.versions) and state.root_id not in shown_roots
        ]
        return rows + [self._row(session, state, state.versions) for state in only_held]

    def files_of(self, session: Session, state: SubmissionState) -> tuple[str, ...]:
        """Return the names of the files that a state's answers mention."""
        findings, _ = self._examine(session, state, self.by_id[state.current])
        return tuple(findings.files)

    def _fold(self, stored: Iterable[StoredVersion]) -> tuple[SubmissionState, ...]:
        decided = (Decision(d.id, d.kind, frozenset(d.parents), d.body) for d in self.decisions)
        return resolve((self._version(v) for v in stored), decided)

    def _version(self, v: StoredVersion) -> Version:
        files = frozenset(self.attachments.get(v.row_id, ()))
        return Version(v.sha256, v.instance_id, v.deprecated_id, v.xml, files)

    def _row(self, session: Session, state: SubmissionState, versions: Sequence[VersionId]) -> ResolvedSubmission:
        current = self.by_id[state.current]
        findings, form_flags = self._examine(session, state, current)
        first = min(
            (self.arrivals[self.by_id[v].row_id][0] for v in versions), key=lambda a: (a.received_at, a.receipt_id)
        )
        held = {v: self.held[v] for v in versions if v in self.held}
        return ResolvedSubmission(
            project_id=self.project_id,
            form_id=self.form_id,
            root_id=state.root_id,
            form_version=current.form_version,
            state=state,
            is_sealed=current.is_sealed,
            is_held=len(held) == len(versions),
            flags=(*form_flags, *_state_flags(state), *_held_flags(held)),
            attachments_expected=len(findings.files),
            attachments_present=sum(name in state.attachments for name in findings.files),
            first_received_at=first.received_at,
            first_receipt_id=first.receipt_id,
        )

    def _examine(
        self, session: Session, state: SubmissionState, current: StoredVersion
    ) -> tuple[Findings, list[dict[str, Any]]]:
        """Hold the document against its form; a sealed one only names its files."""
        if current.is_sealed:
            return Findings((), sealed_files(parse_xml(current.xml))), []
        checker, reason = find_checker(session, self.project_id, self.form_id, current.form_version)
        flags: list[dict[str, Any]] = [{"reason": reason}] if reason else []
        if current.instance_id.startswith("sha256:"):
            flags.append({"reason": "no_instance_id"})
        if checker is None:
            return Findings((), ()), flags
        findings = checker.check(merged_document(state, lambda sha256: self.by_id[sha256].xml))
        if findings.wrong and reason is None:
            flags.append({"reason": "wrong_value", "paths": list(findings.wrong)})
        return findings, flags


def load_families(session: Session, instance_ids: Iterable[str]) -> list[Family]:
    """Load everything joined to these instances, apart by project and form.

    A version from another node of which nobody has said yet to have received it waits for its receipt.
    """
    connected = find_connected_versions(session, instance_ids)
    row_ids = sorted(v.row_id for v in connected)
    attachments = find_attachments(session, row_ids)
    arrivals: dict[int, list[Arrival]] = {}
    for arrival in find_arrivals(session, row_ids):
        arrivals.setdefault(arrival.version_id, []).append(arrival)
    stored = [v for v in connected if v.row_id in arrivals]
    subjects = {name for v in stored for name in (v.instance_id, v.deprecated_id) if name}
    decided = find_decisions(session, subjects)
    return [
        _family(project_id, form_id, versions, attachments, arrivals, decided)
        for (project_id, form_id), group in _by_form(stored).items()
        for versions in part_connected(group)
    ]


def _family(
    project_id: int,
    form_id: str,
    versions: Sequence[StoredVersion],
    attachments: dict[int, set[tuple[str, str]]],
    arrivals: dict[int, list[Arrival]],
    decided: Sequence[StoredDecision],
) -> Family:
    names = {name for v in versions for name in (v.instance_id, v.deprecated_id)}
    about = [d for d in decided if d.project_id == project_id and d.form_id == form_id and d.subject in names]
    return Family(project_id, form_id, tuple(versions), attachments, arrivals, tuple(about))


def _by_form(stored: Iterable[StoredVersion]) -> dict[tuple[int, str], list[StoredVersion]]:
    groups: dict[tuple[int, str], list[StoredVersion]] = {}
    for version in stored:
        groups.setdefault((version.project_id, version.form_id), []).append(version)
    return groups


def _reason_to_hold(arrivals: Sequence[Arrival]) -> str | None:
    reasons = {_reason(arrival) for arrival in arrivals}
    return None if None in reasons else min(reason for reason in reasons if reason)


def _reason(arrival: Arrival) -> str | None:
    if arrival.is_revoked:
        return "token_revoked"
    if arrival.held_for:
        return arrival.held_for
    return "form_closed" if arrival.form_state == "closed" else None


def _with_held(state: SubmissionState, everything: Iterable[SubmissionState]) -> tuple[VersionId, ...]:
    """All versions of the submission to which a state belongs that was folded without the held ones."""
    seen = set(state.versions)
    together = [whole for whole in everything if seen & set(whole.versions) or whole.root_id == state.root_id]
    return tuple(v for whole in together for v in whole.versions) or state.versions


def _state_flags(state: SubmissionState) -> list[dict[str, Any]]:
    flags: list[dict[str, Any]] = [
        {"reason": f"{c.kind}_conflict", "path": c.path, "versions": list(c.versions)} for c in state.conflicts
    ]
    if state.waits_for:
        flags.append({"reason": "waits_for_original", "instance_id": state.waits_for})
    return flags


def _held_flags(held: dict[VersionId, str]) -> list[dict[str, Any]]:
    return [
        {"reason": reason, "versions": sorted(v for v, why in held.items() if why == reason)}
        for reason in sorted(set(held.values()))
    ]

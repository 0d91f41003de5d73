"""List what waits for a person: why, in plain words, and what to do. Never an answer."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sync_server.node import Node
from sync_server.services import consumers
from sync_server.services.access import require_somewhere
from sync_server.store import checkpoints, quarantine, unreadable_uploads
from sync_server.store.accounts import Actor
from sync_server.store.quarantine import QuarantinedSubmission

SHORT = 12
"""Characters of a version id that are shown; any beginning that fits only one version is understood."""


@dataclass(frozen=True, slots=True)
class WaitingReason:
    """One reason why something waits. `received_at` is None for what has no arrival of its own."""

    received_at: datetime | None
    form_id: str
    instance_id: str
    reason: str
    advice: str


def list_quarantine(node: Node, actor: Actor | None) -> Iterator[WaitingReason]:
    """Stream every reason, oldest submission first; then unreadable uploads and changes that failed."""
    scope = require_somewhere(node, actor, "quarantine.read")
    consumers.resolve_received(node)
    with node.database.read() as session:
        for submission in quarantine.iter_quarantined(session):
            if not scope.sees_whole(submission.project_id, submission.form_id, "quarantine.read"):
                continue
            for flag in submission.flags:
                yield _explain(submission, flag)
        if not scope.may("quarantine.read"):
            return  # of what is unreadable nobody knows whose it is
        for upload in unreadable_uploads.iter_unreadable(session):
            yield WaitingReason(
                upload.received_at, "?", f"sha256:{upload.sha256}", f"It is not readable XML: {upload.reason}",
                f"Find the tablet ({upload.device_id or 'unknown'}) and send the form again. What came is kept.",
            )  # fmt: skip
        for parked in checkpoints.iter_parked(session):
            yield WaitingReason(
                None, "?", f"change {parked.seq}", f"This server failed at it ({parked.error})",
                "Update the server, then run `sync-server rebuild`. Nothing is lost.",
            )  # fmt: skip


def _explain(submission: QuarantinedSubmission, flag: dict[str, Any]) -> WaitingReason:
    reason, advice = _WORDS.get(flag["reason"], ("Reason: {reason}", "Ask who runs this server."))
    words = {
        "form_id": submission.form_id,
        "form_version": submission.form_version,
        "id": submission.root_id,
        "what": "It" if submission.is_held else "A further version of it",
        "path": flag.get("path", ""),
        "paths": ", ".join(flag.get("paths", ())),
        "versions": " or ".join(version[:SHORT] for version in flag.get("versions", ())),
        "instance_id": flag.get("instance_id", ""),
        "reason": flag["reason"],
    }
    return WaitingReason(
        submission.received_at, submission.form_id, submission.root_id, reason.format(**words), advice.format(**words)
    )


_ACCEPT = (
    "To let it in: `sync-server quarantine accept {id} --reason …`. Else leave it: it is kept, and stays out of "
    "exports."
)
_SETTLE = (
    "Ask who filled it, then: `sync-server quarantine settle {id} --keep VERSION --reason …` with VERSION one of "
    "{versions}."
)

_WORDS = {
    "form_closed": ("{what} came when the form was closed.", _ACCEPT),
    "link_used": ("{what} came by a link that had been used already.", _ACCEPT),
    "not_assigned": ("{what} came from somebody to whom the form is not assigned.", _ACCEPT),
    "token_revoked": ("{what} came from a tablet whose access was ended.", _ACCEPT),
    "unknown_form": (
        "No form '{form_id}' was published here.",
        "Publish the form; its answers then find their columns.",
    ),
    "unknown_version": (
        "It was made with version '{form_version}' of the form, which was not published here.",
        "Publish that version from its own file, or find out where the tablet got it.",
    ),
    "no_instance_id": (
        "It has no instanceID, so an edit of it could not be recognised.",
        "Nothing for this one; give the form an instanceID (pyxform does).",
    ),
    "wrong_value": (
        "Answers do not fit their questions: {paths}.",
        "Look at them in the export, where they stand as they were sent.",
    ),
    "variant_conflict": ("Different answers came under one instanceID; the export shows the first named.", _SETTLE),
    "field_conflict": ("Two edits changed {path} differently; the export shows the first named.", _SETTLE),
    "attachment_conflict": (
        "Different files came under the name {path}; the export has one of them.",
        "All are kept. An edit that sends the right file again settles it.",
    ),
    "review_conflict": (
        "People reviewed it differently: {path}. The first counts for now.",
        "Let them agree, then: `sync-server review {id} STATE --reason …`.",
    ),
    "waits_for_original": (
        "An edit came, but not its original, {instance_id}.",
        "Find the tablet that made the original and let it send.",
    ),
}

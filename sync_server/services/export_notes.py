"""Say what an export does not hold, and what in it may still change.

A file is passed on without the page it was downloaded from, so the notes go into it. They count and name reasons;
they never hold an answer. Nothing to say, no notes.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from sync_server.exporters.csv_zip import UNPLACED_NAME
from sync_server.exporters.document import Written
from sync_server.store.submission_reads import HELD_REASONS, StoredSubmission

_HELD = {
    "form_closed": "came when the form was closed",
    "not_assigned": "came from somebody to whom the form is not assigned",
    "token_revoked": "came from a tablet whose access was ended",
}


@dataclass(slots=True)
class ExportNotes:
    """Counts gathered while the submissions pass by."""

    held: Counter[str] = field(default_factory=Counter)
    parked: int = 0
    behind: int = 0
    conflicts: int = 0
    waiting_for_original: int = 0
    held_edits: int = 0
    sealed: int = 0
    sealed_files: int = 0

    def see(self, submission: StoredSubmission) -> None:
        self.conflicts += bool(submission.state.conflicts)
        self.waiting_for_original += submission.state.waits_for is not None
        self.held_edits += bool(submission.reasons & HELD_REASONS)
        if submission.is_sealed:
            self.sealed += 1
            self.sealed_files += len(submission.state.attachments)

    def left_out(self, written: Written, *, has_media: bool) -> list[str]:
        """List what is not in the file, one sentence each."""
        return [*self._held_sentences(), *self._sealed_sentences(), *_file_sentences(written, has_media=has_media)]

    def provisional(self) -> list[str]:
        """List what is in the file and may change without a new submission, one sentence each."""
        sentences = (
            (self.conflicts, "submission(s) were sent with different answers or files; the export shows one of them. "
                             "See `sync-server quarantine`."),
            (self.waiting_for_original, "submission(s) are edits whose original has not arrived; the export shows the "
                                        "edit under the original's KEY."),
            (self.held_edits, "submission(s) have a further version that a person has to accept first; the export "
                              "shows them without it. See `sync-server quarantine`."),
            (self.behind, "change(s) arrived so shortly before this export that it does not show them. Export again."),
        )  # fmt: skip
        return [f"{count} {text}" for count, text in sentences if count]

    def write(self, form_id: str, written: Written, *, has_media: bool) -> str:
        """Write the notes as a text; "" when there is nothing to say."""
        parts = (
            ("Left out of this export:", self.left_out(written, has_media=has_media)),
            ("May still change:", self.provisional()),
            ("How to read this export:", list(_reading_sentences(written))),
        )
        said = [f"{title}\n" + "".join(f"- {line}\n" for line in lines) for title, lines in parts if lines]
        return "\n".join((f"Notes on the export of the form '{form_id}'\n", *said)) if said else ""

    def _held_sentences(self) -> Iterator[str]:
        for reason, count in sorted(self.held.items()):
            yield f"{count} submission(s) {_HELD[reason]} and wait to be accepted: `sync-server quarantine`."
        if self.parked:
            yield (
                f"{self.parked} change(s) could not be worked in because of a fault of this server, of this form or "
                "another. The log says more; nothing is lost."
            )

    def _sealed_sentences(self) -> Iterator[str]:
        if self.sealed:
            yield (
                f"The answers of {self.sealed} submission(s), with {self.sealed_files} file(s) of theirs, were sealed "
                "(encrypted) on the tablet and cannot be read here. Their rows say so in the column Status."
            )


def _file_sentences(written: Written, *, has_media: bool) -> Iterator[str]:
    if has_media and written.files_missing:
        yield f"{written.files_missing} file(s) are missing from this server's store. Run `sync-server verify`."


def _reading_sentences(written: Written) -> Iterator[str]:
    if written.unplaced_answers:
        yield (
            f"{written.unplaced_answers} answer(s) of {written.unplaced_submissions} submission(s) have no column, "
            f"because no published version of the form has their question. They are all in {UNPLACED_NAME}."
        )
    if written.files_apart:
        yield (
            f"{written.files_apart} file(s) have the name of another submission's file. Look for a file in media/KEY/ "
            "first (with _ where the KEY has a colon), then in media/."
        )

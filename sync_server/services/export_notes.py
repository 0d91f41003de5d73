"""Say what an export does not hold, and what in it may still change.

A file is passed on without the page it was downloaded from, so the notes go into it. They count and name reasons;
they never hold an answer. Nothing to say, no notes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sync_server.exporters.csv_zip import UNPLACED_NAME
from sync_server.exporters.document import Written
from sync_server.warehouse.csv_rows import ExportCounts

_HELD = {
    "form_closed": "came when the form was closed",
    "link_used": "came by a link that had been used already",
    "not_assigned": "came from somebody to whom the form is not assigned",
    "token_revoked": "came from a tablet whose access was ended",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportNotes:
    """What is known besides the rows: submissions held, by reason; changes parked, and not worked in yet."""

    counts: ExportCounts = field(default_factory=ExportCounts)
    held: Mapping[str, int] = field(default_factory=dict)
    parked: int = 0
    behind: int = 0
    filter: str | None = None
    is_scoped: bool = False
    hidden: Sequence[str] = ()
    veiled: Sequence[str] = ()
    unplaced_hidden: bool = False
    hides_files: bool = False

    def left_out(self, written: Written, *, has_media: bool) -> list[str]:
        """List what is not in the file, one sentence each."""
        return [
            *self._filter_sentences(),
            *self._scope_sentences(has_media=has_media),
            *self._held_sentences(),
            *self._sealed_sentences(),
            *_file_sentences(written, has_media=has_media),
        ]

    def provisional(self) -> list[str]:
        """List what is in the file and may change without a new submission, one sentence each."""
        counts = self.counts
        sentences = (
            (counts.conflicts, "submission(s) were sent with different answers or files; the export shows one of "
                               "them. See `sync-server quarantine`."),
            (counts.waiting_for_original, "submission(s) are edits whose original has not arrived; the export shows "
                                          "the edit under the original's KEY."),
            (counts.held_edits, "submission(s) have a further version that a person has to accept first; the export "
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

    def _filter_sentences(self) -> Iterator[str]:
        if self.filter is not None:
            yield "Submissions that a filter ($filter) of whoever exported did not let through."

    def _scope_sentences(self, *, has_media: bool) -> Iterator[str]:
        """Name the questions, never an answer: who reads the file must know what it cannot say anything about."""
        if self.is_scoped:
            yield "Submissions other than those that whoever exported may see."
        if self.hidden:
            yield (
                f"The answers to {len(self.hidden)} question(s) that are too sensitive for this export: "
                f"{', '.join(self.hidden)}."
            )
        if self.veiled:
            yield (
                f"In some rows, where the cells are empty, the answers to {len(self.veiled)} question(s) that whoever "
                f"exported may not see there: {', '.join(self.veiled)}."
            )
        if self.hides_files and has_media:
            yield "Files of questions that are too sensitive for this export, and files that no question names."
        if self.unplaced_hidden and self.counts.unplaced_answers:
            yield (
                f"{self.counts.unplaced_answers} answer(s) of {self.counts.unplaced_submissions} submission(s) to "
                "questions that no published version of the form has, so that nobody said how sensitive they are. "
                "Publish the version they were made with."
            )

    def _held_sentences(self) -> Iterator[str]:
        for reason, count in sorted(self.held.items()):
            yield f"{count} submission(s) {_HELD[reason]} and wait to be accepted: `sync-server quarantine`."
        if self.parked:
            yield (
                f"{self.parked} change(s) could not be worked in because of a fault of this server, of this form or "
                "another. The log says more; nothing is lost."
            )

    def _sealed_sentences(self) -> Iterator[str]:
        if self.counts.sealed:
            yield (
                f"The answers of {self.counts.sealed} submission(s), with {self.counts.sealed_files} file(s) of "
                "theirs, were sealed (encrypted) on the tablet and cannot be read here. Their rows say so in the "
                "column Status."
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

"""Say at the end what was in a copy of a tablet: what was taken, what stayed there, what could not be read."""

from collections import Counter
from collections.abc import Iterable, Iterator
from zoneinfo import ZoneInfo

import click

from sync_server.cli.printable import printable
from sync_server.core.collect_folder import BY_LIST, DELETED, DRAFT, FINISHED, UNDECIDED
from sync_server.services.import_tablet import HERE, Taken
from sync_server.services.tablet_instances import DAMAGED, TabletInstance

COLUMNS = {
    FINISHED: "FINISHED",
    HERE: "HERE ALREADY",
    DRAFT: "DRAFTS",
    DELETED: "DELETED",
    UNDECIDED: "UNDECIDED",
    DAMAGED: "DAMAGED",
}
WAITS = ("closed", "unknown")  # states of forms whose submissions wait for a person


class TabletReport:
    """Collects what is to be said, so that it stands together at the end."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._by_form: dict[str, Counter[str]] = {}
        self._waiting: set[str] = set()
        self._drafts: list[str] = []
        self._undecided: list[str] = []
        self._left: list[str] = []
        self._unread: list[str] = []
        self.counts: Counter[str] = Counter()

    @property
    def is_whole(self) -> bool:
        """Whether everything could be read."""
        return not self._unread

    def add_seen(self, instance: TabletInstance, kind: str) -> None:
        """Note an instance that was looked at and left."""
        self.counts[kind] += 1
        self._by_form.setdefault(instance.form_id or "?", Counter())[kind] += 1
        if kind == DAMAGED:
            self._unread.append(f"{_named(instance)}: {instance.problem}")
        elif kind == DRAFT:
            self._drafts.append(self._line(instance))
        elif kind == UNDECIDED:
            self._undecided.append(self._line(instance))

    def add_taken(self, instance: TabletInstance, taken: Taken) -> None:
        """Note an instance that was to be taken, and what became of it."""
        receipt = taken.receipt
        if receipt is None:
            self._unread.append(f"{_named(instance)}: {instance.problem} (its bytes are kept: sync-server quarantine)")
            self.counts[DAMAGED] += 1
            return
        self.counts["erased" if receipt.is_erased else "received" if receipt.is_new else HERE] += 1
        self.counts["files"] += 0 if receipt.is_erased else taken.files
        self.counts["taken undecided"] += instance.standing == UNDECIDED
        if receipt.form_state in WAITS:
            self._waiting.add(f"{instance.form_id} ({receipt.form_state})")
        self._unread.extend(f"{_named(instance)}: the file {name} cannot be read" for name in taken.unread)
        self._left.extend(f"{instance.folder.name}/{name}" for name in instance.left)

    def say_table(self) -> None:
        """Say what is in the copy, a line for each form."""
        click.echo(_row("FORM", COLUMNS.values()))
        for form_id, counts in sorted(self._by_form.items()):
            click.echo(_row(printable(form_id), (str(counts[kind]) for kind in COLUMNS)))

    def say_taken(self) -> None:
        """Say what was taken."""
        counts = self.counts
        click.echo(
            f"{counts['received']} submission(s) received, {counts[HERE]} here already, {counts['files']} file(s) with "
            f"them; {counts[DELETED]} deleted on the tablet."
        )
        if counts["taken undecided"]:
            click.echo(f"{counts['taken undecided']} of them may be unfinished; their receipts say so.")
        if counts["erased"]:
            click.echo(f"{counts['erased']} were erased here on request before, and nothing of them was kept.")
        if self._waiting:
            forms = printable(", ".join(sorted(self._waiting)))
            click.echo(f"Those of {forms} wait for a person: sync-server quarantine")

    def say_rest(self) -> None:
        """List what stayed on the tablet, and what could not be read."""
        _say("Drafts, left; whoever began them finishes and sends them on the tablet:", self._drafts)
        _say("Undecided, left; to take them all the same, name --take-undecided:", self._undecided)
        _say("Left, because no tablet sends them:", self._left)
        _say("Could not be read; copy them from the tablet again:", self._unread, is_error=True)

    def _line(self, instance: TabletInstance) -> str:
        saved = instance.saved_at
        when = f"last saved {saved.astimezone(self._zone):%Y-%m-%d %H:%M}" if saved else ""
        why = instance.rule if instance.rule != BY_LIST else ""
        return "  ".join(part for part in (_named(instance), when, why) if part)


def _named(instance: TabletInstance) -> str:
    return f"{instance.form_id or '?'}  {instance.folder.name}"


def _say(title: str, lines: Iterable[str], *, is_error: bool = False) -> None:
    for line in _titled(title, lines):
        click.echo(line, err=is_error)


def _titled(title: str, lines: Iterable[str]) -> Iterator[str]:
    written = [f"- {printable(line)}" for line in lines]
    return iter([title, *written] if written else [])


def _row(form_id: str, cells: Iterable[str]) -> str:
    widths = (f"{cell:>{len(title)}}" for cell, title in zip(cells, COLUMNS.values(), strict=True))
    return "  ".join([f"{form_id:<24}", *widths])

"""What is told of each tablet: what came from it on which day, what is missing, what its numbers ask. No answer."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from sync_server.core.form_numbers import Gap, Restart

SILENT_DAYS = 3  # a tablet of which nothing was heard for so long is named; a weekend is two


@dataclass(frozen=True, slots=True)
class Question:
    """Numbers of a form that never came from a tablet; up to `erased` erased submissions may be among them."""

    form_id: str
    gap: Gap
    erased: int


@dataclass(frozen=True, slots=True)
class CountedAnew:
    """A tablet began to count a form anew: how much it filled just before is not known."""

    form_id: str
    restart: Restart


@dataclass(frozen=True, slots=True)
class Numbers:
    """What the numbers ask of one tablet; `missing` counts those too of which no `questions` tell."""

    questions: tuple[Question, ...] = ()
    restarts: tuple[CountedAnew, ...] = ()
    missing: int = 0

    def __add__(self, other: "Numbers") -> "Numbers":
        restarts = self.restarts + other.restarts
        return Numbers(self.questions + other.questions, restarts, self.missing + other.missing)


@dataclass(frozen=True, slots=True, kw_only=True)
class TabletForm:
    """What came of one form: on each day asked for and since the beginning, by when a submission first came.

    An edit belongs to the submission it edits; `edits` are those that came in these days. `waiting` wait for a person,
    `missing` are photos and files that are not here, `sealed` submissions tell no number.
    """

    form_id: str
    title: str
    by_day: tuple[int, ...]
    total: int
    edits: int = 0
    waiting: int = 0
    missing: int = 0
    sealed: int = 0

    @property
    def received(self) -> int:
        return sum(self.by_day)


@dataclass(frozen=True, slots=True, kw_only=True)
class TabletReport:
    """One tablet: `name` as the office calls it, else what it calls itself, else "". `node` is where it sends; "" here.

    `code` sums up which submissions came in these days. `on_the_way` of the missing files are at another node;
    `not_at_centre` submissions are not yet there, None where no centre is or nothing can be said.
    """

    key: str
    name: str
    node: str = ""
    is_ended: bool = False
    last_seen_at: datetime | None = None
    days_silent: int | None = None
    forms: tuple[TabletForm, ...] = ()
    numbers: Numbers = field(default_factory=Numbers)
    code: str = ""
    on_the_way: int = 0
    not_at_centre: int | None = None

    @property
    def received(self) -> int:
        return sum(form.received for form in self.forms)

    @property
    def total(self) -> int:
        return sum(form.total for form in self.forms)

    @property
    def edits(self) -> int:
        return sum(form.edits for form in self.forms)

    @property
    def waiting(self) -> int:
        return sum(form.waiting for form in self.forms)

    @property
    def missing(self) -> int:
        return sum(form.missing for form in self.forms)

    @property
    def sealed(self) -> int:
        return sum(form.sealed for form in self.forms)

    def title_of(self, form_id: str) -> str:
        return next((form.title for form in self.forms if form.form_id == form_id), form_id)

    @property
    def by_day(self) -> tuple[int, ...]:
        return tuple(map(sum, zip(*(form.by_day for form in self.forms), strict=True)))


@dataclass(frozen=True, slots=True, kw_only=True)
class TabletsReport:
    """All tablets of a project, by name.

    While not `is_worked_through`, what just came is not counted, and no numbers are asked for.
    """

    project_id: int
    project: str
    days: Sequence[date]
    made_at: datetime
    silent_days: int
    is_worked_through: bool
    centre: str
    tablets: tuple[TabletReport, ...]

    @property
    def here(self) -> list[TabletReport]:
        return [tablet for tablet in self.tablets if not tablet.node]

    @property
    def elsewhere(self) -> list[TabletReport]:
        return [tablet for tablet in self.tablets if tablet.node]

    def local(self, moment: datetime) -> datetime:
        """The moment in the zone in which the report was made."""
        return moment.astimezone(self.made_at.tzinfo)

    def is_silent(self, tablet: TabletReport) -> bool:
        """Tell whether a tablet with access was not heard for so many days, or never."""
        silent = tablet.days_silent
        return not tablet.is_ended and (silent is None or silent >= self.silent_days)

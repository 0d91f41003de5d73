"""Who and which node may have what: the one predicate for doors, lists, exports and peers.

A grant is a role on the whole site, on a project, or on a form. It may be narrowed to rows (an OData filter over the
form's questions) and to a level of sensitivity. Grants add up: who has two may do what either allows. But what a grant
shows, it shows of its own rows only, at its own level: reading harmless answers everywhere and delicate ones in one
district never adds up to delicate ones everywhere.

Without a grant nothing is allowed; there is no rule that takes away.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sync_server.core.roles import ADMIN, PEER_VERBS, ROLES, SEVERE_VERB, VERBS, Role
from sync_server.core.row_scope import name_questions
from sync_server.core.sensitivity import Level, Sensitivities

READ = "submission.read"
# Severe answers leave in no export, whoever asks.
EXPORT_CEILING = Level.HIGH
OPERATOR, STRANGER = "operator", "stranger"


@dataclass(frozen=True, slots=True)
class Grant:
    """One role, on the site (no project), on a project (no form), or on a form; `rows` None means all of them."""

    role: Role
    project_id: int | None = None
    form_id: str | None = None
    rows: str | None = None
    level: Level | None = None

    def covers(self, project_id: int | None, form_id: str | None) -> bool:
        """Tell whether it reaches this actee: the site (None, None), a project, or a form."""
        if self.project_id is None:
            return True
        return self.project_id == project_id and self.form_id in (None, form_id)

    def touches(self, project_id: int | None, form_id: str | None) -> bool:
        """Tell whether it reaches the actee or anything in it: enough to know that it is there."""
        is_inside = project_id is None or (self.project_id == project_id and form_id is None)
        return is_inside or self.covers(project_id, form_id)

    @property
    def sees(self) -> Level:
        """The most sensitive answers it shows; never above the role's ceiling, nor severe without the verb for it."""
        level = min(self.role.default if self.level is None else self.level, self.role.ceiling)
        return level if SEVERE_VERB in self.role.verbs else min(level, Level.HIGH)


@dataclass(frozen=True, slots=True)
class Part:
    """Some rows of a form (None: all), and the level up to which their answers are shown."""

    rows: str | None
    level: Level

    def includes(self, other: "Part") -> bool:
        return self.level >= other.level and self.rows in (None, other.rows)

    def hides(self, sensitivities: Sensitivities) -> frozenset[str]:
        return frozenset(path for path, level in sensitivities.items() if level > self.level)


@dataclass(frozen=True, slots=True)
class View:
    """What somebody sees of one form: parts, none of which is within another. There is always one at least."""

    parts: tuple[Part, ...]

    @property
    def rows(self) -> tuple[str, ...] | None:
        """The filters of the rows in sight, of which one must hold; None when all are."""
        if any(part.rows is None for part in self.parts):
            return None
        return tuple(dict.fromkeys(part.rows for part in self.parts if part.rows is not None))

    @property
    def level(self) -> Level:
        """The highest level of any part: of the columns there can be, not of each row."""
        return max(part.level for part in self.parts)

    @property
    def lowest(self) -> Level:
        """The level that holds for every row in sight: a list that cannot tell rows apart shows no more."""
        return min(part.level for part in self.parts)

    def hidden(self, sensitivities: Sensitivities) -> frozenset[str]:
        """Return the questions of which no row in sight is shown; where parts differ, see `level_of` for each row."""
        return Part(None, self.level).hides(sensitivities)

    def level_of(self, matches: Callable[[str], bool]) -> Level | None:
        """Return up to which level one row is shown, None when it is out of sight; `matches` tries a filter on it."""
        levels = [part.level for part in self.parts if part.rows is None or matches(part.rows)]
        return max(levels, default=None)

    def of_form(self, tagged: Mapping[str, str]) -> "View | None":
        """Put a form's own paths in place of HXL tags; None when nothing is in sight then."""
        named = [(part, name_questions(part.rows, tagged) if part.rows else None) for part in self.parts]
        parts = [Part(rows, part.level) for part, rows in named if rows is not None or part.rows is None]
        return View(_fold(parts)) if parts else None

    def for_export(self) -> "View":
        """Narrow it to what may leave in a file."""
        return View(_fold([Part(part.rows, min(part.level, EXPORT_CEILING)) for part in self.parts]))


@dataclass(frozen=True, slots=True)
class Scope:
    """All that one actor may have. `kind` is the actor's type, such as user, field_key or peer, or one of the above."""

    actor_id: int | None
    kind: str
    grants: tuple[Grant, ...] = ()

    def may(self, verb: str, project_id: int | None = None, form_id: str | None = None) -> bool:
        """Tell whether the actor may do this to the site, a project or a form; which rows of it, `view` tells."""
        _require_known(verb)
        return any(verb in g.role.verbs and g.covers(project_id, form_id) for g in self.grants)

    def may_somewhere(self, verb: str, project_id: int | None = None) -> bool:
        """Tell whether the actor may do this to the project or something in it; without a project, to anything."""
        _require_known(verb)
        return any(verb in g.role.verbs and g.touches(project_id, None) for g in self.grants)

    def knows(self, project_id: int | None = None, form_id: str | None = None) -> bool:
        """Tell whether the actor may know that this exists: something was granted on it, in it or above it."""
        return any(g.touches(project_id, form_id) for g in self.grants)

    def verbs(self, project_id: int | None = None, form_id: str | None = None) -> tuple[str, ...]:
        """List what the actor may do to the site, a project or a form."""
        covering = (g.role.verbs for g in self.grants if g.covers(project_id, form_id))
        return tuple(sorted(frozenset().union(*covering)))

    def view(self, project_id: int, form_id: str, verb: str = READ) -> View | None:
        """Return which rows of a form the actor may read (or treat, by another verb), and how much of them."""
        _require_known(verb)
        granted = [g for g in self.grants if verb in g.role.verbs and g.covers(project_id, form_id)]
        parts = _fold([Part(g.rows, g.sees) for g in granted])
        return View(parts) if parts else None

    def sees_whole(self, project_id: int, form_id: str, verb: str = READ) -> bool:
        """Tell whether the actor may read (or treat) every row of a form."""
        view = self.view(project_id, form_id, verb)
        return view is not None and view.rows is None

    def may_grant(self, grant: Grant) -> bool:
        """Tell whether the actor has, on that place, all that the grant gives: nobody hands out more than they hold.

        Severe answers and the feed, which nobody who assigns has, are asked for elsewhere.
        """
        covering = [g for g in self.grants if g.covers(grant.project_id, grant.form_id)]
        held: frozenset[str] = frozenset().union(*(g.role.verbs for g in covering))
        if not grant.role.verbs - PEER_VERBS - {SEVERE_VERB} <= held:
            return False
        given = Part(grant.rows, min(grant.sees, Level.HIGH))
        shown = [Part(g.rows, g.sees) for g in covering if READ in g.role.verbs]
        return READ not in grant.role.verbs or any(part.includes(given) for part in shown)


def operator_scope() -> Scope:
    """The scope of whoever sits at the machine and uses the command line: who holds the database holds everything."""
    return Scope(None, OPERATOR, tuple(Grant(role) for role in ROLES))


def stranger_scope() -> Scope:
    return Scope(None, STRANGER)


def is_administrator(scope: Scope) -> bool:
    return any(g.role is ADMIN and g.project_id is None for g in scope.grants)


def _fold(parts: list[Part]) -> tuple[Part, ...]:
    """Leave out parts that are within another; the order is the same whatever order the grants came in."""
    ordered = sorted(set(parts), key=lambda part: (part.rows is not None, -part.level, part.rows or ""))
    kept: list[Part] = []
    for part in ordered:
        if not any(other.includes(part) for other in kept):
            kept.append(part)
    return tuple(kept)


def _require_known(verb: str) -> None:
    """Fail loudly for a verb nobody has: a typing error must not look like a refusal."""
    if verb not in VERBS:
        raise ValueError(f"no such verb: {verb}")

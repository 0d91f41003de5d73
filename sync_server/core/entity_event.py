"""The values that go into and come out of folding an entity."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from sync_server.core.ids import sha256_hex

CREATE, UPDATE, UPSERT, DELETE, RESTORE = "create", "update", "upsert", "delete", "restore"

SETTLE = "settle"
"""A person decided a conflict: what it says counts as said anew, also where it is what was shown for the time being."""

WITHDRAWN = "withdrawn"
"""What a submission had done to an entity until it was edited: nothing any more, but versions of it were served."""

LABEL = "label"
"""The label among the properties: the specification gives no property this name."""

DELETION = "deletion"
"""What a conflict is about when one person deleted what another, who did not know, changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityEvent:
    """One thing that happened to an entity: the action of a submission, or what a person did on the server.

    What its author saw is told in one of two ways. On the server, `parents` names every event that was shown. On a
    tablet there are numbers only: `base` is the number of the version in front of the person, `trunk` the one that
    the server had served last (0: none, the tablet made the entity itself), `branch` the tablet's line of updates.
    `facts` counts what was received about it: the versions of its submission, one more with each edit.
    """

    id: str
    kind: str
    values: Mapping[str, str]
    base: int | None = None
    trunk: int | None = None
    branch: str | None = None
    parents: frozenset[str] | None = None
    source: str | None = None
    facts: int = 1

    @property
    def can_create(self) -> bool:
        return self.kind in (CREATE, UPSERT)


def submission_event_id(list_name: str, entity_id: str, root_id: str, nth: int = 1) -> str:
    """Name the `nth` thing that a submission does to an entity: the same at every node, and after every edit."""
    return sha256_hex("\n".join((list_name, entity_id, root_id, str(nth))).encode())


class Claim(NamedTuple):
    """What one event says of a property."""

    event: str
    value: str


@dataclass(frozen=True, slots=True, order=True)
class EntityConflict:
    """Parallel changes of one property that disagree until a person decides: the value shown first, then the others."""

    about: str
    claims: tuple[Claim, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityState:
    """What an entity is now.

    `waits` names the events of which it is not known yet what their authors saw: they count, but are taken as parallel
    to everything else. Nothing created it yet when `is_created` is false: an update came first.
    """

    number: int
    is_created: bool
    is_deleted: bool
    values: Mapping[str, str]
    conflicts: tuple[EntityConflict, ...]
    waits: tuple[str, ...]
    events: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the state as plain JSON values; equal states give equal values in equal order."""
        return {
            "number": self.number,
            "is_created": self.is_created,
            "is_deleted": self.is_deleted,
            "values": dict(sorted(self.values.items())),
            "conflicts": [{"about": c.about, "claims": [list(claim) for claim in c.claims]} for c in self.conflicts],
            "waits": list(self.waits),
            "events": list(self.events),
        }

"""What a peer is to have, as people lay it down: projects, which of their forms, by which role, which rows.

Written as grants of the peer's actor once the peer is there; until then as JSON in the offer.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sync_server.core.roles import PEER, PEER_UP, Role, find_role
from sync_server.core.scope import Grant


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerPlace:
    """One project. `forms` None: all of them, later ones too; `rows` None: all that the role lets through."""

    project_id: int
    forms: tuple[str, ...] | None = None
    role: Role = PEER_UP
    rows: str | None = None

    @property
    def grants(self) -> tuple[Grant, ...]:
        names = (None,) if self.forms is None else self.forms
        return tuple(Grant(self.role, self.project_id, form_id, self.rows) for form_id in names)


@dataclass(frozen=True, slots=True)
class PeerScope:
    """All that a peer is to have; one place at least."""

    places: tuple[PeerPlace, ...]

    @property
    def grants(self) -> tuple[Grant, ...]:
        """The grants, one for each role and place: said twice, the later counts."""
        found = {(g.role, g.project_id, g.form_id): g for place in self.places for g in place.grants}
        return tuple(found.values())

    def to_json(self) -> list[dict[str, Any]]:
        return [
            {
                "project": place.project_id,
                "forms": None if place.forms is None else list(place.forms),
                "role": place.role.system,
                "rows": place.rows,
            }
            for place in self.places
        ]


def read_scope(written: Iterable[Mapping[str, Any]]) -> PeerScope:
    """Read what `to_json` wrote."""
    return PeerScope(tuple(_read_place(place) for place in written))


def scope_of_grants(grants: Iterable[Grant]) -> PeerScope:
    """Say what grants of a peer come to, a place for each."""
    return PeerScope(
        tuple(
            PeerPlace(
                project_id=grant.project_id,
                forms=None if grant.form_id is None else (grant.form_id,),
                role=grant.role,
                rows=grant.rows,
            )
            for grant in grants
            if grant.project_id is not None
        )
    )


def _read_place(written: Mapping[str, Any]) -> PeerPlace:
    forms = None if written["forms"] is None else tuple(written["forms"])
    role = PEER if find_role(written["role"]) is PEER else PEER_UP
    return PeerPlace(project_id=written["project"], forms=forms, role=role, rows=written["rows"])

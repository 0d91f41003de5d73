"""How it stands with each paired node: what waits, what was refused, when it went well last and why it did not since.

For `sync-server status` and the coordinator's page; it asks nobody over the network.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence for people: a template, translated by who shows it (`messages.say(template, **details)`)."""

    template: str
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The sentence in English."""
        return self.template.format(**self.details)


@dataclass(frozen=True, slots=True)
class RefusedItem:
    """An item that one end did not take; `reason` is one word (docs/replication.md, "Refusals")."""

    item: str
    reason: str
    refused_at: datetime


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A submission that left a peer's scope; `done_at` is None until it was removed."""

    form_id: str
    root_id: str
    ordered_at: datetime
    done_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """How far a round is. Records are counted in changes of both feeds; `seconds_left` None: not known yet."""

    records_done: int = 0
    records_total: int = 0
    files_done: int = 0
    files_total: int = 0
    bytes_done: int = 0
    bytes_per_second: float = 0.0
    seconds_left: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerStatus:
    """One paired node as it stands now.

    Of a hub, which dials, the times of rounds are None: `seen_at` tells. Lists hold the newest 100; their count is by
    itself.
    """

    id: str
    name: str
    side: str  # what it is to us: "hub" or "centre"
    url: str | None
    state: str  # "active", "revoked", or "stopped"
    state_reason: str
    paired_at: datetime
    ended_at: datetime | None
    seen_at: datetime | None
    program: str | None
    clock_offset_seconds: float | None

    records_to_send: int  # submission versions and decisions that it does not have
    files_to_send: int  # that it still awaits from us
    files_awaited: int  # here, from it
    bytes_awaited: int
    refused_here: tuple[RefusedItem, ...]
    refused_there: tuple[RefusedItem, ...]
    refused_here_count: int
    refused_there_count: int
    withdrawals_out: tuple[Withdrawn, ...]  # we ordered
    withdrawals_in: tuple[Withdrawn, ...]  # it ordered

    tried_at: datetime | None
    succeeded_at: datetime | None
    failed_at: datetime | None
    failures: int  # in a row
    error: Said | None  # of the last round, None when it went well
    is_wanted: bool  # somebody asked for a round that has not begun
    movement: Movement | None  # of the round under way, None when there is none

    @property
    def is_active(self) -> bool:
        return self.state == "active"

    @property
    def is_quiet(self) -> bool:
        """Tell whether, as far as this node knows, nothing waits in either direction."""
        return not (self.records_to_send or self.files_to_send or self.files_awaited)

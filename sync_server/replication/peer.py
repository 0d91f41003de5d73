"""What one end of a replication can do, whether it is in this process, behind a socket, or a file on a stick.

`replicator` knows nothing else of a node: a batch is read at one end and taken at the other, and either end may be
the local one. Each end is opened for one peer: what it gives and takes is ruled by that peer's scope.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sync_server.core.node_comparison import RangesAnswered, RangesAsked, VersionFound, VersionsAsked
from sync_server.core.replication_batch import Batch
from sync_server.core.replication_pieces import AwaitedFile as AwaitedFile
from sync_server.core.replication_pieces import Piece as Piece


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A project the two ends share, and which of its forms; None: all of them, later ones too."""

    project: str
    title: str
    forms: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Greeting:
    """What an end says of itself to this peer when a round begins.

    `epoch` and `head`: of its own feed. `taken_epoch`, `taken_seq`: how much of the *other* end's feed it has taken
    (its cursor under the scope in force; None: nothing yet, so the other end first asks what is lacking). `scope_hash`
    and `places` say the scope in force; the centre rules it, a hub that never met it says "".
    """

    node: str
    name: str
    epoch: str
    head: int
    scope_hash: str = ""
    taken_epoch: str | None = None
    taken_seq: int | None = None
    places: tuple[Place, ...] = ()
    clock: datetime
    program: str


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a batch may be: bytes before it is packed, and changes looked at."""

    bytes: int = 4_000_000
    changes: int = 5_000


@dataclass(frozen=True, slots=True)
class Refusal:
    """An item that was not taken; `reason` is one word, such as beyond_scope (docs/replication.md, "Refusals")."""

    item: str
    reason: str


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a batch: it is durable. `seq` is how much of the sender's feed is taken now.

    `packed` is how many bytes the batch was on its way; 0: it went nowhere.
    """

    seq: int
    stored: int
    known: int
    refused: tuple[Refusal, ...] = ()
    packed: int = 0


class Peer(Protocol):
    """One end. Every method may raise PeerAway (try again later) or a Problem that says why not at all."""

    def meet(self, other: Greeting) -> Greeting:
        """Begin a round: note what the other end says of itself, and answer in kind.

        An end that sees a new epoch of the other's feed will offer again what it once had from it.
        """
        ...

    def read_changes(self, since: int, limits: Limits) -> Batch:
        """Read what is new for the other end after a change of this end's feed; items whole."""
        ...

    def read_names(self, since: int, limits: Limits) -> tuple[Batch, Sequence[str]]:
        """As `read_changes`, but only name what belongs to submissions; the batch has the few other items."""
        ...

    def read_items(self, names: Sequence[str], head: Batch) -> Batch:
        """Read items by name, as far as the other end may have them, and put them to those that `head` has."""
        ...

    def find_lacking(self, names: Sequence[str]) -> Sequence[str]:
        """Say which of these items this end does not have."""
        ...

    def take(self, batch: Batch) -> Taken:
        """Store what is new in a batch, and move the cursor, in one transaction. Safe to repeat, in any order."""
        ...

    def take_in_turn(self, batch: Batch) -> Taken:
        """As `take`, for batches that are sent at the same time: one that is early waits for those it follows."""
        ...

    def list_awaited(self, limit: int) -> Sequence[AwaitedFile]:
        """List files that the other end announced and this end does not have whole, oldest first."""
        ...

    def read_pieces(self, wanted: Sequence[tuple[AwaitedFile, int, int]]) -> Sequence[Piece]:
        """Read (file, offset, length) of files that the other end may have; a file that is not there is left out."""
        ...

    def write_pieces(self, pieces: Sequence[Piece]) -> int:
        """Keep pieces of awaited files; whole ones are checked and joined to what awaits them. Return how many are
        whole now."""
        ...

    def compare_ranges(self, asked: RangesAsked) -> RangesAnswered:
        """Say where this end holds other versions or files than the other said of itself, of what both share."""
        ...

    def find_versions(self, asked: VersionsAsked) -> Sequence[VersionFound]:
        """Say of each of these versions whether this end has it, with which files, or what became of it."""
        ...

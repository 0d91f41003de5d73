"""What the takers of items share: one transaction, from one peer, within its scope."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from sync_server.core.scope import Scope
from sync_server.core.storable import told_name
from sync_server.node import Node
from sync_server.services.peer_scope import Inside
from sync_server.store import shared_projects
from sync_server.store.changes import Change
from sync_server.store.entity_actions import EntityKey
from sync_server.store.peers import PeerNode

# Words of docs/replication.md, "Refusals".
BEYOND_SCOPE, UNKNOWN_PROJECT, UNKNOWN_VERSION = "beyond_scope", "unknown_project", "unknown_version"
UNKNOWN_NODE, BAD_SIGNATURE, FORGED_AUTHOR = "unknown_node", "bad_signature", "forged_author"
NOT_FROM_A_HUB, NOT_WHAT_IT_SAYS, UNREADABLE, ERASED = "not_from_a_hub", "not_what_it_says", "unreadable", "erased"
HOLDS_MORE = "holds_more"


class NotTaken(Exception):
    """An item is refused; the others of its batch are not."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(slots=True)
class Taking:
    """One batch being taken. Takers add to `happened` what goes to the feed when all are done."""

    node: Node
    session: Session
    peer: PeerNode
    scope: Scope
    now: datetime
    inside: Inside = frozenset()  # of what decisions are about: the peer's rows, asked before the transaction
    foreign: frozenset[EntityKey] = frozenset()  # entities that are here and not for the peer to decide about
    claimable: frozenset[str] = frozenset()  # versions of which the peer may say more than it shows in this batch
    present: frozenset[str] = frozenset()  # files that need not travel: here already, and said by their project's home
    happened: list[Change] = field(default_factory=list)
    stored: int = 0
    refused: dict[str, str] = field(default_factory=dict)
    has_erased: bool = False
    has_changed_access: bool = False  # after the commit, node.tokens and node.grants have to forget
    _projects: dict[str, tuple[int, bool]] = field(default_factory=dict)

    def project(self, uid: str) -> int:
        """Return the number here of a project; raise NotTaken when it is unknown or beyond the peer's scope."""
        return self._find(uid)[0]

    def is_led_by_sender(self, uid: str) -> bool:
        """Tell whether the sender is the project's home."""
        return self._find(uid)[1]

    def require_may_send(self, uid: str, form_id: str) -> int:
        """Return the project's number; raise NotTaken when the sender may not send of this form."""
        project_id, is_led = self._find(uid)
        if not is_led and not self.scope.may("peer.write", project_id, form_id):
            raise NotTaken(BEYOND_SCOPE)
        return project_id

    @contextmanager
    def noting(self, name: str) -> Iterator[None]:
        """Take one item within; when it is refused, note why and go on."""
        try:
            yield
        except NotTaken as refusal:
            self.refused[told_name(name)] = refusal.reason

    def tell(self, kind: str, key: str, version: str) -> None:
        """Note a change for the feed."""
        self.stored += 1
        self.happened.append(Change(kind, key, version))

    def _find(self, uid: str) -> tuple[int, bool]:
        if uid not in self._projects:
            found = shared_projects.find_by_uid(self.session, uid)
            if found is None:
                raise NotTaken(UNKNOWN_PROJECT)
            is_led = self.peer.is_centre and found.home == self.peer.id
            if not is_led and not self.scope.knows(found.id, None):
                raise NotTaken(BEYOND_SCOPE)
            self._projects[uid] = (found.id, is_led)
        return self._projects[uid]

"""What a node may erase of a project that another leads: what it received itself, with what edits that.

The same is asked at both ends: a hub asks before anybody there erases, so that nothing goes there that its centre will
not let go; the centre asks of every erasure that comes from a hub.
"""

from collections.abc import Collection

from sqlalchemy.orm import Session

from sync_server.peer_errors import ErasedAtHome
from sync_server.services.apply_erasure import Target, members
from sync_server.services.project_home import find_home_name
from sync_server.store.families import find_receivers
from sync_server.store.submissions import StoredVersion


def find_foreign(
    session: Session, target: Target, nodes: Collection[str | None], *, listed: Collection[str] = ()
) -> list[str]:
    """Name the instances that an erasure would take, or that what it takes edits, and none of these nodes received.

    None stands for this node. An edit of what they received is theirs; to edit what others received makes nothing of
    that theirs. What an erasure lists as taken by the hash of its bytes was there, even when its receipt never came
    here; but the erasure of a person tells those hashes to everybody.
    """
    taken = members(session, target)
    receivers = find_receivers(session, [version.row_id for version in taken])
    own = {
        str(v.instance_id)
        for v in taken
        if not receivers.get(v.row_id, frozenset()).isdisjoint(nodes)
        or (v.sha256 in listed and v.redacted_sha256 is None)
    }
    own |= _edits_of(taken, own)
    originals = {str(v.instance_id) for v in taken if v.deprecated_id is None}
    edited = {str(v.deprecated_id) for v in taken if v.deprecated_id and v.instance_id not in originals}
    return sorted(({str(v.instance_id) for v in taken} | edited) - own)


def require_erasable(session: Session, target: Target) -> None:
    """Raise ErasedAtHome for what another node received, in a project that another node leads."""
    home = find_home_name(session, target.project_id)
    if home is not None and find_foreign(session, target, (None,)):
        raise ErasedAtHome(home=home)


def _edits_of(versions: list[StoredVersion], own: set[str]) -> set[str]:
    found: set[str] = set()
    grown = {str(v.instance_id) for v in versions if v.deprecated_id in own} - own
    while grown:
        found |= grown
        grown = {str(v.instance_id) for v in versions if v.deprecated_id in found} - own - found
    return found

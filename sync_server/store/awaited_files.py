"""Files that a peer announced and whose bytes are not here yet; the row that names them follows when they are.

Each peer's announcement stands by itself, and only bytes from that very peer answer it: else whoever names a file by
its hash would be shown what another brought. Once the file is with its version, nobody awaits it any more.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, exists, func, or_, select, update
from sqlalchemy.orm import Session

from sync_server.core.ids import is_sha256
from sync_server.core.replication_pieces import AwaitedFile
from sync_server.store.engine import insert_for
from sync_server.store.submissions import PARAMETERS
from sync_server.store.tables import (
    awaited_files,
    form_attachments,
    form_versions,
    projects,
    submission_attachments,
    submission_versions,
)

SUBMISSION, FORM = "submission", "form"
MOST_WRONG = 3  # bytes that were not what was announced: then it is left, until it is announced anew or retried

_t = awaited_files.c
_KEY = ("peer_id", "owner", "version_id", "name", "sha256")


@dataclass(frozen=True, slots=True, kw_only=True)
class Awaited:
    """One announcement, as it lies in the store; `version_id` is the row of the version that waits for the file."""

    peer_id: str
    owner: str
    version_id: int
    name: str
    sha256: str
    size: int
    type: str
    md5: str | None
    updated_at: datetime | None
    wrong: int


@dataclass(frozen=True, slots=True)
class OnTheWay:
    """How much is awaited, all of it counted, also what of it is here already; `given_up` are files left as wrong."""

    files: int
    bytes: int
    given_up: int


def announce(
    session: Session, *, owner: str, version_id: int, name: str, sha256: str, size: int, type: str,
    md5: str | None = None, updated_at: datetime | None = None, peer_id: str,
) -> None:  # fmt: skip
    """Await a file of a version from a peer, unless the version has it; safe to repeat.

    What was given up as wrong is asked for again. Of a form's file only the last announcement counts. Raises ValueError
    for what is no sha256 or size: it would become the name of a file.
    """
    if not is_sha256(sha256) or size < 0:
        raise ValueError("not the id and size of a file")
    if owner == FORM:
        _forget_replaced(session, version_id, name, sha256)
    if _is_here(session, owner, version_id, name, sha256):
        return
    said = {"size": size, "type": type, "md5": md5, "updated_at": updated_at, "wrong": 0}
    key = {"peer_id": peer_id, "owner": owner, "version_id": version_id, "name": name, "sha256": sha256}
    statement = insert_for(session)(awaited_files).values(**key, **said)
    session.execute(statement.on_conflict_do_update(index_elements=_KEY, set_=said))


def iter_awaited(session: Session, peer_id: str, limit: int) -> list[AwaitedFile]:
    """List what a peer announced and is not given up, forms first, then in the order of the versions; nothing is said
    of what is `present`."""
    mine = (_t.peer_id == peer_id, _t.wrong < MOST_WRONG)
    found: list[AwaitedFile] = []
    for owner in (FORM, SUBMISSION):
        query = _named(owner).where(*mine).order_by(_t.version_id, _t.name, _t.sha256).limit(limit - len(found))
        found += [AwaitedFile(owner=owner, **row._mapping, present=0) for row in session.execute(query)]
    return found


def iter_given_up(session: Session) -> list[tuple[str, AwaitedFile]]:
    """List, with its peer, what was wrong too often, and so is not asked for any more."""
    found: list[tuple[str, AwaitedFile]] = []
    for owner in (FORM, SUBMISSION):
        query = _named(owner).add_columns(_t.peer_id).where(_t.wrong >= MOST_WRONG)
        for row in session.execute(query.order_by(_t.peer_id, _t.version_id, _t.name, _t.sha256)):
            said = dict(row._mapping)
            found.append((said.pop("peer_id"), AwaitedFile(owner=owner, **said, present=0)))
    return found


def find_awaited(session: Session, sha256: str, peer_id: str | None = None) -> list[Awaited]:
    """List who awaits these bytes, from one peer or from any."""
    columns = [_t[name] for name in Awaited.__dataclass_fields__]
    query = select(*columns).where(_t.sha256 == sha256)
    if peer_id is not None:
        query = query.where(_t.peer_id == peer_id)
    return [Awaited(**row._mapping) for row in session.execute(query.order_by(*(_t[name] for name in _KEY)))]


def find_sizes(session: Session, peer_id: str, hashes: Iterable[str]) -> dict[str, int]:
    """Tell how large each of these files is that the peer may send now."""
    found: dict[str, int] = {}
    for part in _parts(sorted(set(hashes))):
        mine = (_t.peer_id == peer_id, _t.sha256.in_(part), _t.wrong < MOST_WRONG)
        query = select(_t.sha256, func.min(_t.size)).where(*mine).group_by(_t.sha256)
        found.update((sha256, size) for sha256, size in session.execute(query))
    return found


def find_of_versions(session: Session, row_ids: Sequence[int]) -> dict[int, set[tuple[str, str]]]:
    """Load (name, sha256) of the files that these submission versions await."""
    found: dict[int, set[tuple[str, str]]] = {}
    for part in _parts(row_ids):
        query = select(_t.version_id, _t.name, _t.sha256).where(_t.owner == SUBMISSION, _t.version_id.in_(part))
        for version_id, name, sha256 in session.execute(query):
            found.setdefault(version_id, set()).add((name, sha256))
    return found


def is_form_version_awaited(session: Session, version_id: int) -> bool:
    """Whether a file of a form version is not here yet."""
    query = select(_t.name).where(_t.owner == FORM, _t.version_id == version_id).limit(1)
    return session.scalar(query) is not None


def count_awaited(session: Session, *, peer_id: str | None = None) -> OnTheWay:
    """Sum up what is on its way from one peer, or from any, each file of each version once."""
    key = (_t.owner, _t.version_id, _t.name, _t.sha256)
    each = select(func.max(_t.size).label("size"), func.min(_t.wrong).label("wrong")).group_by(*key)
    if peer_id is not None:
        each = each.where(_t.peer_id == peer_id)
    files = each.subquery()
    given_up = func.count().filter(files.c.wrong >= MOST_WRONG)
    row = session.execute(select(func.count(), func.coalesce(func.sum(files.c.size), 0), given_up)).one()
    return OnTheWay(row[0], int(row[1]), row[2])


def count_wrong(session: Session, peer_id: str, sha256: str) -> int:
    """Count that a peer's bytes were not those of this id; return how often that was."""
    mine = (_t.peer_id == peer_id, _t.sha256 == sha256)
    session.execute(update(awaited_files).where(*mine).values(wrong=_t.wrong + 1))
    return session.scalar(select(func.max(_t.wrong)).where(*mine)) or 0


def retry(session: Session, *, peer_id: str | None = None) -> None:
    """Ask again for what was given up, from one peer or from any."""
    statement = update(awaited_files).where(_t.wrong > 0).values(wrong=0)
    session.execute(statement if peer_id is None else statement.where(_t.peer_id == peer_id))


def end_awaited(session: Session, *, owner: str, version_id: int, name: str, sha256: str) -> None:
    """Await this file of this version no longer, whoever announced it."""
    of_version = (_t.owner == owner, _t.version_id == version_id)
    session.execute(delete(awaited_files).where(*of_version, _t.name == name, _t.sha256 == sha256))


def forget_versions(session: Session, row_ids: Sequence[int], names: Iterable[str] | None = None) -> None:
    """Await nothing for these submission versions any more, or no files of these names.

    Row numbers are used again, so this goes with the versions, in one transaction.
    """
    wanted = None if names is None else sorted(set(names))
    for part in _parts(row_ids):
        of_versions = delete(awaited_files).where(_t.owner == SUBMISSION, _t.version_id.in_(part))
        for some in _parts(wanted) if wanted is not None else (None,):
            session.execute(of_versions if some is None else of_versions.where(_t.name.in_(some)))


def forget_announced(session: Session, peer_id: str) -> None:
    """Await nothing of submissions that a peer announced so far: what it still has, it announces again."""
    session.execute(delete(awaited_files).where(_t.owner == SUBMISSION, _t.peer_id == peer_id))


def forget_arrived(session: Session) -> None:
    """Await no longer what came another way, such as from the tablet itself."""
    s, f = submission_attachments.c, form_attachments.c
    by_tablet = exists().where(s.version_id == _t.version_id, s.name == _t.name, s.sha256 == _t.sha256)
    by_hand = exists().where(f.form_version_id == _t.version_id, f.name == _t.name, f.sha256 == _t.sha256)
    arrived = or_((_t.owner == SUBMISSION) & by_tablet, (_t.owner == FORM) & by_hand)
    session.execute(delete(awaited_files).where(arrived))


def _forget_replaced(session: Session, version_id: int, name: str, sha256: str) -> None:
    of_version = (_t.owner == FORM, _t.version_id == version_id)
    session.execute(delete(awaited_files).where(*of_version, _t.name == name, _t.sha256 != sha256))


def _is_here(session: Session, owner: str, version_id: int, name: str, sha256: str) -> bool:
    table = submission_attachments if owner == SUBMISSION else form_attachments
    version = table.c.version_id if owner == SUBMISSION else table.c.form_version_id
    query = select(table.c.name).where(version == version_id, table.c.name == name, table.c.sha256 == sha256)
    return session.scalar(query.limit(1)) is not None


def _named(owner: str) -> Select[Any]:
    """What is awaited, by the names that other nodes know."""
    versions = submission_versions if owner == SUBMISSION else form_versions
    columns = (projects.c.uid.label("project"), versions.c.sha256.label("version"), _t.name, _t.sha256, _t.size)
    joined = awaited_files.join(versions, versions.c.id == _t.version_id)
    joined = joined.join(projects, projects.c.id == versions.c.project_id)
    return select(*columns).select_from(joined).where(_t.owner == owner)


def _parts(ids: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (ids[start : start + PARAMETERS] for start in range(0, len(ids), PARAMETERS))

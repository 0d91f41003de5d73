"""Tell of what one tablet sent how much is still between nodes: files that come, submissions that go to the centre."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy.orm import Session

from sync_server.services.device_summary import count_kept_back
from sync_server.store import device_summary
from sync_server.store.peers import PeerNode


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """`on_the_way` files are at another node; `not_at_centre` submissions have not been told of by it."""

    on_the_way: int = 0
    not_at_centre: int | None = None


def find_whereabouts(
    session: Session, project_id: int, actor_id: int, form_ids: Collection[str], *, centre: PeerNode | None
) -> Whereabouts:
    """Count what is on its way for one sender; nothing when it sent forms of which nothing may be told."""
    counted = device_summary.count_by_form(session, actor_id)
    if any(form.project_id != project_id or form.form_id not in form_ids for form in counted):
        return Whereabouts()
    lacking = sum(form.missing for form in counted)
    on_the_way = min(lacking, device_summary.count_on_the_way(session, actor_id)) if lacking else 0
    kept_back = count_kept_back(session, actor_id, counted, centre) if centre else None
    return Whereabouts(on_the_way, kept_back)

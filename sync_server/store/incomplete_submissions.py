"""Submissions that name a file which is not here: few, and found by an index of them alone."""

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from sync_server.store.tables import submissions
from sync_server.store.version_marks import MarksPart

_s = submissions.c


def iter_incomplete(session: Session, part: MarksPart, *, limit: int = 200) -> Iterator[list[str]]:
    """List, some at a time, the roots of submissions first received in the part's period that lack a file; of its
    whole forms only."""
    # In these words, or the index is not used.
    lacks = _s.attachments_present < _s.attachments_expected
    is_meant = [_s.project_id == part.project_id, lacks, part.whole.has(_s.form_id)]
    if part.period.first is not None:
        is_meant.append(_s.first_received_at >= part.period.first)
    if part.period.until is not None:
        is_meant.append(_s.first_received_at < part.period.until)
    after = 0
    while found := session.execute(
        select(_s.id, _s.root_id).where(*is_meant, _s.id > after).order_by(_s.id).limit(limit)
    ).all():
        after = found[-1].id
        yield [row.root_id for row in found]

"""Read what resolved submissions do to entities: each one's document as it stands, by its own form version.

The state of a submission knows no order of arrival, so neither do its actions. What an edit took back counts on as
`withdrawn`, with no effect: the number of the entity's version must not fall, or tablets keep what they have.
"""

import logging
from collections import Counter
from collections.abc import Container, Iterable, Iterator
from dataclasses import replace

from lxml import etree
from sqlalchemy.orm import Session

from sync_server.core.entity_actions import NOT_APPROVED, EntityAction, read_entity_actions
from sync_server.core.entity_event import WITHDRAWN, submission_event_id
from sync_server.core.instance_xml import parse_xml
from sync_server.core.merged_document import merged_document
from sync_server.core.submission_state import APPROVED
from sync_server.services.form_definitions import UNKNOWN_VERSION, find_entity_spec
from sync_server.store.entity_actions import StoredAction
from sync_server.store.instance_names import FormKey
from sync_server.store.submission_reads import StoredSubmission, find_versions, find_xml, load_shown

log = logging.getLogger(__name__)


def read_sources(
    session: Session, form: FormKey, root_ids: Iterable[str], approved_first: Container[str] = ()
) -> Iterator[StoredAction]:
    """Read the actions of those of these submissions that are shown; sealed ones take no part.

    `approved_first` are the lists on which only what approved submissions do counts.
    """
    roots = [
        root_id
        for root_id, version, edits in find_versions(session, *form, root_ids)
        if edits or _can_act(session, form, version)
    ]
    for submission in load_shown(session, *form, sorted(roots)):
        if not submission.is_sealed:
            for action in _actions_of(session, form, submission):
                yield _unless_approved(action, submission) if action.list_name in approved_first else action


def _unless_approved(action: StoredAction, submission: StoredSubmission) -> StoredAction:
    is_approved = submission.review_state == APPROVED
    return action if is_approved or action.failure is not None else replace(action, failure=NOT_APPROVED)


def _can_act(session: Session, form: FormKey, version: str) -> bool:
    """Most forms write no list: their submissions need not be read. Of a version never seen nothing is known."""
    spec = find_entity_spec(session, *form, version)
    return spec is None or bool(spec.declarations)


def _actions_of(session: Session, form: FormKey, submission: StoredSubmission) -> Iterator[StoredAction]:
    state, root_id = submission.state, submission.root_id
    actions = _read(session, form, merged_document(state, submission.xml.__getitem__), root_id)
    current = {(action.list_name, action.entity_id) for action in actions}
    if len(state.versions) > 1:
        actions += _withdrawn(session, form, submission, current)
    counted: Counter[tuple[str, str]] = Counter()
    for action in actions:
        entity = action.list_name, action.entity_id
        counted[entity] += 1
        yield StoredAction(
            project_id=form[0],
            form_id=form[1],
            root_id=root_id,
            place=action.place,
            list_name=action.list_name,
            entity_id=action.entity_id,
            event_id=submission_event_id(*entity, root_id, counted[entity]),
            kind=action.kind,
            given=dict(action.values),
            base=action.base,
            trunk=action.trunk,
            branch=action.branch,
            facts=len(state.versions),
            failure=action.failure,
            received_at=submission.first_received_at,
            author_id=submission.submitter_id,
        )


def _read(session: Session, form: FormKey, document: etree._Element, root_id: str) -> list[EntityAction]:
    """Read a document by its form version; of one that is not here it is remembered that it waits for it."""
    spec = find_entity_spec(session, *form, document.get("version") or "")
    if spec is not None:
        return read_entity_actions(spec, document, root_id=root_id)
    return [EntityAction(place="", list_name="", entity_id="", kind="", failure=UNKNOWN_VERSION)]


def _withdrawn(
    session: Session, form: FormKey, submission: StoredSubmission, current: set[tuple[str, str]]
) -> list[EntityAction]:
    earlier: dict[tuple[str, str], EntityAction] = {}
    for xml in find_xml(session, form[0], submission.state.versions).values():
        for action in _read(session, form, parse_xml(xml), submission.root_id):
            entity = action.list_name, action.entity_id
            if action.failure is None and entity not in current:
                earlier[entity] = EntityAction(place="", list_name=entity[0], entity_id=entity[1], kind=WITHDRAWN)
    return [earlier[entity] for entity in sorted(earlier)]

"""Take form versions, and from a project's home which one is current.

The home's form is in force on every node. Where a hub had another form under the same id and version, its own becomes a
variant; what a hub sends is kept to read its data with, and never changes what is in force.
"""

import hashlib
import logging
import re

from sync_server.core.form_states import CLOSING, STATES
from sync_server.core.ids import LONGEST_NAME, BlobId
from sync_server.core.replication_items import FormItem, FormVersionItem, MediaFile
from sync_server.core.xform import FormDefinition, parse_xform
from sync_server.errors import UnreadableForm
from sync_server.replication.taking import (
    NOT_FROM_A_HUB,
    NOT_WHAT_IT_SAYS,
    UNREADABLE,
    NotTaken,
    Taking,
)
from sync_server.services.form_state import apply_form_state, has_been_decided
from sync_server.store import audits, awaited_files, form_variants, forms, projects, replicated_forms
from sync_server.store.accounts import APP_USER, USER
from sync_server.store.actor_uids import ensure_actor
from sync_server.store.assignments import actee_of
from sync_server.store.audits import Act
from sync_server.store.forms import FormAttachment, FormVersion, NewFormVersion

log = logging.getLogger(__name__)

_SHA256 = re.compile(r"[0-9a-f]{64}")
_ITEMSETS = "itemsets.csv"  # made when the form was converted: no question names it


def take_form_version(taking: Taking, item: FormVersionItem) -> None:
    project_id, is_led = _read_sender(taking, item.project, item.form_id)
    new = _read(taking, item, project_id, is_from_home=is_led)
    row_id = replicated_forms.find_row_id(taking.session, project_id, item.form_id, new.sha256)
    if is_led:
        row_id = row_id or _put(taking, new)
        _follow_media(taking, row_id, item.form_id, item.media)
        replicated_forms.withhold_if_incomplete(taking.session, row_id)
    elif row_id is None:
        _keep(taking, item, new)


def take_form(taking: Taking, item: FormItem) -> None:
    """Make a version current as soon as its media are here; the state follows the home's decisions."""
    if not taking.is_led_by_sender(item.project):
        raise NotTaken(NOT_FROM_A_HUB)
    session, project_id = taking.session, taking.project(item.project)
    row_id = replicated_forms.find_row_id(session, project_id, item.form_id, item.current)
    if row_id is None:
        return  # a form is said as it is now: the version comes with a later slice of the feed, which says this again
    if item.state not in STATES:
        raise NotTaken(UNREADABLE)
    _follow_media(taking, row_id, item.form_id, item.media)
    is_new = replicated_forms.want_version(
        session, project_id, item.form_id, row_id, state=item.state, created_at=item.created_at
    )
    if is_new:
        apply_form_state(session, project_id, item.form_id)
    change = replicated_forms.activate_if_complete(session, row_id)
    if change is not None:
        taking.tell(change.kind, change.key, change.version)


def _read_sender(taking: Taking, project: str, form_id: str) -> tuple[int, bool]:
    """Return the project's number and whether its home sends; a hub may send of its forms to the home only."""
    if taking.is_led_by_sender(project):
        return taking.project(project), True
    project_id = taking.require_may_send(project, form_id)
    if projects.find_home(taking.session, project_id) is not None:
        raise NotTaken(NOT_FROM_A_HUB)
    return project_id, False


def _read(taking: Taking, item: FormVersionItem, project_id: int, *, is_from_home: bool) -> NewFormVersion:
    """Read a version; what the bytes tell is read from them, and what a hub merely says counts for nothing here."""
    definition = _require_readable(item)
    by = item.published_by
    is_known = by is not None and by.type in (USER, APP_USER) and (is_from_home or by.node in taking.peer.ids)
    return NewFormVersion(
        project_id=project_id,
        form_id=item.form_id,
        version=item.version,
        sha256=item.sha256,
        md5=hashlib.md5(item.xml, usedforsecurity=False).hexdigest(),
        title=definition.title,
        xml=item.xml,
        source_name=item.source_name,
        source=item.source,
        # By it a file is known as published: a hub could let the home take its form for another's file.
        source_sha256=item.source_sha256 if is_from_home else None,
        annotations=item.annotations,
        warnings=list(item.warnings),
        published_at=item.published_at,
        published_by=ensure_actor(taking.session, by, now=taking.now) if by is not None and is_known else None,
    )


def _require_readable(item: FormVersionItem) -> FormDefinition:
    try:
        definition = parse_xform(item.xml)
    except UnreadableForm as error:
        raise NotTaken(UNREADABLE) from error
    if (definition.form_id, definition.version) != (item.form_id, item.version):
        raise NotTaken(NOT_WHAT_IT_SAYS)
    is_short = len(item.form_id) <= LONGEST_NAME and len(item.version) <= LONGEST_NAME
    is_annotated = all(_is_words(cells) for cells in item.annotations.values())
    if not (is_short and is_annotated):
        raise NotTaken(UNREADABLE)
    return definition


def _is_words(cells: object) -> bool:
    return isinstance(cells, dict) and all(isinstance(word, str) for word in cells.values())


# -- from the home


def _put(taking: Taking, new: NewFormVersion) -> int:
    """Store the home's version; another form that went by its name makes place and is kept as a variant."""
    session = taking.session
    other = forms.find_version(session, new.project_id, new.form_id, new.version)
    if other is None:
        row_id = replicated_forms.add_version(session, new)
    else:
        row_id = other.row_id
        own = replicated_forms.get_whole_version(session, row_id)
        form_variants.put_variant(session, own, node=taking.node.id, now=taking.now)
        replicated_forms.replace_version(session, row_id, new)
        _log(taking, "form version replaced", new)
    taking.tell("form_version", new.form_id, new.sha256)
    return row_id


def _follow_media(taking: Taking, row_id: int, form_id: str, media: tuple[MediaFile, ...]) -> None:
    """Bring a version's media to what the home says: put those whose bytes are here, await the others."""
    session = taking.session
    present = {file.name: file.sha256 for file in forms.iter_attachments(session, row_id)}
    for file in media:
        _require_fit(file)
        if present.get(file.name) == file.sha256:
            replicated_forms.forget_awaited(session, row_id, file.name)
        elif file.sha256 in taking.present:
            replicated_forms.put_media(session, row_id, _attachment(file))
            taking.tell("form_attachment", form_id, file.sha256)
        else:
            replicated_forms.forget_awaited(session, row_id, file.name, but=BlobId(file.sha256))
            _await(taking, row_id, file)
    if replicated_forms.keep_only_media(session, row_id, [file.name for file in media]):
        taking.tell("form_attachment", form_id, "")


# -- from a hub


def _keep(taking: Taking, item: FormVersionItem, new: NewFormVersion) -> None:
    """Keep what a hub sends: under a name that is taken as a variant, else as a version."""
    session = taking.session
    if forms.find_version(session, new.project_id, new.form_id, new.version) is not None:
        if form_variants.put_variant(session, new, node=taking.peer.id, now=taking.now):
            taking.stored += 1
            _log(taking, "form variant kept", new)
        return
    row_id = replicated_forms.add_version(session, new)
    named = {*parse_xform(new.xml).media, _ITEMSETS}
    for file in item.media:
        _require_fit(file)
        if file.name in named:
            _await(taking, row_id, file)
    _adopt(taking, row_id, new)
    taking.tell("form_version", new.form_id, new.sha256)


def _adopt(taking: Taking, row_id: int, new: NewFormVersion) -> None:
    """Let the data of a form that only hubs had be read here. No tablet gets it until somebody opens it.

    Until then the newest version names the form, whichever came first.
    """
    session = taking.session
    if replicated_forms.adopt_form(session, row_id, new, state=CLOSING, now=taking.now):
        place = actee_of(new.project_id, new.form_id)
        act = Act(action="form.create", actor_id=None, actee=place, details={"peer": taking.peer.id})
        taking.happened.append(audits.write_audit(session, act, now=taking.now))
        _log(taking, "form adopted", new)
        return
    form = forms.find_form(session, new.project_id, new.form_id)
    is_untouched = form is not None and form.state == CLOSING
    if form is None or not is_untouched or has_been_decided(session, new.project_id, new.form_id):
        return
    if _age(new) > _age(form.current):
        replicated_forms.set_current(session, new.project_id, new.form_id, row_id)


def _age(version: NewFormVersion | FormVersion) -> tuple[float, str]:
    return version.published_at.timestamp(), version.sha256


# -- media


def _await(taking: Taking, row_id: int, file: MediaFile) -> None:
    awaited_files.announce(
        taking.session, owner=awaited_files.FORM, version_id=row_id, name=file.name, sha256=file.sha256,
        size=file.size, type=file.type, md5=file.md5, updated_at=file.updated_at, peer_id=taking.peer.id,
    )  # fmt: skip


def _attachment(file: MediaFile) -> FormAttachment:
    return FormAttachment(
        name=file.name, sha256=BlobId(file.sha256), md5=file.md5, size=file.size, type=file.type,
        updated_at=file.updated_at,
    )  # fmt: skip


def _require_fit(file: MediaFile) -> None:
    """Refuse what cannot name a file: both names find their way into addresses and folders."""
    is_name = 0 < len(file.name) <= LONGEST_NAME and not set(file.name) & set("/\\\0")
    if not (is_name and _SHA256.fullmatch(file.sha256) and file.size >= 0):
        raise NotTaken(UNREADABLE)


def _log(taking: Taking, what: str, new: NewFormVersion) -> None:
    said = (what, new.form_id, new.version, new.sha256, taking.peer.id, taking.node.id)
    log.warning("%s form_id=%s version=%s sha256=%s peer=%s node=%s", *said)

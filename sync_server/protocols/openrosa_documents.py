"""Answer what a tablet asks before it sends: form list, form XML, manifest, media (OpenRosa Form Discovery API).

Every address in a list names one published version by its number, under the prefix the tablet came by (its token, its
user name), so that the hash in the list is always that of the bytes behind the address, even while a new version is
published. Everything has an ETag: a tablet with an entity list fetches its form again at every sync.
"""

import hashlib
import os
from dataclasses import replace
from tempfile import TemporaryFile
from typing import cast
from urllib.parse import quote

from flask import Response, request, send_file
from sqlalchemy.orm import Session

from sync_server.core.openrosa_xml import ListedForm, MediaFile, write_form_list, write_integrity, write_manifest
from sync_server.errors import InsufficientRights, NotFound
from sync_server.protocols.authentication import current_node, require_actor
from sync_server.protocols.needs import admit_actor, current_need, current_scope, refuse_peer
from sync_server.services import devices
from sync_server.services.list_scope import ListView, view_with_forms
from sync_server.services.served_lists import (
    find_deleted,
    find_form_list,
    find_form_lists,
    find_hash,
    hash_of,
    write_csv,
)
from sync_server.services.stranded_tablets import note_arrival
from sync_server.store import changes, form_list, nodes
from sync_server.store.accounts import Actor
from sync_server.store.entities import EntityList

XML = "text/xml; charset=utf-8"
# With max-age Collect would use an old list without asking.
CACHE = "private, no-cache"


def allow_tablet(project_id: int, *, form_id: str | None = None) -> Actor:
    """Return who asks, if it may have what the route needs of this project; an app user is bound to its own."""
    actor, need = require_actor(), current_need()
    if actor.project_id not in (None, project_id):
        raise InsufficientRights
    refuse_peer(actor, need)
    is_at_home = need.is_somewhere and actor.project_id is not None  # its list may be empty, and is then the truth
    if not need.is_held and (actor.is_revoked or not is_at_home):
        admit_actor(actor, need, project_id=project_id, form_id=form_id)
    return actor


def answer_form_list(project_id: int, base: str) -> Response:
    """List the open forms the actor has, or the one asked for by ?formID; never an empty list in place of an error.

    A tablet in match-exactly mode deletes every form that is not listed.
    """
    actor = allow_tablet(project_id)
    node = current_node()
    with node.database.read() as session:
        if nodes.find_project(session, project_id) is None:
            raise NotFound
        offered = form_list.iter_offered_forms(session, project_id, form_id=request.args.get("formID"))
        scope = current_scope()
        theirs = [
            _with_lists(session, project_id, form)
            for form in offered
            if scope.may("open_form.read", project_id, form.form_id)
        ]
        epoch = changes.epoch(session)
    if actor.project_id is not None:
        devices.note_use(node, actor)
        note_arrival(node, actor, request.host_url.rstrip("/"))
    root = _public(base)
    return _conditional(write_form_list(_list_form(form, root) for form in theirs), epoch=epoch)


def answer_form_xml(project_id: int, version_id: int) -> Response:
    _allow_version(project_id, version_id)
    with current_node().database.read() as session:
        form = form_list.get_form_xml(session, project_id, version_id)
    return answer_xml(form)


def answer_xml(form: form_list.FormXml) -> Response:
    """Answer a version's bytes exactly as they were frozen: their md5 is what tablets compare."""
    return _conditional(form.xml, etag=form.md5)


def answer_manifest(project_id: int, version_id: int, base: str) -> Response:
    _allow_version(project_id, version_id)
    node, scope = current_node(), current_scope()
    with node.database.read() as session:
        hashes = {file.name: file.md5 for file in form_list.iter_form_media(session, project_id, version_id)}
        lists = {f"{each.name}.csv": each for each in find_form_lists(session, project_id, version_id)}
        for name, each in lists.items():
            hashes[name] = hash_of(node, session, view_with_forms(session, scope, each))
        epoch = changes.epoch(session)
    folder = f"{_public(base)}/xformsMedia/{version_id}"
    files = (_media_file(name, md5, folder, lists.get(name)) for name, md5 in sorted(hashes.items()))
    return _conditional(write_manifest(files), epoch=epoch)


def answer_media(project_id: int, version_id: int, name: str) -> Response:
    """Stream one file; a tablet that breaks off begins anew, a browser may ask for a range."""
    _allow_version(project_id, version_id)
    return send_media(project_id, version_id, name)


def send_media(project_id: int, version_id: int, name: str) -> Response:
    """As `answer_media`, for who was admitted already."""
    node = current_node()
    with node.database.read() as session:
        media = form_list.find_form_media(session, project_id, version_id, name)
        if media is None:
            return _send_list(session, project_id, version_id, name)
    if request.method == "HEAD" or request.if_none_match.contains(media.md5):
        return _media_headers(media)
    file = node.blobs.open(media.sha256)
    response = send_file(file, mimetype=media.type, download_name=media.name, etag=media.md5, conditional=True)
    response.headers["Cache-Control"] = CACHE
    return response


def answer_integrity(project_id: int, version_id: int, name: str) -> Response:
    """Tell of the entities a tablet holds which were deleted; it asks with all their ids in the address."""
    _allow_version(project_id, version_id)
    asked = request.args.get("id", "").split(",")
    with current_node().database.read() as session:
        view = _get_view(session, project_id, version_id, name)
        return _conditional(write_integrity(find_deleted(session, view, require_actor().id, asked)))


def _send_list(session: Session, project_id: int, version_id: int, name: str) -> Response:
    """Send a list whole or not at all: what is missing in a CSV, a tablet deletes. So it is written down first."""
    node = current_node()
    view = _get_view(session, project_id, version_id, name)
    known = hash_of(node, session, view) if request.method == "HEAD" else find_hash(node, view)
    if known and (request.method == "HEAD" or request.if_none_match.contains(known)):
        return _list_headers(known)
    file = TemporaryFile(dir=node.scratch)  # noqa: SIM115 closed with the response
    etag = write_csv(node, session, view, file)
    if request.if_none_match.contains(etag):
        file.close()
        return _list_headers(etag)
    file.seek(0)
    response = send_file(file, mimetype="text/csv", download_name=name, etag=etag, conditional=True)
    response.content_length = os.fstat(file.fileno()).st_size
    response.headers["Cache-Control"] = CACHE
    return response


def _list_headers(etag: str) -> Response:
    response = Response(mimetype="text/csv")
    response.headers["Cache-Control"] = CACHE
    response.set_etag(etag)
    return cast(Response, response.make_conditional(request))


def _get_view(session: Session, project_id: int, version_id: int, name: str) -> ListView:
    served = find_form_list(session, project_id, version_id, name)
    if served is None:
        raise NotFound
    return view_with_forms(session, current_scope(), served)


def _with_lists(session: Session, project_id: int, form: form_list.OfferedForm) -> form_list.OfferedForm:
    """A form whose only media are entity lists has a manifest too."""
    has_media = form.has_media or bool(find_form_lists(session, project_id, form.version_id))
    return replace(form, has_media=has_media)


def _media_file(name: str, md5: str, folder: str, of_list: EntityList | None) -> MediaFile:
    url = f"{folder}/{quote(name, safe='')}"
    if of_list is None:
        return MediaFile(name, md5, url)
    return MediaFile(name, md5, url, f"{url}/integrity", needs_approval=of_list.settings.needs_approval)


def _allow_version(project_id: int, version_id: int) -> None:
    """Admit who may have the form of this version; a stranger is asked to sign in before it is looked for."""
    require_actor()
    with current_node().database.read() as session:
        form_id = form_list.find_form_id(session, project_id, version_id)
    allow_tablet(project_id, form_id=form_id or "")
    if form_id is None:
        raise NotFound


def _media_headers(media: form_list.FormMedia) -> Response:
    """Answer HEAD, and 304, without opening the file: nobody would close it."""
    response = Response(mimetype=media.type)
    response.headers["Cache-Control"] = CACHE
    response.set_etag(media.md5)
    response.content_length = media.size
    return cast(Response, response.make_conditional(request))


def _list_form(form: form_list.OfferedForm, root: str) -> ListedForm:
    return ListedForm(
        form_id=form.form_id,
        title=form.title,
        version=form.version,
        md5=form.md5,
        download_url=f"{root}/forms/{form.version_id}/form.xml",
        manifest_url=f"{root}/xformsManifest/{form.version_id}" if form.has_media else None,
    )


def _public(base: str) -> str:
    """Make a path absolute: by the operator's public address, else by the one the tablet used."""
    root = current_node().settings.public_url or request.url_root
    return root.rstrip("/") + quote(base, safe="/@!$")


def _conditional(body: bytes, *, etag: str | None = None, epoch: str = "") -> Response:
    """Answer XML, or 304 when the tablet has these very bytes; a cache must always ask.

    A list carries the feed's epoch: it names versions by numbers, which a restored node gives out a second time.
    """
    response = Response(body, content_type=XML)
    response.headers["Cache-Control"] = CACHE
    response.set_etag(etag or hashlib.md5(epoch.encode() + body, usedforsecurity=False).hexdigest())
    return cast(Response, response.make_conditional(request))

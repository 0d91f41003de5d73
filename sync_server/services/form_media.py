"""Keep the media of a form: pictures, sounds, lists. Bytes first, then the row that names them.

Media may be replaced while the form stays as it is: a list of forums grows without a new form version, and tablets
notice by the hash in the manifest (conformance D6). Why this is allowed on published versions: docs/decisions/.
"""

import hashlib
import logging
import mimetypes
from collections.abc import Iterable
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from sync_server.core.ids import BlobId
from sync_server.errors import MediaNotNamed
from sync_server.node import Node
from sync_server.services.access import require
from sync_server.services.audit import make_act, write_act
from sync_server.services.form_definitions import get_definition
from sync_server.services.project_home import require_led_here
from sync_server.store import forms
from sync_server.store.accounts import Actor
from sync_server.store.assignments import actee_of
from sync_server.store.forms import FormAttachment, FormVersion

log = logging.getLogger(__name__)

_types = mimetypes.MimeTypes()  # Python's own table: the machine's would differ from node to node


def put_media(
    node: Node,
    actor: Actor | None,
    form_id: str,
    name: str,
    content: Iterable[bytes],
    *,
    project_id: int = 1,
    media_type: str | None = None,
) -> FormAttachment:
    """Set a file of a form's current version; raise MediaNotNamed for one that the form does not name."""
    require(node, actor, "form.update", project_id=project_id, form_id=form_id)
    require_led_here(node, project_id)
    version = _version_naming(node, project_id, form_id, name)
    attachment = keep_media(node, name, content, media_type=media_type)
    act = make_act(actor, "form.attachment.update", actee_of(project_id, form_id), name=name)

    def put(session: Session) -> None:
        forms.put_attachment(session, version.row_id, attachment)
        write_act(session, act)

    node.write(put)
    log.info("media form_id=%s version=%s sha256=%s node=%s", form_id, version.version, attachment.sha256, node.id)
    return attachment


def keep_media(node: Node, name: str, content: Iterable[bytes], *, media_type: str | None = None) -> FormAttachment:
    """Store a file's bytes durably; return the row that will name them."""
    md5 = hashlib.md5(usedforsecurity=False)
    spool = node.blobs.spool()
    try:
        for piece in content:
            md5.update(piece)
            spool.write(piece)
        sha256, size = spool.keep(), spool.size
    finally:
        spool.close()
    return FormAttachment(
        name=name,
        sha256=BlobId(sha256),
        md5=md5.hexdigest(),
        size=size,
        type=media_type or guess_type(name),
        updated_at=datetime.now(UTC),
    )


def guess_type(name: str) -> str:
    """Tell a file's type by its name, the same on every machine."""
    return _types.guess_type(name)[0] or "application/octet-stream"


def _version_naming(node: Node, project_id: int, form_id: str, name: str) -> FormVersion:
    with node.database.read() as session:
        version = forms.get_form(session, project_id, form_id).current
        named = get_definition(session, version).media
    if name not in named:
        raise MediaNotNamed(name=name, names=", ".join(named) or "none")
    return version

"""Turn a project's encryption on: from then on tablets seal what they send, and only its passphrase opens it.

A pair of keys is made. The public half goes into every form, under a new version; the private half is kept as ODK
Central keeps it, sealed by the passphrase, which is nowhere here. Who loses the passphrase loses the answers; there is
no way back, and none to make a second key.
"""

import base64
import hashlib
import logging
import os
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from sqlalchemy.orm import Session

from sync_server.account_errors import PasswordTooShort
from sync_server.core.form_sealing import seal_form, strip_envelope, version_ending
from sync_server.core.ids import sha256_hex
from sync_server.errors import AlreadySealed, MissingParameter
from sync_server.node import Node
from sync_server.services.access import require, require_project
from sync_server.services.audit import make_act, noted, write_act
from sync_server.services.form_definitions import get_definition
from sync_server.services.project_home import require_led_here
from sync_server.store import forms, project_keys, projects
from sync_server.store.accounts import Actor
from sync_server.store.forms import Form, FormVersion, NewFormVersion
from sync_server.store.project_keys import ProjectKey
from sync_server.store.projects import Project

log = logging.getLogger(__name__)

SHORTEST = 10  # as ODK Central
# Central's own figures: a key it made opens here, and one made here opens there.
KEY_BITS, ROUNDS, SALT_BYTES = 2048, 128_000, 16


def seal_project(node: Node, actor: Actor | None, project_id: int, passphrase: str, hint: str | None = None) -> Project:
    """Make the project's key and put it into all forms that have none; raise AlreadySealed for a second time."""
    require_project(node, project_id)
    require(node, actor, "project.update", project_id=project_id)
    require_led_here(node, project_id)
    with node.database.read() as session:
        _require_open(projects.get_project(session, project_id))
    if not passphrase.strip():
        raise MissingParameter(field="passphrase")
    if len(passphrase) < SHORTEST:
        raise PasswordTooShort(length=SHORTEST)
    public_key, private_sealed = make_key(passphrase)

    def seal(session: Session) -> Project:
        now = datetime.now(UTC)
        _require_open(projects.get_project(session, project_id))
        by = actor.id if actor else None
        key = project_keys.add_key(
            session, project_id, public_key, private_sealed=private_sealed, hint=hint or None, now=now, by=by
        )
        for form in forms.iter_forms(session, project_id):
            _seal_form(session, actor, form, key)
        write_act(session, make_act(actor, "project.update", f"project:{project_id}", encrypted=True))
        return projects.change_project(session, project_id, now=now, key_id=key.id)

    project = node.write(noted(seal))
    log.info("project encrypted project=%d key=%s node=%s", project_id, project.key_id, node.id)
    return project


def list_keys(node: Node, actor: Actor | None, project_id: int, form_id: str) -> list[ProjectKey]:
    """List the keys that open a form's sealed submissions, the newest first."""
    require(node, actor, "submission.read", project_id=project_id, form_id=form_id)
    needed = _find_needed(node, project_id, form_id)
    with node.database.read() as session:
        known = {key.public_key for key in project_keys.iter_keys(session, project_id)}
    if needed - known:
        node.write(lambda session: _note_others(session, project_id, needed))
    with node.database.read() as session:
        return [key for key in project_keys.iter_keys(session, project_id) if key.public_key in needed]


def find_key(session: Session, project_id: int) -> ProjectKey | None:
    """Find the key that a project's forms are to be sealed with."""
    project = projects.find_project(session, project_id)
    return project_keys.get_key(session, project.key_id) if project and project.key_id is not None else None


def find_key_id(session: Session, version: FormVersion) -> int | None:
    """Return the number of the project's key if it is in this version."""
    key = find_key(session, version.project_id)
    return key.id if key and get_definition(session, version).public_key == key.public_key else None


def make_key(passphrase: str) -> tuple[str, dict[str, str]]:
    """Make a pair of keys: the public half as forms hold it, and both as Central stores them."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    private_pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public_pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    salt, iv = os.urandom(SALT_BYTES), os.urandom(AES.block_size // 8)
    key = hashlib.pbkdf2_hmac("sha256", passphrase.encode(), salt, ROUNDS)
    padder, cipher = PKCS7(AES.block_size).padder(), Cipher(AES(key), CBC(iv)).encryptor()
    sealed = cipher.update(padder.update(private_pem) + padder.finalize()) + cipher.finalize()
    parts = {"pubkey": public_pem, "privkey": sealed, "salt": salt, "iv": iv}
    return strip_envelope(public_pem.decode()), {name: base64.b64encode(part).decode() for name, part in parts.items()}


def _require_open(project: Project) -> None:
    if project.key_id is not None:
        raise AlreadySealed(feature="managed encryption")


def _seal_form(session: Session, actor: Actor | None, form: Form, key: ProjectKey) -> None:
    """Publish the current version with the key in it; a form that brought a key of its own is left alone."""
    current = form.current
    if get_definition(session, current).public_key:
        return
    ending = version_ending(key.created_at)
    xml = seal_form(forms.get_xml(session, current.row_id), key.public_key, ending)
    sealed = NewFormVersion(
        project_id=form.project_id,
        form_id=form.form_id,
        version=current.version + ending,
        sha256=sha256_hex(xml),
        md5=hashlib.md5(xml, usedforsecurity=False).hexdigest(),
        title=current.title,
        xml=xml,
        source_name=current.source_name,
        source=forms.get_source(session, current.row_id),
        source_sha256=current.source_sha256,
        annotations=current.annotations,
        warnings=current.warnings,
        published_at=key.created_at,
        published_by=actor.id if actor else None,
    )
    version = forms.add_form_version(session, sealed)
    for file in forms.iter_attachments(session, current.row_id):
        forms.put_attachment(session, version.row_id, file)


def _find_needed(node: Node, project_id: int, form_id: str) -> set[str]:
    with node.database.read() as session:
        form = forms.get_form(session, project_id, form_id)
        sealed = project_keys.find_sealed_versions(session, project_id, form.form_id)
        versions = [forms.find_version(session, project_id, form_id, version) for version in sealed]
        keys = {get_definition(session, version).public_key for version in versions if version}
    return {key for key in keys if key}


def _note_others(session: Session, project_id: int, needed: set[str]) -> None:
    """Give the keys that forms brought along a number, as Central does: clients ask for passphrases by it."""
    known = {key.public_key for key in project_keys.iter_keys(session, project_id)}
    for public_key in sorted(needed - known):
        project_keys.add_key(
            session, project_id, public_key, private_sealed={}, hint=None, now=datetime.now(UTC), by=None
        )

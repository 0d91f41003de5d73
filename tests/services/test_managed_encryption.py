"""A project's encryption: made once, in every form, opened by the passphrase alone, as ODK Central would open it."""

import base64
import hashlib
from threading import Thread

import pytest
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_private_key

from sync_server.account_errors import PasswordTooShort
from sync_server.core.roles import COORDINATOR, VIEWER
from sync_server.core.scope import Grant
from sync_server.core.xform import parse_xform
from sync_server.errors import AlreadySealed, FormVersionConflict, InsufficientRights, NotFound
from sync_server.node import Node
from sync_server.services.managed_encryption import list_keys, make_key, seal_project
from sync_server.services.publish_form import publish_form
from sync_server.store import audits, form_list, forms, project_keys, projects
from tests.support.people import add_person

PASSPHRASE = "a river of 40 herons"
FORM = """
| survey | | | |
| | type | name | label |
| | text | name | {label} |
| settings | | | |
| | form_id | form_title | version |
| | {form_id} | Visit | {version} |
"""


def table(form_id: str = "visit", version: str = "1", label: str = "Name") -> bytes:
    return FORM.format(form_id=form_id, version=version, label=label).encode()


def publish(node: Node, source: bytes) -> str:
    return publish_form(node, None, source, ignore_warnings=True).version


def test_every_form_gets_the_key_under_a_new_version_with_its_source(node: Node) -> None:
    publish(node, table())
    project = seal_project(node, None, 1, PASSPHRASE, "the river")
    with node.database.read() as session:
        form, key = forms.get_form(session, 1, "visit"), project_keys.get_key(session, project.key_id or 0)
        xml = forms.get_xml(session, form.current.row_id)
        (offered,) = form_list.iter_offered_forms(session, 1)
        source = forms.get_source(session, form.current.row_id)
        (audit,) = audits.iter_audits(session, action="project.update")
    definition = parse_xform(xml)
    assert definition.public_key == key.public_key
    assert form.current.version.startswith("1[encrypted:")
    assert definition.version == form.current.version == offered.version
    assert (source, hashlib.md5(xml).hexdigest()) == (table(), offered.md5)
    assert audit.act.details == {"encrypted": True}
    assert key.hint == "the river"


def test_what_is_published_later_gets_it_too_and_twice_is_once(node: Node) -> None:
    seal_project(node, None, 1, PASSPHRASE)
    first = publish(node, table())
    assert first.startswith("1[encrypted:")
    assert publish(node, table()) == first
    with pytest.raises(FormVersionConflict):
        publish(node, table(label="Other"))
    assert publish(node, table(version="2", label="Other")).startswith("2[encrypted:")


def test_a_workbook_published_before_is_not_published_again_unsealed(node: Node) -> None:
    publish(node, table())
    seal_project(node, None, 1, PASSPHRASE)
    assert "[encrypted:" in publish(node, table())


def test_only_the_passphrase_opens_the_private_half(node: Node) -> None:
    public_key, sealed = make_key(PASSPHRASE)
    public = load_der_public_key(base64.b64decode(public_key))
    private = open_key(sealed, PASSPHRASE)
    cipher = public.encrypt(b"secret", padding.OAEP(padding.MGF1(SHA256()), SHA256(), None))  # type: ignore[union-attr, call-arg]
    assert private.decrypt(cipher, padding.OAEP(padding.MGF1(SHA256()), SHA256(), None)) == b"secret"
    with pytest.raises(ValueError, match=".+"):
        open_key(sealed, "another passphrase")


def open_key(sealed: dict[str, str], passphrase: str) -> RSAPrivateKey:
    """As ODK Central does: PBKDF2, 128,000 rounds, AES-256-CBC, PEM."""
    parts = {name: base64.b64decode(part) for name, part in sealed.items()}
    key = hashlib.pbkdf2_hmac("sha256", passphrase.encode(), parts["salt"], 128_000)
    opener = Cipher(AES(key), CBC(parts["iv"])).decryptor()
    padded = opener.update(parts["privkey"]) + opener.finalize()
    found = load_pem_private_key(padded[: -padded[-1]], None)
    assert isinstance(found, RSAPrivateKey)
    return found


def test_it_cannot_be_done_twice_also_not_at_once(node: Node) -> None:
    publish(node, table())
    refused: list[str] = []

    def seal() -> None:
        try:
            seal_project(node, None, 1, PASSPHRASE)
        except AlreadySealed as problem:
            refused.append(problem.code)

    threads = [Thread(target=seal) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == ["409.4"] * 2
    with node.database.read() as session:
        assert len(project_keys.iter_keys(session, 1)) == 1
        assert len(forms.iter_versions(session, 1, "visit")) == 2


def test_a_short_passphrase_seals_nothing(node: Node) -> None:
    with pytest.raises(PasswordTooShort):
        seal_project(node, None, 1, "too short")
    with node.database.read() as session:
        assert projects.get_project(session, 1).key_id is None


def test_it_takes_the_right_to_change_the_project(node: Node) -> None:
    bob, stranger = add_person(node, "bob", Grant(COORDINATOR, 1)), add_person(node, "eve")
    with pytest.raises(InsufficientRights):
        seal_project(node, bob, 1, PASSPHRASE)
    with pytest.raises(NotFound):
        seal_project(node, stranger, 1, PASSPHRASE)
    with pytest.raises(NotFound):
        seal_project(node, None, 99, PASSPHRASE)


def test_without_sealed_submissions_no_key_is_needed(node: Node) -> None:
    vera = add_person(node, "vera", Grant(VIEWER, 1))
    publish(node, table())
    seal_project(node, None, 1, PASSPHRASE)
    assert list_keys(node, vera, 1, "visit") == []
    with pytest.raises(NotFound):
        list_keys(node, vera, 1, "nowhere")

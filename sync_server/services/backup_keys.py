"""Choose the key of a new back-up, and open that of an old one.

Every back-up of one passphrase, or one public key, shares a key, so that what is in the target already is known
again. A passphrase opens the key of the back-up before, or begins a new one. For a public key the node derives it
from its own node.key: it can go on and prove without the private key, and only the private key opens it elsewhere.
"""

import hmac
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from sync_server.core.backup_manifest import Header, Piece, read_header
from sync_server.core.key_slot import (
    PASSPHRASE,
    Slot,
    WrongSecret,
    lock_to_public_key,
    lock_with_passphrase,
    unlock_with_passphrase,
    unlock_with_private_key,
)
from sync_server.core.sealing import NotAsSealed, derive
from sync_server.node import Node
from sync_server.operator_errors import BackupDamaged, BackupNotSealed, WrongBackupSecret


@dataclass(frozen=True, slots=True)
class BackupKey:
    """The key of a run of back-ups, and the slot that opens it."""

    master: bytes = field(repr=False)
    slot: Slot = field(repr=False)

    @property
    def id(self) -> str:
        return derive(self.master, b"id").hex()[:16]

    @property
    def manifests(self) -> bytes:
        return derive(self.master, b"manifests")

    @property
    def contents(self) -> bytes:
        return derive(self.master, b"contents")

    def name_of(self, piece: Piece) -> str:
        """Name a piece in the target, telling nothing of its content to whoever has no key."""
        named = f"{piece.kind} {piece.sha256}".encode()
        return hmac.digest(self.master, named, "sha256").hex()


@dataclass(frozen=True, slots=True)
class Secret:
    """What the person who restores knows or has."""

    passphrase: str = field(default="", repr=False)
    private_key: bytes = field(default=b"", repr=False)


def choose_key(node: Node, backups: Iterable[Path]) -> BackupKey:
    """Return the key for the next back-up; raise BackupNotSealed when neither passphrase nor public key is set."""
    settings = node.settings
    if settings.backup_public_key:
        public_key = bytes.fromhex(settings.backup_public_key)
        master = derive(node.key, b"backup " + public_key)
        return BackupKey(master, lock_to_public_key(master, public_key, os.urandom(32)))
    if not settings.backup_passphrase:
        raise BackupNotSealed
    return _known_key(settings.backup_passphrase, backups) or _new_key(settings.backup_passphrase)


def own_key(node: Node, header: Header) -> BackupKey:
    """Open a back-up that this node has made with the settings it has; raise WrongBackupSecret."""
    if header.slot["kind"] == PASSPHRASE:
        return open_key(header, Secret(node.settings.backup_passphrase))
    key = BackupKey(derive(node.key, b"backup " + bytes.fromhex(header.slot["public_key"])), header.slot)
    if key.id != header.key:
        raise WrongBackupSecret(made_at=f"{header.made_at:%Y-%m-%d %H:%M} UTC")
    return key


def open_key(header: Header, secret: Secret) -> BackupKey:
    """Open the key of a back-up; raise WrongBackupSecret."""
    try:
        return BackupKey(_unlock(header.slot, secret), header.slot)
    except WrongSecret as error:
        raise WrongBackupSecret(made_at=f"{header.made_at:%Y-%m-%d %H:%M} UTC") from error


def header_of(backup: Path) -> Header:
    """Read what a back-up says of itself in clear; raise BackupDamaged."""
    try:
        with backup.open("rb") as stream:
            return read_header(stream)[0]
    except NotAsSealed as error:
        raise BackupDamaged(name=backup.name) from error


def _unlock(slot: Slot, secret: Secret) -> bytes:
    if slot["kind"] == PASSPHRASE:
        return unlock_with_passphrase(slot, secret.passphrase)
    if not secret.private_key:
        raise WrongSecret
    return unlock_with_private_key(slot, secret.private_key)


def _known_key(passphrase: str, backups: Iterable[Path]) -> BackupKey | None:
    tried: set[str] = set()
    for backup in backups:
        try:
            header = header_of(backup)
            if header.slot["kind"] == PASSPHRASE and header.key not in tried:
                tried.add(header.key)
                return BackupKey(unlock_with_passphrase(header.slot, passphrase), header.slot)
        except (BackupDamaged, WrongSecret):
            continue  # another passphrase, or a file that is of no use: an older one may do
    return None


def _new_key(passphrase: str) -> BackupKey:
    master = os.urandom(32)
    return BackupKey(master, lock_with_passphrase(master, passphrase, os.urandom(16)))

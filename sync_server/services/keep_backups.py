"""Delete back-ups that are past their rule or their expiry, then what no other back-up needs."""

import logging
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from sync_server.core.backup_manifest import NODE_KEY, Piece, read_header, read_lines
from sync_server.core.backup_rule import kept
from sync_server.core.sealing import NotAsSealed
from sync_server.node import Node
from sync_server.operator_errors import BackupDamaged, WrongBackupSecret
from sync_server.services.backup_keys import BackupKey, header_of, own_key
from sync_server.services.backup_target import Target, forget_unless_named, made_at_of

log = logging.getLogger(__name__)


def keep_backups(node: Node, target: Target, now: datetime) -> list[Path]:
    """Apply the rule to a target; return the back-ups deleted. The newest always stays."""
    gone = _past(node, target, now)
    for backup in gone:
        backup.unlink(missing_ok=True)
        log.info("back-up expired node=%s backup=%s", node.id, backup.name)
    if gone:
        forget_contents(node, target)
    return gone


def forget_contents(node: Node, target: Target) -> None:
    """Delete contents that no back-up names. Where a list cannot be read, all of its key's contents stay."""
    named, unread = _named_contents(node, target)
    for key_id in target.key_ids() - unread:
        forget_unless_named(target.contents(key_id), named)


def read_pieces(backup: Path, key: BackupKey) -> Iterator[Piece]:
    """Yield what a back-up holds; raise BackupDamaged when its list was altered."""
    with backup.open("rb") as stream:
        try:
            _, header = read_header(stream)
            yield from read_lines(stream, key.manifests, header)
        except (NotAsSealed, ValueError) as error:
            raise BackupDamaged(name=backup.name) from error


def _past(node: Node, target: Target, now: datetime) -> list[Path]:
    made = {time: backup for backup in target.backups() if (time := made_at_of(backup))}
    staying = kept(made, days=node.settings.backup_keep_days, weeks=node.settings.backup_keep_weeks)
    newest = max(made, default=now)
    return [made[time] for time in made if time not in staying or (time != newest and _is_expired(made[time], now))]


def _is_expired(backup: Path, now: datetime) -> bool:
    try:
        return header_of(backup).expires_at <= now
    except BackupDamaged:
        return False  # a person should see it; the rule takes it in its time


def _named_contents(node: Node, target: Target) -> tuple[set[bytes], set[str]]:
    """Collect the names that lists need (half of each: enough to tell them apart), and keys with an unread list."""
    named: set[bytes] = set()
    unread: set[str] = set()
    for backup in target.backups():
        try:
            header = header_of(backup)
            key = own_key(node, header)
            named |= {
                bytes.fromhex(key.name_of(piece))[:16] for piece in read_pieces(backup, key) if piece.kind != NODE_KEY
            }
        except WrongBackupSecret:
            unread.add(header.key)
        except BackupDamaged:
            return set(), target.key_ids()
    return named, unread

"""May this account use the data folder, and may nobody else?"""

import os
from collections.abc import Iterator
from pathlib import Path

from sync_server.services.doctor.finding import Finding, act, fine, look
from sync_server.services.doctor.scene import Scene

FOLDER, KEY = "data folder", "node.key"
OTHERS = 0o077
KEY_LENGTH = 64  # characters: 32 bytes in hex


def check_folder(scene: Scene) -> Finding:
    folder = scene.settings.data.absolute()
    if not folder.is_dir():
        found = f"There is no folder {folder}."
        return act(FOLDER, found, "Name the right one (--data or SYNC_DATA); `sync-server serve` begins a new node.")
    unwritable = [path.name for path in (folder, folder / "sync.db", folder / "blobs") if _is_closed(path)]
    if unwritable:
        found = f"This account may not write to {', '.join(unwritable)} in {folder}."
        return act(FOLDER, found, "Run this as the account that serves, or give it the folder.")
    if _is_open_to_others(folder):
        found = f"Other accounts of this machine may look into {folder}, where all answers are."
        return look(FOLDER, found, f'Close it: chmod -R go= "{folder}"')
    return fine(FOLDER, f"{folder}{'' if os.name == 'posix' else ' (who may read it is not looked at here)'}.")


def check_key(scene: Scene) -> Iterator[Finding]:
    """Say what is wrong with the key, without showing it. Nothing where there is no node at all."""
    path = scene.settings.data / "node.key"
    if not path.exists() and scene.settings.node_key:
        yield fine(KEY, "It is given as the setting node_key.")
        return
    if not path.exists():
        if scene.database is not None:
            found = "It is missing: tablets go on working, but their QR codes cannot be shown again."
            yield act(KEY, found, "Put it back from a back-up before the next start; a start makes a new one.")
        return
    try:
        is_whole = _is_key(path.read_bytes().strip())
    except OSError as error:
        yield act(KEY, f"It cannot be read: {error.strerror}.", "Run this as the account that serves.")
        return
    if not is_whole:
        yield act(KEY, "It is damaged.", "Put it back from a back-up; the server does not start with it.")
    elif _is_open_to_others(path):
        yield act(KEY, "Other accounts of this machine may read it.", f'Close it: chmod go= "{path.absolute()}"')
    else:
        yield fine(KEY, "It is there and whole.")


def _is_key(content: bytes) -> bool:
    try:
        return len(bytes.fromhex(content.decode("ascii"))) * 2 == KEY_LENGTH
    except ValueError:
        return False


def _is_closed(path: Path) -> bool:
    return path.exists() and not os.access(path, os.W_OK)


def _is_open_to_others(path: Path) -> bool:
    """Windows has no such bits; there a folder in the user's own profile is closed."""
    return os.name == "posix" and bool(path.stat().st_mode & OTHERS)

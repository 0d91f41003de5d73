"""Are the files there that rows promise, and how much lies here that no row names?

All are counted. Compared are all, or of many every 16th shard: ids are hashes, so each shard is a fair sample. The
whole truth, byte by byte, is what `verify` says.
"""

import time
from collections.abc import Iterator
from pathlib import Path

from sync_server.services.doctor.amounts import say_count
from sync_server.services.doctor.finding import Finding, act, fine, look
from sync_server.services.doctor.scene import Scene
from sync_server.store import health

TOPIC = "files"
COMPARE_ALL, STEP = 20_000, 16
YOUNG_SECONDS = 3600  # a file comes before its row
MANY_ORPHANS = 1000
SHARDS = [f"{n:02x}" for n in range(256)]


def check_blobs(scene: Scene) -> Iterator[Finding]:
    folder = scene.settings.data / "blobs"
    if scene.database is None:
        return
    count = sum(len(_names(folder, shard)) for shard in SHARDS)
    step = STEP if count > COMPARE_ALL else 1
    with scene.database.read() as session:
        promised = set(health.iter_promised_blobs(session, SHARDS[::step]))
    here = {name for shard in SHARDS[::step] for name in _names(folder, shard)}  # after the rows: files come first
    orphans = sum(_is_old(folder / name[:2] / name) for name in here - promised)
    about = "about " if step > 1 else ""
    yield _judge(count, len(promised - here) * step, orphans * step, about=about)


def _judge(count: int, lacking: int, orphans: int, *, about: str) -> Finding:
    found = f"{say_count(count, 'file')} (photos, recordings, media of forms)"
    if lacking:
        found = f"{about}{say_count(lacking, 'file')} that should be here cannot be found."
        return act(TOPIC, found, "Name them: sync-server verify. Then put the folder blobs back from a back-up.")
    if orphans:
        found += f"; {about}{orphans:,} of them belong to nothing (left by uploads that broke off)"
    if orphans > MANY_ORPHANS:
        return look(TOPIC, f"{found}.", "They do no harm but take up space. Leave them; tell who maintains the server.")
    return fine(TOPIC, f"{found}.")


def _names(folder: Path, shard: str) -> list[str]:
    try:
        return [path.name for path in (folder / shard).iterdir()]
    except FileNotFoundError:
        return []


def _is_old(path: Path) -> bool:
    try:
        return path.stat().st_mtime < time.time() - YOUNG_SECONDS
    except OSError:
        return False

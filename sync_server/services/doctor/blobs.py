"""Are the files there that rows promise, and how much lies here that no row names?

All are counted. Compared are all, or of many every 16th shard: ids are hashes, so each shard is a fair sample. The
whole truth, byte by byte, is what `verify` says.
"""

import time
from collections.abc import Iterator
from pathlib import Path

from sync_server.services.doctor.bucket import check_bucket
from sync_server.services.doctor.files import COMPARE_ALL, SHARDS, STEP, YOUNG_SECONDS, judge_files
from sync_server.services.doctor.finding import Finding
from sync_server.services.doctor.scene import Scene
from sync_server.store import health

PUT_BACK = "Name them: sync-server verify. Then put the folder blobs back from a back-up."


def check_blobs(scene: Scene) -> Iterator[Finding]:
    if scene.settings.blob_url:
        yield from check_bucket(scene)
        return
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
    yield judge_files(count, len(promised - here) * step, orphans * step, about=about, advice=PUT_BACK)


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

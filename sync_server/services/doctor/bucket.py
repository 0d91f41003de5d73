"""Does S3, where the files are, take and give them, and does it have those that rows promise?

Listing costs a request for each thousand, so of many files only every 16th shard is listed, and the number of all is
reckoned from it.
"""

import time
from collections.abc import Iterator

from sync_server.blobs.opening import open_s3
from sync_server.blobs.s3 import S3Blobs
from sync_server.errors import BlobStoreAway, Problem
from sync_server.services.doctor.files import COMPARE_ALL, SHARDS, STEP, YOUNG_SECONDS, judge_files
from sync_server.services.doctor.finding import Finding, act, fine
from sync_server.services.doctor.scene import Scene
from sync_server.store import health

TOPIC = "file store"
PUT_BACK = (
    "Name them: sync-server verify. A restore into a folder of its own, with the same blob_url, puts back what the "
    "back-up has."
)
AWAY = "Tablets keep what they have meanwhile. Check this machine's way to it (s3_endpoint), and whether it runs."


def check_bucket(scene: Scene) -> Iterator[Finding]:
    url = scene.settings.blob_url
    try:
        blobs = open_s3(scene.settings)
        blobs.check()
        blobs.check_writable()
        yield fine(TOPIC, f"{url} answers, and takes and gives files.")
        if scene.database is not None:
            yield _compare(scene, blobs)
    except BlobStoreAway:
        yield act(TOPIC, f"{url} does not answer.", AWAY)
    except Problem as problem:
        yield act(TOPIC, problem.text, "Until then no submission with files can come in.")


def _compare(scene: Scene, blobs: S3Blobs) -> Finding:
    assert scene.database is not None
    in_one_shard = sum(1 for _ in blobs.iter_stored(SHARDS[0]))
    step = STEP if in_one_shard * len(SHARDS) > COMPARE_ALL else 1
    with scene.database.read() as session:
        promised = set(health.iter_promised_blobs(session, SHARDS[::step]))
    old = time.time() - YOUNG_SECONDS
    # After the rows: files come first.
    here = {blob.id: blob.modified < old for prefix in _prefixes(step) for blob in blobs.iter_stored(prefix)}
    orphans = sum(is_old for blob_id, is_old in here.items() if blob_id not in promised)
    about = "about " if step > 1 else ""
    lacking = len(promised - here.keys())
    return judge_files(len(here) * step, lacking * step, orphans * step, about=about, advice=PUT_BACK)


def _prefixes(step: int) -> list[str]:
    return SHARDS[::step] if step > 1 else [""]

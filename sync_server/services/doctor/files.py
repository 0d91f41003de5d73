"""How files and the rows that name them are compared, wherever the files are, and what is said of it."""

from sync_server.services.doctor.amounts import say_count
from sync_server.services.doctor.finding import Finding, act, fine, look

TOPIC = "files"
COMPARE_ALL, STEP = 20_000, 16
YOUNG_SECONDS = 3600  # a file comes before its row
MANY_ORPHANS = 1000
SHARDS = [f"{n:02x}" for n in range(256)]


def judge_files(count: int, lacking: int, orphans: int, *, about: str, advice: str) -> Finding:
    """Judge by how many rows lack their file and how many files have no row; `advice` is for the first."""
    found = f"{say_count(count, 'file')} (photos, recordings, media of forms)"
    if lacking:
        return act(TOPIC, f"{about}{say_count(lacking, 'file')} that should be here cannot be found.", advice)
    if orphans:
        found += f"; {about}{orphans:,} of them belong to nothing (left by uploads that broke off)"
    if orphans > MANY_ORPHANS:
        return look(TOPIC, f"{found}.", "They do no harm but take up space. Leave them; tell who maintains the server.")
    return fine(TOPIC, f"{found}.")

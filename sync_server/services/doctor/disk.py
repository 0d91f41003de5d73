"""Is there room for what will come? Against the reserve of the settings, and the growth of the last days."""

import shutil
from datetime import timedelta
from pathlib import Path

from sync_server.services.doctor.amounts import say_bytes
from sync_server.services.doctor.finding import Finding, act, fine, look
from sync_server.services.doctor.scene import Scene
from sync_server.store import health

TOPIC = "disk space"
DAYS = 7
ACT_BELOW_DAYS, LOOK_BELOW_DAYS = 3, 30
OVERHEAD = 1.5  # what a received byte takes on the disk, with indexes, feed and the write-ahead log
MAKE_SPACE = "Free some space on this disk, or move the data folder to a larger one (stop the server first)."


def check_disk(scene: Scene) -> Finding:
    usage = shutil.disk_usage(_nearest(scene.settings.data))
    reserve = scene.settings.min_free_bytes
    found = f"{say_bytes(usage.free)} of {say_bytes(usage.total)} free"
    if usage.free < reserve:
        return act(TOPIC, f"{found}; below {say_bytes(reserve)} uploads are turned away, and that is now.", MAKE_SPACE)
    growth = _daily_growth(scene)
    if growth:
        days = (usage.free - reserve) / growth
        found += f"; it grew by about {say_bytes(growth)} a day, which leaves {_say_days(days)}"
        if days < ACT_BELOW_DAYS:
            return act(TOPIC, f"{found}.", MAKE_SPACE)
        if days < LOOK_BELOW_DAYS:
            return look(TOPIC, f"{found}.", MAKE_SPACE)
    if usage.free < 3 * reserve:
        return look(TOPIC, f"{found}; below {say_bytes(reserve)} uploads are turned away.", MAKE_SPACE)
    return fine(TOPIC, f"{found}.")


def _daily_growth(scene: Scene) -> float:
    """Bytes a day that came in during the last week, or since the first submission when that is less; 0 unknown."""
    if scene.database is None:
        return 0.0
    with scene.database.read() as session:
        size, began = health.sum_received(session, scene.now - timedelta(days=DAYS))
    if began is None:
        return 0.0
    days = max((scene.now - began) / timedelta(days=1), 1.0)
    return size * OVERHEAD / days


def _say_days(days: float) -> str:
    return f"{days:.0f} days" if days < 1000 else "years"


def _nearest(folder: Path) -> Path:
    """The folder, or the nearest above it that is there."""
    return next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())

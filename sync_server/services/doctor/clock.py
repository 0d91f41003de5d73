"""Is this machine's clock right? Asked of the calendar, of its own files, and of the tablets; never of the network."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from zoneinfo import ZoneInfo

from sync_server.services.doctor.amounts import say_count, say_span
from sync_server.services.doctor.finding import Finding, act, fine, look
from sync_server.services.doctor.scene import Scene
from sync_server.store import health

TOPIC = "clock"
WRITTEN = datetime(2026, 1, 1, tzinfo=UTC)  # no clock that is right shows a time before this program was written
ENDS = datetime(2070, 1, 1, tzinfo=UTC)
SLACK = timedelta(minutes=5)
DAYS = 14
ENOUGH_TABLETS = 3  # one tablet's clock may be wrong; when the middle one of three is off, it is we who are
LOOK_SECONDS, ACT_SECONDS = 120, 3600
SET_IT = "Set date and time of this machine (a small board without a battery loses them when it is off)."


def check_year(scene: Scene) -> Finding:
    shown = f"{scene.now:%Y-%m-%d %H:%M} UTC"
    if not WRITTEN <= scene.now < ENDS:
        return act(TOPIC, f"It shows {shown}, which cannot be.", f"{SET_IT} Until then every arrival is dated wrong.")
    return fine(TOPIC, f"It shows {shown}.")


def check_own_past(scene: Scene) -> Iterator[Finding]:
    """Say when files or receipts are from the future: then the clock went back, or was ahead for a while."""
    newest = max(_moments(scene), default=scene.now)
    if newest - scene.now > SLACK:
        found = f"Something here is dated {newest:%Y-%m-%d %H:%M} UTC, {say_span(newest - scene.now)} in the future."
        yield look(TOPIC, found, f"The clock is slow, or was fast for a while. {SET_IT}")


def check_zone(scene: Scene) -> Finding:
    name = scene.settings.timezone
    ours, machine = scene.now.astimezone(ZoneInfo(name)).utcoffset(), scene.now.astimezone().utcoffset()
    if machine not in (ours, timedelta(0)):
        found = f"People see times of {name}, and this machine's own zone is another ({_say_offset(machine)})."
        return look("time zone", found, "Set the machine's zone, or the setting timezone, to where the office is.")
    return fine("time zone", f"People see times of {name} ({_say_offset(ours)}); everything is stored in UTC.")


def check_against_tablets(scene: Scene) -> Iterator[Finding]:
    if scene.database is None:
        return
    with scene.database.read() as session:
        told = health.iter_clock_offsets(session, scene.now - timedelta(days=DAYS))
    yield judge_offsets(told)


def judge_offsets(told: list[tuple[str, float]]) -> Finding:
    """Compare with the middle tablet: of each tablet the median of what it told, then the median of these."""
    topic = "clock and tablets"
    by_tablet: dict[str, list[float]] = {}
    for tablet, offset in told:
        by_tablet.setdefault(tablet, []).append(offset)
    if len(by_tablet) < ENOUGH_TABLETS:
        few = f"{say_count(len(by_tablet), 'tablet')} said in the last {DAYS} days what time it has"
        return fine(topic, f"{few}: too few to judge this machine's clock by.")
    middle = median(median(offsets) for offsets in by_tablet.values())
    found = f"This machine is {_say_drift(middle)}, by the clocks of {len(by_tablet)} tablets."
    if abs(middle) >= LOOK_SECONDS:
        judge = act if abs(middle) >= ACT_SECONDS else look
        return judge(topic, found, f"Compare with a phone. {SET_IT} No submission is lost by it.")
    return fine(topic, found)


def _say_drift(offset: float) -> str:
    """A tablet's offset is its clock minus ours: when it is ahead, we are behind."""
    if abs(offset) < 1:
        return "right"
    return f"{say_span(offset)} {'behind' if offset > 0 else 'ahead'}"


def _say_offset(offset: timedelta | None) -> str:
    minutes = int((offset or timedelta(0)).total_seconds() // 60)
    return f"UTC{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def _moments(scene: Scene) -> Iterator[datetime]:
    for name in ("node.key", "sync.db", "sync.db-wal", "blobs"):
        yield from _written_at(scene.settings.data / name)
    if scene.database is not None:
        with scene.database.read() as session:
            newest = health.find_newest_receipt(session)
        if newest:
            yield newest


def _written_at(path: Path) -> Iterator[datetime]:
    try:
        yield datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except (OSError, ValueError, OverflowError):
        return

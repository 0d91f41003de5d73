"""All checks, in the order in which a person should read what they say, and how they are run."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from sqlalchemy.exc import DBAPIError

from sync_server.services.doctor.addresses import check_addresses
from sync_server.services.doctor.backup_age import check_backup
from sync_server.services.doctor.blobs import check_blobs
from sync_server.services.doctor.clock import check_against_tablets, check_own_past, check_year, check_zone
from sync_server.services.doctor.database import check_database, check_log
from sync_server.services.doctor.disk import check_disk
from sync_server.services.doctor.feed import check_feed
from sync_server.services.doctor.finding import Finding, look
from sync_server.services.doctor.local_name import check_local_name
from sync_server.services.doctor.memory import check_memory
from sync_server.services.doctor.network_folder import check_network_folder
from sync_server.services.doctor.permissions import check_folder, check_key
from sync_server.services.doctor.port import check_port
from sync_server.services.doctor.public_url import check_public_url
from sync_server.services.doctor.scene import Scene, arrive
from sync_server.services.doctor.stranded import check_stranded
from sync_server.services.doctor.versions import check_time_zones, check_versions
from sync_server.services.doctor.waiting import check_waiting
from sync_server.settings import Settings
from sync_server.store.engine import unusable

Check = Callable[[Scene], Finding | Iterable[Finding]]

CHECKS: tuple[tuple[str, Check], ...] = (
    ("data folder", check_folder),
    ("data folder", check_network_folder),
    ("node.key", check_key),
    ("disk space", check_disk),
    ("memory", check_memory),
    ("clock", check_year),
    ("clock", check_own_past),
    ("time zone", check_zone),
    ("clock and tablets", check_against_tablets),
    ("server", check_port),
    ("addresses", check_addresses),
    ("name", check_local_name),
    ("tablets", check_stranded),
    ("public address", check_public_url),
    ("database", check_database),
    ("database", check_log),
    ("processing", check_feed),
    ("files", check_blobs),
    ("people", check_waiting),
    ("back-up", check_backup),
    ("versions", check_versions),
    ("time zone rules", check_time_zones),
)


def examine(settings: Settings, *, now: datetime) -> Iterator[Finding]:
    """Yield what each check finds. Changes nothing; works beside a running server and without a database."""
    with arrive(settings, now) as scene:
        for topic, check in CHECKS:
            yield from _run(topic, check, scene)


def _run(topic: str, check: Check, scene: Scene) -> list[Finding]:
    """Run one check; what stops it is a finding as well, so that the others are still heard."""
    try:
        found = check(scene)
        return [found] if isinstance(found, Finding) else list(found)
    except DBAPIError as error:
        reason = unusable(error).details["reason"]
    except OSError as error:
        reason = error.strerror or str(error)
    return [look(topic, f"This could not be looked at: {reason}.", "Run this as the account that serves; look again.")]

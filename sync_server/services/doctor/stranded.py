"""Do tablets look for this node at an address that it no longer has?"""

from collections.abc import Iterator

from sync_server.services.doctor.amounts import say_count
from sync_server.services.doctor.finding import Finding, act
from sync_server.services.doctor.local_addresses import list_local_addresses
from sync_server.services.doctor.scene import Scene
from sync_server.services.stranded_tablets import Stranded, find_stranded
from sync_server.store import accounts

TOPIC = "tablets"
NAMED = 10
GIVE_BACK = "Give this machine its old address back, reserved on the router: then nothing is to be done on the tablets."
NEW_CODES = (
    "Or print new codes: the first page in the browser has them (or sync-server device qr NAME); on the tablet "
    "'Reconfigure with QR code', never 'Add project'. What is finished on them waits, and is lost in neither case."
)


def check_stranded(scene: Scene) -> Iterator[Finding]:
    here = [each.address for each in list_local_addresses()]
    if scene.database is None or scene.settings.trusted_proxies or not here:
        return
    with scene.database.read() as session:
        found = find_stranded(session, accounts.iter_app_users(session), here)
    for each in found:
        yield _say(each, here)


def _say(each: Stranded, here: list[str]) -> Finding:
    names = ", ".join(tablet.display_name for tablet in each.tablets[:NAMED])
    more = len(each.tablets) - NAMED
    whose = f"{names}{f' and {more} more' if more > 0 else ''}"
    found = f"The address on the codes of {say_count(len(each.tablets), 'tablet')} ({whose}) is {each.address}; "
    return act(TOPIC, f"{found}this machine now has {' and '.join(here)}.", f"{GIVE_BACK} {NEW_CODES}")

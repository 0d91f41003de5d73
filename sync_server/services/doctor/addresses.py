"""At which addresses do tablets on the local network find this node? Each with its URL, as text and as a code."""

from collections.abc import Iterator
from ipaddress import ip_address

from sync_server.services.doctor.finding import Finding, act, fine, look
from sync_server.services.doctor.knock import Answer, knock
from sync_server.services.doctor.local_addresses import LocalAddress, list_local_addresses
from sync_server.services.doctor.port import own_address
from sync_server.services.doctor.scene import Scene
from sync_server.services.tablet_address import EVERYWHERE

TOPIC = "addresses"
TRY_IT = "Scan it with a tablet on the same Wi-Fi: this node's page opens, unless a firewall stands between."
LET_IN = "Start the server with --host 0.0.0.0 (or SYNC_HOST) to let tablets of this network in."


def check_addresses(scene: Scene) -> Iterator[Finding]:
    found = list_local_addresses()
    if not found:
        yield look(TOPIC, "This machine is in no network.", "Join the Wi-Fi that the tablets use, or open a hotspot.")
        return
    is_running = knock(own_address(scene.settings.host), scene.settings.port) is Answer.OURS
    for each in found:
        yield _judge(scene, each, is_running=is_running)


def _judge(scene: Scene, each: LocalAddress, *, is_running: bool) -> Finding:
    settings = scene.settings
    url = f"http://{each.address}:{settings.port}"
    where = f"{url}{f' ({each.device})' if each.device else ''}"
    if knock(each.address, settings.port) is Answer.OURS:
        return fine(TOPIC, f"{where}. {TRY_IT}", url=url)
    if settings.host in (*EVERYWHERE, each.address):
        if is_running:
            return act(TOPIC, f"{where} does not answer, although the server runs.", f"Restart it. {LET_IN}")
        return fine(TOPIC, f"{where}, once the server runs.", url=url)
    if settings.public_url or not _is_this_machine(settings.host):
        return fine(TOPIC, f"{where} is not served: tablets come another way.")
    return look(TOPIC, f"Tablets cannot reach {where}: the server is for this machine only.", LET_IN)


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

"""Can Collect use the public address? What it does with http and https stands in docs/operations.md."""

from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

from sync_server.services.doctor.finding import Finding, act, fine, look
from sync_server.services.doctor.local_addresses import list_local_addresses
from sync_server.services.doctor.scene import Scene
from sync_server.services.tablet_address import is_this_machine_only

TOPIC = "public address"
NO_AUTHORITY = (".local", ".lan", ".internal", ".home", ".home.arpa", ".localdomain", ".test", ".invalid", ".example")


def check_public_url(scene: Scene) -> Finding:
    url = scene.settings.public_url
    if not url:
        return fine(TOPIC, "None is set: tablets' codes carry the address at which this node is seen.")
    if is_this_machine_only(url):
        found = f"{url} means 'this machine'; on a tablet it means the tablet."
        return act(TOPIC, found, "Set public_url to one of the addresses above, or to nothing.")
    parts = urlsplit(url)
    if parts.query or parts.fragment or parts.username:
        found = f"{parts.scheme}://{parts.hostname} has more than a host, a port and a path."
        return act(TOPIC, found, "Leave out what follows ? or #, and names before @.")
    address = _address(parts.hostname or "")
    if address is not None:
        return _judge_address(scene, url, address)
    return _judge_name(url, parts.hostname or "")


def _judge_address(scene: Scene, url: str, address: IPv4Address | IPv6Address) -> Finding:
    if url.startswith("https:"):
        found = f"{url} is https without a name: Collect takes only certificates of public authorities."
        return look(TOPIC, found, "Use a name that you own and have a certificate for, or http on a Wi-Fi you trust.")
    here = [each.address for each in list_local_addresses()]
    if address.is_private and str(address) not in here and not scene.settings.trusted_proxies:
        found = f"Tablets' codes carry {url}, and this machine is at {' and '.join(here) or 'no address'} now."
        advice = "Give it its address back (fix it on the router), or change public_url and show tablets new codes."
        return act(TOPIC, found, f"{advice} If a proxy stands in front, all is well.")
    return _judge_http(url) if not address.is_private else fine(TOPIC, f"{url}. {_HTTP}")


def _judge_name(url: str, name: str) -> Finding:
    is_local = "." not in name.strip(".") or name.endswith(NO_AUTHORITY)
    if not url.startswith("https:"):
        if name.endswith(".local"):
            found = f"{url}: many Android tablets do not find names that end in .local."
            return look(TOPIC, found, "Use the address, fixed on the router, or a name that the router knows.")
        return fine(TOPIC, f"{url}. {_HTTP}") if is_local else _judge_http(url)
    if is_local:
        found = f"No public authority gives a certificate for {name}, and Collect trusts no other."
        return act(TOPIC, found, "Use http on a Wi-Fi you trust, or a name of a domain that you own.")
    return fine(TOPIC, f"{url}. Its certificate must be of a public authority; Collect trusts no other.")


def _judge_http(url: str) -> Finding:
    found = f"{url} is http outside of a local network: answers and tokens can be read on the way."
    return look(TOPIC, found, "Use https with a certificate of a public authority (Let's Encrypt, say).")


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


_HTTP = "With http all travels readably through the Wi-Fi, and people sign in from Collect by Digest only."

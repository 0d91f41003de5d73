"""Where another node answers: https, or plain http to machines that are near."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from sync_server.peer_errors import AddressRefused

LONGEST = 500
_MALFORMED = "write it as https://centre.example.org."
_PLAIN = "over the internet it must begin with https://; plain http is for this machine and private addresses only."


def tidy_url(url: str) -> str:
    """Return the address without a slash at its end; raise AddressRefused for what must not be dialled."""
    url = url.strip().rstrip("/")
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError as error:
        raise AddressRefused(url=url[:LONGEST], reason=_MALFORMED) from error
    is_bare = not (parts.query or parts.fragment or parts.username or parts.password)
    if parts.scheme not in ("http", "https") or not host or not is_bare or len(url) > LONGEST:
        raise AddressRefused(url=url[:LONGEST], reason=_MALFORMED)
    if parts.scheme == "http" and not _is_near(host):
        raise AddressRefused(url=url, reason=_PLAIN)
    return url


def _is_near(host: str) -> bool:
    """Tell whether it is this machine or in a private network; of a name, nobody knows where it leads tomorrow."""
    if host == "localhost":
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or (address.is_private and not address.is_unspecified)

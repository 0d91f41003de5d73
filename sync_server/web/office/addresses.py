"""Under which address tablets reach this node."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import request

from sync_server.protocols.authentication import current_node


def base_url() -> str:
    """The address in the settings, else the one under which this page was asked for."""
    return current_node().settings.public_url.rstrip("/") or request.host_url.rstrip("/")


def tablet_url(token: str, project_id: int) -> str:
    return f"{base_url()}/v1/key/{token}/projects/{project_id}"


def is_this_machine_only() -> bool:
    """Tell whether no other machine could follow the address: a code with it would lead tablets to themselves."""
    host = urlsplit(base_url()).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

"""Which tablets look for this node at an address that it no longer has.

A tablet holds the server's address in its settings, often a number that a router gave and takes away again. At which
address it finds us its own requests say; that is noted when it asks for its forms, and again only when it changed.
Until it has come, what its code said counts. So a tablet leaves the list when it comes by a new address, not when
somebody printed a new code for it.

Only addresses of this machine's own are noted: behind a container's or a router's forwarding the number is another's.
"""

import logging
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from sync_server.node import Node
from sync_server.services.doctor.local_addresses import list_local_addresses
from sync_server.store import site_config
from sync_server.store.accounts import APP_USER, Actor
from sync_server.store.site_config import Setting

log = logging.getLogger(__name__)

KEY = "tablet-addresses"  # among the site's settings: {tablet's number: [address, whether it came by it]}


@dataclass(frozen=True, slots=True)
class Stranded:
    """An address that this machine had, and the tablets that still go there."""

    address: str
    tablets: tuple[Actor, ...]


def note_arrival(node: Node, tablet: Actor, root: str) -> None:
    """Note at which address a tablet came, if that is new; by a name it is never stranded."""
    if tablet.type != APP_USER:  # a link is opened by anybody's browser
        return
    known = _read(node).get(str(tablet.id))
    if known == [root, True]:
        return
    if is_own(root):
        _put(node, tablet, [root, True])
    elif known is not None and not _is_number(root):
        _put(node, tablet, None)


def note_code(node: Node, tablet: Actor, root: str) -> None:
    """Note the address in a code that is shown, unless the tablet has come by one already."""
    known = _read(node).get(str(tablet.id))
    if (known is None or not known[1]) and known != [root, False] and is_own(root):
        _put(node, tablet, [root, False])


def find_stranded(session: Session, tablets: Iterable[Actor], here: Collection[str]) -> list[Stranded]:
    """Group the tablets that have access by the address they go to, where that is not `here`; most tablets first."""
    noted, found = _noted(session), dict[str, list[Actor]]()
    for tablet in tablets:
        root, _has_come = noted.get(str(tablet.id), ("", False))
        if root and not tablet.is_revoked and urlsplit(root).hostname not in here:
            found.setdefault(root, []).append(tablet)
    by_size = sorted(found.items(), key=lambda each: (-len(each[1]), each[0]))
    return [Stranded(root, tuple(them)) for root, them in by_size]


def see_stranded(node: Node, tablets: Iterable[Actor]) -> list[Stranded]:
    """List them for this machine as it is now; none where it cannot tell: behind a proxy, and without a network."""
    here = own_addresses()
    if node.settings.trusted_proxies or not here:
        return []
    with node.database.read() as session:
        return find_stranded(session, tablets, here)


def own_addresses() -> list[str]:
    return [each.address for each in list_local_addresses()]


def is_own(root: str) -> bool:
    """Tell whether an address is a number that this machine has on a network now."""
    return _is_number(root) and urlsplit(root).hostname in own_addresses()


def _is_number(root: str) -> bool:
    try:
        ip_address(urlsplit(root).hostname or "")
    except ValueError:
        return False
    return True


def _read(node: Node) -> dict[str, Any]:
    with node.database.read() as session:
        return _noted(session)


def _noted(session: Session) -> dict[str, Any]:
    setting = site_config.find_setting(session, KEY)
    return dict(setting.value) if setting else {}


def _put(node: Node, tablet: Actor, note: list[Any] | None) -> None:
    def put(session: Session) -> None:
        others = {key: value for key, value in _noted(session).items() if key != str(tablet.id)}
        value = {**others, str(tablet.id): note} if note else others
        site_config.put_setting(session, Setting(KEY, value, None, None, datetime.now(UTC)), by=None)

    try:
        node.write(put)
    except OperationalError as error:  # on a full disk tablets still get their forms
        log.warning("address not noted actor=%d node=%s error=%s", tablet.id, node.id, error.orig)

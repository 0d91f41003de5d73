"""What an administrator sets for the whole site, under ODK Central's names; some of it strangers see.

Pictures are told by their first bytes, and only kinds that run nothing in a browser are taken: strangers get them.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from sync_server.errors import InsufficientRights, NotFound, PictureNotUsable, PictureTooLarge, UnexpectedValue
from sync_server.node import Node
from sync_server.services.access import require
from sync_server.services.audit import make_act, write_act
from sync_server.store import site_config
from sync_server.store.accounts import Actor
from sync_server.store.site_config import Setting

LOGO_BYTES, HERO_BYTES = 500_000, 3_000_000  # each visitor of the sign-in page loads them, some over a mobile network
LONGEST_TEXT = 2_000

KINDS = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff", "image/gif": b"GIF8", "image/webp": b"RIFF"}


def _read_analytics(given: dict[str, Any]) -> dict[str, Any]:
    if given.get("enabled") is not True:
        return {"enabled": False}
    return {"enabled": True, **_texts(given, "email", "organization")}


def _read_appearance(given: dict[str, Any]) -> dict[str, Any]:
    return _texts(given, "title", "description")


def _texts(given: dict[str, Any], *names: str) -> dict[str, str]:
    found = {name: given[name] for name in names if isinstance(given.get(name), str) and given[name]}
    for name, text in found.items():
        if len(text) > LONGEST_TEXT:
            raise UnexpectedValue(field=name, value=text[:40], reason=f"{LONGEST_TEXT} characters are the most.")
    return {name: text.replace("\0", "\ufffd") for name, text in found.items()}


# Analytics is kept, as clients set it; nothing is ever sent anywhere.
TEXTS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "analytics": _read_analytics, "login-appearance": _read_appearance,
}  # fmt: skip
PICTURES = {"logo": LOGO_BYTES, "hero-image": HERO_BYTES}
PUBLIC = frozenset({"login-appearance", *PICTURES})


def set_text(node: Node, actor: Actor | None, key: str, given: dict[str, Any]) -> Setting:
    """Set words; what Central does not know of is left out."""
    require(node, actor, "config.set")
    return _set(node, actor, Setting(key, TEXTS[key](given), None, None, datetime.now(UTC)))


def set_picture(node: Node, actor: Actor | None, key: str, picture: bytes, kind: str) -> Setting:
    """Set a picture; raise PictureTooLarge, or PictureNotUsable for what it does not say it is."""
    require(node, actor, "config.set")
    if len(picture) > PICTURES[key]:
        raise PictureTooLarge(limit=PICTURES[key])
    if kind not in KINDS or not picture.startswith(KINDS[kind]):
        raise PictureNotUsable(field="Content-Type", value=kind)
    return _set(node, actor, Setting(key, {}, picture, kind, datetime.now(UTC)))


def require_known(key: str) -> None:
    """Raise UnexpectedValue for a key that nothing is set under."""
    if key not in TEXTS and key not in PICTURES:
        raise UnexpectedValue(field="key", value=key[:40], reason="the config is unknown or cannot be set.")


def unset(node: Node, actor: Actor | None, key: str) -> None:
    """Unset it, set or not."""
    require(node, actor, "config.set")
    require_known(key)
    act = make_act(actor, "config.set", None, key=key, value=None)

    def forget(session: Session) -> None:
        if site_config.delete_setting(session, key):
            write_act(session, act)

    node.write(forget)


def get_setting(node: Node, actor: Actor | None, key: str) -> Setting:
    require(node, actor, "config.read")
    return _get(node, key)


def get_public_setting(node: Node, key: str) -> Setting:
    """Return a setting that strangers may see; raise InsufficientRights for others, set or not."""
    if key not in PUBLIC:
        raise InsufficientRights
    return _get(node, key)


def list_public_settings(node: Node) -> list[Setting]:
    with node.database.read() as session:
        return [setting for setting in site_config.iter_settings(session) if setting.key in PUBLIC]


def _set(node: Node, actor: Actor | None, setting: Setting) -> Setting:
    act = make_act(actor, "config.set", None, key=setting.key, value=setting.value or None)

    def put(session: Session) -> Setting:
        site_config.put_setting(session, setting, by=actor.id if actor else None)
        write_act(session, act)
        return setting

    return node.write(put)


def _get(node: Node, key: str) -> Setting:
    with node.database.read() as session:
        setting = site_config.find_setting(session, key)
    if setting is None:
        raise NotFound
    return setting

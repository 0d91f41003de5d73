"""Sign in with a code from an app beside the password (TOTP): set it up, check it, take it away.

The key is sealed with the node's key, outside the database; recovery codes are kept as keyed hashes. A code or a
recovery code is used up in the transaction that accepts it, so that two requests cannot both use it.
"""

import hmac
import logging
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from sync_server.account_errors import AuthenticationFailed, CodeNeeded, TwoFactorMissing, WrongCode
from sync_server.core import totp
from sync_server.core.roles import ADMIN, MNE
from sync_server.errors import NotFound
from sync_server.node import Node
from sync_server.services.access import change_access, require, scope_of
from sync_server.services.audit import make_act, write_act
from sync_server.services.node_secrets import derive_key, make_password, open_secret, seal_secret
from sync_server.services.passwords import is_password
from sync_server.store import accounts, people, user_secrets
from sync_server.store.accounts import Actor
from sync_server.store.user_secrets import TwoFactor

log = logging.getLogger(__name__)

RECOVERY_CODES = 8
_PURPOSE = "totp"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an app needs to make the codes of an account."""

    key: str
    uri: str


def find_two_factor(node: Node, actor: Actor) -> TwoFactor | None:
    """Return a person's second factor if it is in force."""
    with node.database.read() as session:
        found = user_secrets.find_two_factor(session, actor.id)
    return found if found and found.is_confirmed else None


def is_on(node: Node, actor: Actor) -> bool:
    return find_two_factor(node, actor) is not None


def is_advised(node: Node, actor: Actor) -> bool:
    """Tell whether a person's roles let them see so much that a second factor is offered: administrators, M&E."""
    return any(grant.role in (ADMIN, MNE) for grant in scope_of(node, actor).grants)


def is_required(node: Node, actor: Actor) -> bool:
    """Tell whether the setting asks it of one of the person's roles."""
    asked = set(node.settings.require_two_factor.split(","))
    return any(grant.role.system in asked for grant in scope_of(node, actor).grants)


def begin(node: Node, actor: Actor) -> Enrolment:
    """Make a key for the person's app; nothing is asked for until a first code confirms that it works."""
    secret = secrets.token_bytes(totp.SECRET_BYTES)
    sealed = seal_secret(node, _PURPOSE, secret.hex(), bound_to=_bound_to(actor))
    if not node.write(lambda session: user_secrets.begin_two_factor(session, actor.id, totp_sealed=sealed)):
        raise NotFound
    return _enrolment(node, actor, secret)


def get_begun(node: Node, actor: Actor) -> Enrolment:
    """Show a begun key again, as after a mistyped first code; raise NotFound when none is begun."""
    with node.database.read() as session:
        found = user_secrets.find_two_factor(session, actor.id)
    if found is None or found.is_confirmed:
        raise NotFound
    return _enrolment(node, actor, _open(node, actor, found))


def confirm(node: Node, actor: Actor, code: str, *, keep_session: str = "") -> list[str]:
    """Put the begun key in force by a first code; end the person's other sessions; return the recovery codes, once."""
    with node.database.read() as session:
        found = user_secrets.find_two_factor(session, actor.id)
    if found is None or found.is_confirmed:
        raise NotFound
    step = totp.find_step(_open(node, actor, found), _digits(code), now=_now().timestamp(), after=0)
    if step is None:
        raise WrongCode
    codes = _make_recovery_codes()
    hashes = [_hash(node, actor, each) for each in codes]
    act = make_act(actor, "user.update", f"actor:{actor.id}", twoFactor="on")

    def put(session: Session) -> None:
        if not user_secrets.confirm_two_factor(session, actor.id, step=step, recovery_hashes=hashes, now=_now()):
            raise NotFound
        people.delete_sessions(session, actor.id, but=keep_session)
        write_act(session, act)

    change_access(node, put)
    log.info("two-factor on actor=%d node=%s", actor.id, node.id)
    return codes


def require_code(node: Node, actor: Actor, code: str) -> None:
    """Raise unless the account signs in by password alone, or the code is right, which uses it up.

    CodeNeeded: there is none. WrongCode: it is wrong or used. TwoFactorMissing: the account must first set it up.
    """
    found = find_two_factor(node, actor)
    if found is None:
        if is_required(node, actor):
            raise TwoFactorMissing
        return
    if not code.strip():
        raise CodeNeeded
    if not (_use_app_code(node, actor, found, code) or _use_recovery_code(node, actor, code)):
        raise WrongCode


def renew_recovery_codes(node: Node, actor: Actor, password: str) -> list[str]:
    """Make new recovery codes in place of the old; shown once."""
    require_password(node, actor, password)
    if not is_on(node, actor):
        raise NotFound
    codes = _make_recovery_codes()
    hashes = [_hash(node, actor, each) for each in codes]
    act = make_act(actor, "user.update", f"actor:{actor.id}", recoveryCodes=len(codes))

    def renew(session: Session) -> None:
        user_secrets.put_recovery_codes(session, actor.id, hashes)
        write_act(session, act)

    node.write(renew)
    return codes


def turn_off(node: Node, actor: Actor | None, user: Actor) -> None:
    """Take a person's second factor away: they themselves, or an administrator when the phone is lost."""
    if actor is None or actor.id != user.id:
        require(node, actor, "user.update")
    act = make_act(actor, "user.update", f"actor:{user.id}", twoFactor="off")

    def end(session: Session) -> None:
        if not user_secrets.delete_two_factor(session, user.id):
            raise NotFound
        write_act(session, act)

    change_access(node, end)
    log.info("two-factor off actor=%d node=%s", user.id, node.id)


def require_password(node: Node, actor: Actor, password: str) -> None:
    """Raise AuthenticationFailed unless this is the person's password: a session left open must not do everything."""
    with node.database.read() as session:
        found = accounts.find_secrets(session, actor.email or "")
    if not is_password(found.password_hash if found else None, password):
        raise AuthenticationFailed


def _use_app_code(node: Node, actor: Actor, found: TwoFactor, code: str) -> bool:
    digits = _digits(code)
    step = totp.find_step(_open(node, actor, found), digits, now=_now().timestamp(), after=found.last_step)
    return step is not None and node.write(lambda session: user_secrets.use_step(session, actor.id, step))


def _use_recovery_code(node: Node, actor: Actor, code: str) -> bool:
    if len(code.strip()) < totp.DIGITS * 2:  # most wrong codes are of an app: they cost no transaction
        return False
    hashed = _hash(node, actor, code)
    if not node.write(lambda session: user_secrets.use_recovery_code(session, actor.id, hashed)):
        return False
    log.warning("recovery code used actor=%d node=%s", actor.id, node.id)
    return True


def _make_recovery_codes() -> list[str]:
    return [make_password() for _ in range(RECOVERY_CODES)]


def _hash(node: Node, actor: Actor, code: str) -> str:
    """Hash a recovery code with a key that is not in the database; groups and case do not matter."""
    plain = "".join(sign for sign in code[:100].lower() if sign.isalnum())
    return hmac.digest(derive_key(node, "recovery"), f"{actor.id}:{plain}".encode(), "sha256").hex()


def _digits(code: str) -> str:
    """Read a code as people type it: with spaces, in Arabic digits."""
    return "".join(str(int(sign)) if sign.isdecimal() else "x" for sign in code[:20] if not sign.isspace())


def _enrolment(node: Node, actor: Actor, secret: bytes) -> Enrolment:
    issuer = node.settings.node_name or "sync-server"
    return Enrolment(totp.write_key(secret), totp.write_uri(secret, account=actor.email or "", issuer=issuer))


def _open(node: Node, actor: Actor, found: TwoFactor) -> bytes:
    return bytes.fromhex(open_secret(node, _PURPOSE, found.totp_sealed, bound_to=_bound_to(actor)))


def _bound_to(actor: Actor) -> str:
    return f"totp:{actor.id}"


def _now() -> datetime:
    return datetime.now(UTC)

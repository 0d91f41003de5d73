"""Make the codes of an authenticator app, as a phone would."""

import base64
import time

from sync_server.core import totp
from sync_server.node import Node
from sync_server.services import two_factor
from sync_server.services.two_factor import Enrolment
from sync_server.store.accounts import Actor


def app_code(key: str, *, steps_later: int = 0) -> str:
    """The code that an app shows now, or some half minutes later."""
    text = key.replace(" ", "")
    secret = base64.b32decode(text + "=" * (-len(text) % 8))
    return totp.make_code(secret, int(time.time()) // totp.STEP_SECONDS + steps_later)


def enrol(node: Node, actor: Actor) -> tuple[Enrolment, list[str]]:
    """Turn two-factor sign-in on; return the app's key and the recovery codes. The code of now is used up."""
    enrolment = two_factor.begin(node, actor)
    return enrolment, two_factor.confirm(node, actor, app_code(enrolment.key))

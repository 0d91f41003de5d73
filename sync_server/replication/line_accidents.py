"""Why another node could not be reached, in words for whoever looks after this one."""

import errno
import ssl
from collections.abc import Iterator

import requests
from urllib3.exceptions import NameResolutionError

from sync_server.peer_errors import PeerAway

_NO_NETWORK = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN)
_CLOCK = ("expired", "not yet valid")  # OpenSSL's words


def tell_accident(error: Exception) -> PeerAway:
    """Turn an accident of the line into a PeerAway that says what to look at."""
    return PeerAway(reason=_reason(error))


def _reason(error: Exception) -> str:
    causes = list(_causes(error))
    if isinstance(error, requests.exceptions.ProxyError):
        wants_password = any("407" in str(each) for each in causes)
        return "the proxy wants a password" if wants_password else "the proxy did not let the connection through"
    if isinstance(error, requests.exceptions.SSLError) or any(isinstance(each, ssl.SSLError) for each in causes):
        return _certificate(causes)
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return "it did not answer in time"
    if isinstance(error, requests.Timeout) or "timed out" in str(error).lower():
        return "it fell silent in the middle"
    if any(isinstance(each, NameResolutionError) for each in causes):
        return "its name was not found; is this machine on the internet?"
    if any(isinstance(each, ConnectionRefusedError) for each in causes):
        return "nothing answers at its address"
    if any(isinstance(each, OSError) and each.errno in _NO_NETWORK for each in causes):
        return "there is no network"
    if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema):
        return "its address is none"
    if not isinstance(error, requests.RequestException) and "CA cert" in str(error):
        return "the file of certificates (sync_ca_file) is not there"
    return "the line broke"


def _certificate(causes: list[BaseException]) -> str:
    why = next((each.verify_message for each in causes if isinstance(each, ssl.SSLCertVerificationError)), "")
    if any(word in why for word in _CLOCK):
        return f"its certificate is not valid ({why}); is the clock of this machine right?"
    return f"its certificate is not valid ({why})" if why else "it does not speak https as it should"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and all within it, as requests and urllib3 wrap them."""
    seen: list[BaseException] = []
    waiting = [error]
    while waiting:
        each = waiting.pop()
        if isinstance(each, BaseException) and each not in seen:
            seen.append(each)
            yield each
            waiting += [each.__cause__, each.__context__, getattr(each, "reason", None), *each.args]

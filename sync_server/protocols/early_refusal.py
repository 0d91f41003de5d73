"""Turn whoever guesses passwords away at the threshold: before a thread takes the request up, without the application.

A request costs the application and its threads half a millisecond before any password is looked at: two hundred a
second would cost the tablets that send a tenth. Nobody is refused here who would not be refused further in, at the
same moment and in the same words (sign_in_gate.py): each answer is made by the application once, then kept. Whether
there is such an account is not looked at, so the time it takes does not tell.
"""

from flask import Flask
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header, parse_cookie, parse_list_header

from sync_server.account_errors import TooManyAttempts
from sync_server.core.early_answers import Answer, Asked
from sync_server.node import Node
from sync_server.protocols import known_devices
from sync_server.protocols.authentication import THROTTLE, is_within_machine
from sync_server.protocols.guesses import LONGEST_HEADER, PAGE, Guess, read_guess
from sync_server.protocols.messages import LANGUAGES, choose_language
from sync_server.protocols.sign_in_gate import SignInGate

_CHOSEN = "language"  # the cookie by which a page knows what was chosen there
_LEFT_OUT = ("content-length", "connection")  # the server's to say


class EarlyRefusal:
    """Called with every request that was read whole; answers hopeless guesses, and leaves all others alone."""

    def __init__(self, app: Flask, node: Node) -> None:
        self._app = app
        self._gate: SignInGate = app.extensions[THROTTLE]
        self._key = known_devices.derive_key(node)
        self._proxies = node.settings.trusted_proxies
        self._kept: dict[tuple[str, str, int], Answer] = {}

    def __call__(self, asked: Asked) -> Answer | None:
        guess = read_guess(asked)
        if guess is None:
            return None
        is_secure = self._of_proxies(asked, "X_FORWARDED_PROTO") == "https"
        if guess.is_basic and not (is_secure or self._is_within_machine(asked)):
            return None  # told to use https instead
        address = self._of_proxies(asked, "X_FORWARDED_FOR") or asked.address
        device = self._find_device(asked, guess, is_secure)
        refusal = self._gate.refusal_of(address, guess.email, device=device)
        return self._answer(guess.at, _language(asked, guess), refusal) if refusal else None

    def _of_proxies(self, asked: Asked, header: str) -> str | None:
        """Return what the outermost trusted proxy says, by the same rule as ProxyFix."""
        values = parse_list_header(asked.headers.get(header, "")) if self._proxies else []
        return values[-self._proxies] if self._proxies and len(values) >= self._proxies else None

    def _is_within_machine(self, asked: Asked) -> bool:
        return not self._proxies and is_within_machine(asked.address, asked.headers.get("HOST", ""))

    def _find_device(self, asked: Asked, guess: Guess, is_secure: bool) -> str | None:
        cookie = _cookie(asked, known_devices.cookie_name(is_secure=is_secure))
        return known_devices.read_device(self._key, cookie, guess.email) if cookie else None

    def _answer(self, at: str, language: str, refusal: TooManyAttempts) -> Answer:
        which = (at, language, refusal.details["minutes"])
        if which not in self._kept:
            self._kept[which] = self._compose(at, language, refusal)
        return self._kept[which]

    def _compose(self, at: str, language: str, refusal: TooManyAttempts) -> Answer:
        with self._app.test_request_context(at, method="POST", headers={"Accept-Language": language}):
            response = self._app.make_response(self._app.handle_user_exception(refusal))
            response = self._app.process_response(response)
            response.headers["Retry-After"] = str(refusal.seconds)
            headers = tuple((name, value) for name, value in response.headers if name.lower() not in _LEFT_OUT)
            return Answer(response.status, headers, response.get_data())


def _cookie(asked: Asked, name: str) -> str:
    cookies = asked.headers.get("COOKIE", "")
    return parse_cookie(cookies).get(name, "") if name in cookies else ""


def _language(asked: Asked, guess: Guess) -> str:
    if guess.at == PAGE and (chosen := _cookie(asked, _CHOSEN)) in LANGUAGES:
        return chosen
    wanted = asked.headers.get("ACCEPT_LANGUAGE", "")[:LONGEST_HEADER]
    return choose_language(parse_accept_header(wanted, LanguageAccept)) if wanted else "en"

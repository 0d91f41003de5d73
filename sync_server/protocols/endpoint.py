"""The edge of every protocol: the one place that turns results, Problems and accidents into bytes.

A view is wrapped by the decorator of its dialect and may raise any Problem. OpenRosa answers are `OpenRosaResponse` as
text/xml (Collect refuses application/xml), Central's are JSON `{message, code, details}`. Never HTML, never a stack
trace. An error answered before the body was read drains it first: a tablet whose connection is reset in mid-upload
reports a network error, not our message.
"""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import unquote

from flask import Flask, Response, jsonify, request
from flask.json.provider import DefaultJSONProvider
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException

from sync_server.account_errors import LoginRequired, TooManyAttempts
from sync_server.core.openrosa_xml import write_response
from sync_server.errors import (
    BrokenUpload,
    DiskFull,
    InsufficientRights,
    MethodNotAllowed,
    NotFound,
    Problem,
    RequestNotUnderstood,
    ServerBusy,
    SubmissionNotStored,
)
from sync_server.node import Node
from sync_server.protocols.addresses import LazyRule, RowNumber, TidyAddress, is_openrosa_path
from sync_server.protocols.authentication import (
    NODE,
    THROTTLE,
    current_actor,
    current_node,
    make_challenge,
    require_actor,
)
from sync_server.protocols.messages import request_language, say
from sync_server.protocols.needs import Need, admit, current_scope, declare
from sync_server.protocols.shapes import Shape, take_shape
from sync_server.protocols.sign_in_gate import SignInGate
from sync_server.services.audit import noting

__all__ = [
    "answer_error",
    "central_endpoint",
    "current_actor",
    "current_node",
    "current_scope",
    "is_openrosa_path",
    "openrosa_endpoint",
    "register",
    "require_actor",
    "write_message",
]

log = logging.getLogger(__name__)

View = Callable[..., Any]
ProblemWriter = Callable[[Problem], Response]

# What is read and thrown away of a refused upload, so that the refusal is heard. Beyond it a reset is cheaper.
DRAIN_BYTES = 64_000_000
_PIECE = 65_536


class _ReadableJson(DefaultJSONProvider):
    """Arabic as Arabic, as ODK Central writes it, not as \\u0627: people do see these answers, in a browser."""

    ensure_ascii = False


def register(app: Flask, node: Node) -> None:
    """Give the application its node, and errors outside of any view their dialect."""
    app.url_rule_class = LazyRule
    app.url_map.converters["int"] = RowNumber
    app.json = _ReadableJson(app)
    app.extensions[NODE] = node
    app.extensions[THROTTLE] = SignInGate()
    app.wsgi_app = TidyAddress(app.wsgi_app)  # type: ignore[method-assign]
    app.register_error_handler(Exception, answer_error)


def openrosa_endpoint(**what: Any) -> Callable[[View], View]:
    """Speak OpenRosa: the view returns a Response; every answer carries the headers tablets look for.

    `what` is the route's Need. The views ask for it themselves (`allow_tablet`), because the project of some
    addresses and the form of most are known only there. What it takes and answers is its Shape.
    """
    shape = take_shape(what)

    def decorate(view: View) -> View:
        @wraps(view)
        def endpoint(*args: Any, **kwargs: Any) -> Response:
            return _dress_openrosa(_answer(view, write_openrosa_problem, *args, **kwargs))

        return declare(_shaped(endpoint, shape), Need(**what))

    return decorate


def central_endpoint(**what: Any) -> Callable[[View], View]:
    """Speak ODK Central's REST: the view returns what becomes JSON, or a Response.

    `what` is the route's Need, such as `verb="form.read"`: who lacks it is refused before the view is called; and its
    Shape, such as `takes=FormPatchSchema, answers=FormSchema`, from which the interface's description is made.
    """
    shape = take_shape(what)

    def decorate(view: View) -> View:
        def admitted(*args: Any, **kwargs: Any) -> Any:
            admit()
            with noting(_action_notes()):
                return view(*args, **kwargs)

        @wraps(view)
        def endpoint(*args: Any, **kwargs: Any) -> Response:
            return _answer(admitted, write_central_problem, *args, **kwargs)

        return declare(_shaped(endpoint, shape), Need(**what))

    return decorate


def _shaped(view: View, shape: Shape) -> View:
    view.shape = shape  # type: ignore[attr-defined]
    return view


def _action_notes() -> str:
    """Read why it is done, percent-encoded as Central's clients write it; PostgreSQL keeps no NUL."""
    return unquote(request.headers.get("X-Action-Notes", "")).replace("\0", "\ufffd")


def write_message(text: str, *, status: int, nature: str = "submit_success") -> Response:
    """Answer a tablet with a message for the person who holds it."""
    return Response(write_response(text, nature=nature), status=status, content_type="text/xml; charset=utf-8")


def write_openrosa_problem(problem: Problem) -> Response:
    if isinstance(problem, DiskFull):  # a tablet's holder makes no space on our disk
        problem = SubmissionNotStored()
    response = write_message(_text(problem), status=problem.status, nature="submit_failure")
    return _with_patience(_with_challenge(response), problem)


def write_central_problem(problem: Problem) -> Response:
    # Central sends codes as JSON numbers.
    body = {"message": _text(problem), "code": float(problem.code), "details": _plain(problem.details)}
    response = jsonify(body)
    response.status_code = problem.status
    response.headers["Content-Language"] = request_language()
    return _with_patience(response, problem)


def _answer(view: View, write_problem: ProblemWriter, *args: Any, **kwargs: Any) -> Response:
    try:
        result = view(*args, **kwargs)
        return result if isinstance(result, Response) else jsonify(result)
    except Exception as error:  # noqa: BLE001 the edge: whatever it is, the client gets an answer in its dialect
        response = write_problem(_to_problem(error))
    drain()
    return response


def answer_error(error: Exception) -> Response | HTTPException:
    """Answer what no view saw: unknown addresses, wrong methods."""
    if isinstance(error, HTTPException) and (error.code is None or error.code < 400 or error.response is not None):
        return error
    is_openrosa = is_openrosa_path(request.path)
    response = (write_openrosa_problem if is_openrosa else write_central_problem)(_to_problem(error))
    drain()
    return _dress_openrosa(response) if is_openrosa else response


def _to_problem(error: Exception) -> Problem:
    if isinstance(error, Problem):
        return error
    if isinstance(error, HTTPException):
        return _from_http(error)
    # The rule, not the address: an address may hold a token.
    log.error("unexpected error rule=%s method=%s", request.url_rule, request.method, exc_info=error)
    return ServerBusy() if isinstance(error, OperationalError) else Problem()


def _from_http(error: HTTPException) -> Problem:
    match error.code:
        case 404:
            return NotFound()
        case 405:
            allowed = ", ".join(getattr(error, "valid_methods", None) or ())
            return MethodNotAllowed(method=request.method, allowed=allowed)
        case 401:
            return LoginRequired()
        case 403:
            return InsufficientRights()
        case 400 if request.method in ("POST", "PUT"):
            return BrokenUpload()
    return RequestNotUnderstood(reason=error.name)


def _text(problem: Problem) -> str:
    return say(problem.message, **problem.details)


def _plain(details: dict[str, Any]) -> dict[str, Any]:
    return {name: _plain_value(value) for name, value in details.items()}


def _plain_value(value: Any) -> Any:
    if isinstance(value, dict):
        return _plain(value)
    if isinstance(value, list | tuple):
        return [_plain_value(part) for part in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _with_challenge(response: Response) -> Response:
    if response.status_code == 401:
        response.headers["WWW-Authenticate"] = make_challenge()
    return response


def _with_patience(response: Response, problem: Problem) -> Response:
    if isinstance(problem, TooManyAttempts):
        response.headers["Retry-After"] = str(problem.seconds)
    return response


def _dress_openrosa(response: Response) -> Response:
    headers = [
        ("X-OpenRosa-Version", "1.0"),
        ("X-OpenRosa-Accept-Content-Length", str(current_node().settings.chunk_bytes)),
        ("Content-Language", request_language()),
    ]
    if "Cache-Control" not in response.headers:
        # Collect serves a list from its cache without asking if it may; an error must not be kept at all.
        headers.append(("Cache-Control", "private, no-cache" if response.status_code < 400 else "no-store"))
    response.headers.extend(headers)  # at once: setting one by one looks for each among the others
    return response


def drain() -> None:
    """Read what is left of the request, within reason."""
    left = DRAIN_BYTES
    try:
        while left > 0 and (piece := request.stream.read(_PIECE)):
            left -= len(piece)
    except (OSError, HTTPException):
        return  # the client went away, or the body was never whole

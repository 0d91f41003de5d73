"""Which answers a route gives: its own, and those that what it needs and takes brings along."""

from http import HTTPStatus
from typing import Any

from sync_server.protocols.authorisation import Route
from sync_server.protocols.json_schema import Components, Json
from sync_server.protocols.schemas import ProblemSchema
from sync_server.protocols.shapes import HTML, Content, Form, Shape

_TABLET_MESSAGE = Content(("text/xml",), "a message for the person who holds the tablet", root="OpenRosaResponse")
_WORDS = {
    303: "Look at another page; for a stranger, the one to sign in.",
    304: "It is as you have it.",
    400: "The request cannot be understood.",
    401: "Sign in, or the credentials are wrong.",
    403: "You may not.",
    404: "It is not there, or you may not know of it.",
    409: "It contradicts what is there.",
    412: "It is another file by now than the one whose rest is asked for.",
    413: "It is larger than the operator allows.",
    416: "There is no such part: you have the whole file.",
    429: "Too many wrong passwords: wait.",
    500: "An accident; nothing that was acknowledged is lost.",
    501: "Not done by this server.",
    503: "The server is busy: try again.",
    507: "The disk is full.",
}
_BARE = (412, 416)  # about a part of a file: the headers say it all


def write_answers(route: Route, method: str, shape: Shape, components: Components) -> Json:
    """Write every answer of one method, by status."""
    own = HTML if shape.answers is None and route.is_page else shape.answers
    contents = {} if method == "HEAD" else write_contents(own, components, is_answer=True)
    right = {"description": _tell(shape.status, own), **({"content": contents} if contents else {})}
    found = {shape.status: right}
    for status in sorted({*shape.also, *_brought_along(route, method)} - {shape.status}):
        if status >= 400 and method != "HEAD" and status not in _BARE:
            found[status] = _refer_wrong(route, status, components)
        else:
            has_body = status < 300 or (route.is_page and status < 400)
            also = {"content": contents} if contents and has_body else {}
            found[status] = {"description": _tell(status, None), **also}
    return {str(status): answer for status, answer in sorted(found.items())}


def write_contents(form: Form, components: Components, *, is_answer: bool) -> Json:
    """Write a body by media type."""
    if form is None:
        return {}
    if isinstance(form, Content):
        return {media_type: {"schema": _write_content(form, media_type)} for media_type in form.types}
    return {"application/json": {"schema": _write_json(form, components, is_answer=is_answer)}}


def _write_json(form: Any, components: Components, *, is_answer: bool) -> Json:
    if isinstance(form, list):
        return {"type": "array", "items": _write_json(form[0], components, is_answer=is_answer)}
    return components.refer(form, is_answer=is_answer)


def _write_content(content: Content, media_type: str) -> Json:
    if media_type == "multipart/form-data":
        part = {"type": "string", "format": "binary"}
        return {
            "type": "object", "required": [content.root], "properties": {content.root: part},
            "additionalProperties": part, "description": content.text,
        }  # fmt: skip
    if media_type == "application/x-www-form-urlencoded":
        return {"type": "object", "additionalProperties": {"type": "string"}, "description": content.text}
    if media_type == "application/json":
        return {"type": "object", "description": content.text}
    root = {"x-root": content.root} if content.root and media_type.endswith("xml") else {}
    if media_type == "*/*":  # a file as somebody sent it: one that happens to be JSON may hold any value
        return {"description": content.text}
    return {"type": "string", "description": content.text, **root}


def _refer_wrong(route: Route, status: int, components: Components) -> Json:
    """Refer to a refusal in the route's dialect: a page, a message on a tablet, or a Problem."""
    dialect: tuple[str, Form] = ("Problem", ProblemSchema)
    if route.is_page or route.is_openrosa:
        dialect = ("Page", HTML) if route.is_page else ("Message", _TABLET_MESSAGE)
    name, form = dialect
    content = write_contents(form, components, is_answer=True)
    components.responses[f"{name}{status}"] = {"description": _tell(status, None), "content": content}
    return {"$ref": f"#/components/responses/{name}{status}"}


def _brought_along(route: Route, method: str) -> set[int]:
    """The refusals that follow from the address, the method and what the route needs."""
    found = {400, 500, 503}
    if route.need is None or not route.need.anyone:
        found |= {401, 403, 404, 429}
    if route.arguments:
        found.add(404)
    if route.is_page:
        found |= {303, 401, 403, 404, 429}
    if method not in ("GET", "HEAD"):
        found |= {409, 413, 507}
    return found


def _tell(status: int, form: Form) -> str:
    if isinstance(form, Content):
        return form.text[:1].upper() + form.text[1:] + "."
    return _WORDS.get(status) or HTTPStatus(status).phrase

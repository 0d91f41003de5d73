"""Pair with another node: it proves to hold a code that was printed here (docs/replication.md, "Pairing").

POST /replication/pair

A stranger's door, so guessing is slowed down: by network here, and ten wrong proofs void a code (answer_pairing.py).
"""

from typing import Any

from flask import Blueprint, current_app, request
from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate

from sync_server.core.pairing import PairingRequest, read_key
from sync_server.errors import MissingParameter, UnexpectedValue
from sync_server.peer_errors import PairingRefused
from sync_server.protocols.central_sessions import read_json
from sync_server.protocols.endpoint import central_endpoint, current_node
from sync_server.protocols.sign_in_gate import network_of
from sync_server.protocols.throttle import Throttle
from sync_server.services.answer_pairing import answer_pairing

blueprint = Blueprint("pairing", __name__)

GUESSES = "pairing_guesses"
_EXAMPLE = '{"protocol": 1, "offer": "ks3m", "node": "…", "name": "…", "public_key": "…", "nonce": "…", "proof": "…"}'
_SHOWN = 40


def _text(pattern: str, *, longest: int = 200, **metadata: str) -> fields.String:
    limits = [validate.Length(min=1, max=longest), validate.Regexp(pattern)]
    return fields.String(required=True, validate=limits, metadata=metadata)


def _require_key(written: str) -> None:
    try:
        read_key(written)
    except ValueError as error:
        raise ValidationError("not the 32 bytes of a public key in base64") from error


class PairingRequestSchema(Schema):
    """A node that holds a code. `proof` is over all the rest."""

    class Meta:
        unknown = EXCLUDE

    protocol = fields.Integer(required=True, strict=True, metadata={"example": 1})
    offer = _text(r"\A[a-z2-9]{4}\Z", example="ks3m", description="the code's first group")
    node = _text(r"\A[0-9a-f]{32}\Z", description="the node's id")
    name = _text(r"\A[^\x00-\x1f\x7f\ud800-\udfff]+\Z", example="Sinjar office")
    public_key = fields.String(required=True, validate=[validate.Length(equal=44), _require_key])
    nonce = _text(r"\A[0-9a-f]{16,64}\Z", description="random; the answer has it again")
    proof = _text(r"\A[0-9a-f]{64}\Z", description="HMAC-SHA256 under the code's secret")


class SharedProjectSchema(Schema):
    """A project that both nodes have from now on; `forms` null: all of them."""

    project = fields.String(metadata={"description": "its uid, the same on every node"})
    title = fields.String()
    forms = fields.List(fields.String(), allow_none=True)


class PairingAnswerSchema(Schema):
    """This node, with its own proof of the code, over the request and the answer."""

    node = fields.String()
    name = fields.String()
    public_key = fields.String()
    nonce = fields.String()
    projects = fields.List(fields.Nested(SharedProjectSchema))
    proof = fields.String()


@blueprint.post("/replication/pair")
@central_endpoint(
    anyone="pairing with a code that an administrator made", takes=PairingRequestSchema, answers=PairingAnswerSchema,
    also=(403, 429),
)  # fmt: skip
def post_pairing() -> Any:
    """Pair with this node by a code; answer who it is and which projects it shares."""
    asked = PairingRequest(**_read(read_json(_EXAMPLE)))
    who, guesses = (network_of(request.remote_addr or ""), ""), _guesses()
    guesses.require_patience(who)
    try:
        answer = answer_pairing(current_node(), asked)
    except PairingRefused:
        guesses.note_failure(who)
        raise
    guesses.note_success(who)
    return answer.to_json()


def _read(body: dict[str, Any]) -> dict[str, Any]:
    try:
        read: dict[str, Any] = PairingRequestSchema().load(body)
    except ValidationError as error:
        field = next(name for name in sorted(error.messages_dict))
        if body.get(field) is None:
            raise MissingParameter(field=field) from error
        reason = "it is not what docs/replication.md says."
        raise UnexpectedValue(field=field, value=ascii(body[field])[:_SHOWN], reason=reason) from error
    return read


def _guesses() -> Throttle:
    found: Throttle = current_app.extensions.setdefault(GUESSES, Throttle())
    return found

"""Take in a hub whose question came by stick: as `answer_pairing` does over HTTP, with a code that the hub made.

There the centre makes the code and the hub proves to hold it; here the hub makes it, and whoever looks after the centre
types it, so that one way there and back is enough. Both keep it as used.
"""

import hmac
import logging
from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from sync_server.core.pairing import PairingAnswer, PairingRequest, is_proof, prove_answer, prove_request
from sync_server.core.peer_places import PeerScope
from sync_server.core.replication_batch import PROTOCOL
from sync_server.node import Node
from sync_server.peer_errors import PairingRefused, ProtocolUnknown
from sync_server.services.access import change_access, require
from sync_server.services.answer_pairing import WRONG, take_in
from sync_server.services.peer_offers import open_offer, prepare_offer, put_offer, read_code
from sync_server.store import peer_offers
from sync_server.store.accounts import Actor
from sync_server.store.peers import PeerNode

log = logging.getLogger(__name__)

OTHER_OFFER = "another code that begins alike was used here; let the hub ask anew"


def admit_hub(
    node: Node, actor: Actor | None, code: str, request: PairingRequest, *, name: str, scope: PeerScope,
    replaces: PeerNode | None = None,
) -> PairingAnswer:  # fmt: skip
    """Make the hub that asked by this code a peer, under a name, with a scope; return the answer with its proof.

    The same question again is answered as before, and changes nothing, as long as the pairing holds. Raises
    PairingRefused, ProtocolUnknown or NameTaken.
    """
    require(node, actor, "assignment.create")
    id, secret = read_code(code)
    if request.protocol != PROTOCOL:
        raise ProtocolUnknown(theirs=request.protocol, ours=PROTOCOL)
    if request.offer != id or not is_proof(request.proof, prove_request(secret, request)):
        raise PairingRefused(reason=WRONG)
    made = prepare_offer(node, actor, name, scope, code=code, replaces=replaces)

    def admit(session: Session) -> PairingAnswer:
        offer = peer_offers.lock_offer(session, id)
        if offer is None:
            put_offer(session, actor, offer := made, by=request.node)
        elif not hmac.compare_digest(open_offer(node, offer), secret):
            raise PairingRefused(reason=OTHER_OFFER)
        return take_in(session, node, request, offer, datetime.now(UTC))

    answer = change_access(node, admit)
    log.info("paired by stick peer=%s offer=%s node=%s", request.node, id, node.id)
    return replace(answer, proof=prove_answer(secret, request, answer))

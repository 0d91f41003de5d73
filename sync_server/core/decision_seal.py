"""What a node signs of a decision, so that it can travel by way of others and still lose its words.

The words (reason, comment, notes, an entity's values) can name somebody, and are erased with that person. So the
signature covers their hash with a random salt, not the words: without the salt nobody can guess them from the hash.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from sync_server.core.digest import canonical_json
from sync_server.core.replication_items import DecisionItem, Who

WORDS = ("comment", "text", "notes", "values")
"""The parts of a decision's body that people wrote; `values` are what they said of an entity."""


def split_words(body: Mapping[str, Any], reason: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Part a decision's body and reason into what stays and what people wrote."""
    rest = {name: value for name, value in body.items() if name not in WORDS}
    words = {name: value for name, value in body.items() if name in WORDS}
    return rest, {"reason": reason, "body": words}


def join_words(rest: Mapping[str, Any], words: Mapping[str, Any] | None) -> tuple[dict[str, Any], str]:
    """Return body and reason again; of erased words nothing is left."""
    if words is None:
        return dict(rest), ""
    return {**rest, **{name: value for name, value in words["body"].items() if name in WORDS}}, str(words["reason"])


def hash_words(words: Mapping[str, Any], salt: bytes) -> str:
    return sha256(salt + canonical_json(words).encode()).hexdigest()


def has_its_words(item: DecisionItem) -> bool:
    """Tell whether the words are those of the hash, or erased."""
    if item.words is None:
        return True
    return item.salt is not None and hash_words(item.words, item.salt) == item.words_sha256


def signed_message(item: DecisionItem) -> bytes:
    """Write everything that the signature covers, the same on every node."""
    fields = {
        **{"id": item.id, "kind": item.decision_kind, "project": item.project, "form_id": item.form_id},
        **{"subject": item.subject, "parents": sorted(item.parents), "body": item.body, "node": item.node},
        **{"words": item.words_sha256, "author": _write_who(item.author), "decided_at": item.decided_at.isoformat()},
    }
    return b"sync-server decision 1\n" + canonical_json(fields).encode()


def _write_who(who: Who | None) -> dict[str, str] | None:
    return None if who is None else {"uid": who.uid, "node": who.node}

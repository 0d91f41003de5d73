"""Whether an erasure takes the words of a decision about an entity: a function of the two, at every node and any time.

Either the entity was erased *whole*, then nothing that people wrote about it stays; or a *person* was taken out of what
was written about it, then a decision loses its words when they name that person.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sync_server.core.entity_decision import read_values
from sync_server.core.person_identity import Candidate, HashedPerson, Person, iter_candidates

WHOLE = "whole"


def takes_words(erasures: Iterable[Mapping[str, Any]], body: Mapping[str, Any], reason: str) -> bool:
    """Tell whether any of these erasures, given by their bodies, takes what a decision's body and reason say."""
    return any(
        erasure["scope"] == WHOLE or names(HashedPerson.from_json(erasure["identity"]), body, reason)
        for erasure in erasures
    )


def names(person: Person, body: Mapping[str, Any], reason: str) -> bool:
    """Tell whether a decision about an entity names somebody."""
    return any(person.knows(candidate) for candidate in _candidates(body, reason))


def is_of(person: Person, entity_id: str, body: Mapping[str, Any]) -> bool:
    """Tell whether an entity is somebody: it goes by their id, or one of its values is nothing but theirs."""
    alone = (c for text in (entity_id, *read_values(body).values()) for c in iter_candidates(text) if c.is_whole)
    return any(person.knows(candidate) for candidate in alone)


def _candidates(body: Mapping[str, Any], reason: str) -> Iterator[Candidate]:
    for text in (reason, *read_values(body).values()):
        yield from iter_candidates(text)

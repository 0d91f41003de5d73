"""What each route asks of whoever calls it, said where the route is: the verb, and on what.

On what: the project and the form that the address names, else the site. From these declarations come the refusals of
every door, docs/authorisation.md, the test that calls every route as every role, and the description of the interface.
A route without a declaration is refused to everybody.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import current_app, request

from sync_server.account_errors import RevokedToken
from sync_server.core.roles import PEER_VERBS, VERBS
from sync_server.core.scope import Scope
from sync_server.errors import InsufficientRights
from sync_server.protocols.authentication import current_actor, current_node, require_actor
from sync_server.protocols.shapes import take_shape
from sync_server.services import access
from sync_server.store.accounts import PEER, USER, Actor

V = TypeVar("V", bound=Callable[..., Any])

_PLACE = ("project_id", "form_id")  # what an address calls them


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One of `anyone` (with the reason why), `signed_in` (the same) and `verb`; what else holds of a route.

    `is_somewhere`: having the verb on one thing in the project (or on the site) is enough, and only that is shown.
    `is_filtered`: rows, questions or things out of the actor's scope are left out.
    `is_whole`: nothing is left out, so who may not see all that may leave in a file is refused.
    `is_held`: nobody who is known is refused; without the verb, what is sent waits for a person.
    `is_for_people`: tablets, links and hubs are refused: they have no account.
    `own`: the argument that names a person; of oneself everybody may do it, of others only with the verb.
    """

    verb: str | None = None
    anyone: str = ""
    signed_in: str = ""
    is_somewhere: bool = False
    is_filtered: bool = False
    is_held: bool = False
    is_for_people: bool = False
    own: str = ""
    is_whole: bool = False

    def __post_init__(self) -> None:
        if bool(self.verb) + bool(self.anyone) + bool(self.signed_in) != 1:
            raise TypeError("a route needs a verb, or a reason why anyone or whoever is signed in may call it")
        if self.verb and self.verb not in VERBS:
            raise TypeError(f"no such verb: {self.verb}")


def declare(view: V, need: Need) -> V:
    """Write on a view what it needs."""
    view.need = need  # type: ignore[attr-defined]
    return view


def needs(**what: Any) -> Callable[[V], V]:
    """Declare what a page needs: `@needs(verb="field_key.create")` below its route; and its Shape."""
    shape = take_shape(what)

    def decorate(view: V) -> V:
        view.shape = shape  # type: ignore[attr-defined]
        return declare(view, Need(**what))

    return decorate


def need_of(view: Callable[..., Any] | None) -> Need | None:
    """Return what a view declares, None when it declares nothing."""
    found: Need | None = getattr(view, "need", None)
    return found


def current_need() -> Need:
    """Return what the route of this request declares; one that declares nothing is for nobody."""
    found = need_of(current_app.view_functions.get(request.endpoint or ""))
    if found is None:
        raise InsufficientRights
    return found


def current_scope() -> Scope:
    """Return what the actor of this request may have; a stranger is nobody, and may nothing."""
    actor = current_actor()
    return access.scope_of(current_node(), actor) if actor else access.STRANGER


def admit() -> None:
    """Raise LoginRequired, RevokedToken, InsufficientRights or NotFound unless the actor may call this route."""
    need = current_need()
    if not need.anyone:
        admit_actor(require_actor(), need)


def admit_actor(actor: Actor, need: Need, **place: Any) -> None:
    """As `admit`, for an actor that is known already; `place` is the project and form, by default the address's."""
    refuse_peer(actor, need)
    if actor.is_revoked:
        raise RevokedToken
    if need.is_for_people and actor.type != USER:
        raise InsufficientRights
    if need.verb is None or need.is_held or _is_oneself(actor, need):
        return
    where = {name: value for name, value in (place or request.view_args or {}).items() if name in _PLACE}
    if where.get("project_id") is not None:
        access.require_project(current_node(), where["project_id"])
    if need.is_somewhere:
        access.require_somewhere(current_node(), actor, need.verb, project_id=where.get("project_id"))
    else:
        access.require(current_node(), actor, need.verb, **where)


def refuse_peer(actor: Actor, need: Need) -> None:
    """Keep a hub to its own routes: it calls nothing that people and tablets call."""
    if actor.type == PEER and need.verb not in PEER_VERBS:
        raise InsufficientRights


def _is_oneself(actor: Actor, need: Need) -> bool:
    named = (request.view_args or {}).get(need.own) if need.own else None
    return actor.type == USER and named == actor.id

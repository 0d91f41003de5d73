"""Who may call which route: every route with what it needs, and what each role is answered.

Computed from the declarations of the routes and from core/scope alone, for the people below; the test calls every route
as each of them, and docs/authorisation.md prints the same table.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from flask import Flask

from sync_server.core.roles import (
    ADMIN,
    APP_USER,
    COORDINATOR,
    DATA_COLLECTOR,
    MANAGER,
    MNE,
    PEER,
    PEER_VERBS,
    PROTECTION,
    PUBLIC_LINK,
    VIEWER,
)
from sync_server.core.row_scope import district_rows
from sync_server.core.scope import EXPORT_CEILING, Grant, Scope
from sync_server.core.sensitivity import Level
from sync_server.protocols.needs import Need, need_of
from sync_server.services.entity_view import ANY_FORM

ALLOWED, REFUSED, FILTERED, HELD = "allowed", "refused", "filtered", "held"

PROJECT, FORM = 1, "visit"
ONE_DISTRICT = district_rows(["IQ-NI-03"])

UNDECLARED_ON_PURPOSE = frozenset({"office.static"})  # style sheets and pictures, the same for everybody


@dataclass(frozen=True, slots=True)
class Persona:
    """Somebody of the table: what was granted, all of it in one project; `kind` is the type of the actor."""

    name: str
    kind: str
    grants: tuple[Grant, ...] = ()

    @property
    def scope(self) -> Scope:
        return Scope(None, self.kind, self.grants)

    @property
    def is_known(self) -> bool:
        return self.kind != "stranger"


PERSONAS = (
    Persona("anonymous", "stranger"),
    Persona("app user", "field_key", (Grant(APP_USER, PROJECT, FORM),)),
    Persona("revoked app user", "revoked"),
    Persona("public link", "public_link", (Grant(PUBLIC_LINK, PROJECT, FORM),)),
    Persona("peer", "peer", (Grant(PEER, PROJECT),)),
    Persona("no role", "user"),
    Persona("data collector", "user", (Grant(DATA_COLLECTOR, PROJECT),)),
    Persona("viewer of a district", "user", (Grant(VIEWER, PROJECT, None, ONE_DISTRICT),)),
    Persona("M&E reader of a district", "user", (Grant(MNE, PROJECT, None, ONE_DISTRICT),)),
    Persona("coordinator", "user", (Grant(COORDINATOR, PROJECT),)),
    Persona("protection focal point", "user", (Grant(PROTECTION, PROJECT),)),
    Persona("manager", "user", (Grant(MANAGER, PROJECT),)),
    Persona("administrator", "user", (Grant(ADMIN),)),
)


@dataclass(frozen=True, slots=True)
class Route:
    """One address and method; `need` is None where a declaration was forgotten."""

    method: str
    path: str
    endpoint: str
    arguments: frozenset[str]
    need: Need | None

    @property
    def is_page(self) -> bool:
        return self.endpoint.startswith("office.")

    @property
    def is_for_peers(self) -> bool:
        return self.need is not None and self.need.verb in PEER_VERBS

    @property
    def is_openrosa(self) -> bool:
        return self.endpoint.startswith(("openrosa.", "kobo."))

    @property
    def is_in_project(self) -> bool:
        return "project_id" in self.arguments or self.endpoint.startswith("kobo.")

    @property
    def is_on_form(self) -> bool:
        return bool({"form_id", "version_id"} & self.arguments)

    @property
    def is_on_list(self) -> bool:
        return bool({"list_name", "list_number"} & self.arguments)


def iter_routes(app: Flask) -> Iterator[Route]:
    """List every route of the application, by path and method; HEAD goes with GET."""
    rules = sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule)
    for rule in rules:
        if rule.endpoint in UNDECLARED_ON_PURPOSE:
            continue
        need = need_of(app.view_functions[rule.endpoint])
        for method in sorted((rule.methods or set()) - {"OPTIONS", "HEAD"}):
            yield Route(method, rule.rule, rule.endpoint, frozenset(rule.arguments), need)


def decide(route: Route, persona: Persona) -> str:
    """Say what a persona is answered: allowed, refused, filtered, or (of what is sent) held for a person."""
    need = route.need
    if need is None:
        return REFUSED
    if need.anyone:
        return ALLOWED
    if not persona.is_known or not _can_come_by(route, persona) or (persona.kind == "peer") != route.is_for_peers:
        return REFUSED
    if need.is_held:
        return ALLOWED if _may(route, need, persona.scope) else HELD
    if persona.kind == "revoked":
        return REFUSED
    if need.is_for_people and persona.kind != "user":
        return REFUSED
    if need.signed_in:
        return ALLOWED
    return _by_verb(route, need, persona)


def _can_come_by(route: Route, persona: Persona) -> bool:
    """Tell whether the address is one for this kind of actor: with its token, below its name, or with its cookie."""
    if "token" in route.arguments:
        return persona.kind in ("field_key", "public_link", "revoked")
    return persona.kind == "user" or not ("username" in route.arguments or route.endpoint.startswith("office."))


def _by_verb(route: Route, need: Need, persona: Persona) -> str:
    if not _may(route, need, persona.scope) or (need.is_whole and not _has_what_may_leave(persona.scope)):
        return REFUSED
    return FILTERED if need.is_filtered and not _has_all(route, need, persona.scope) else ALLOWED


def _may(route: Route, need: Need, scope: Scope) -> bool:
    project_id = PROJECT if route.is_in_project else None
    form_id = FORM if route.is_on_form else None
    verb = need.verb or ""
    if need.is_held:  # the form stands in what is sent
        return scope.may(verb, project_id, FORM)
    return scope.may_somewhere(verb, project_id) if need.is_somewhere else scope.may(verb, project_id, form_id)


def _has_what_may_leave(scope: Scope) -> bool:
    view = scope.view(PROJECT, FORM)
    return view is not None and view.rows is None and view.lowest >= EXPORT_CEILING


def _has_all(route: Route, need: Need, scope: Scope) -> bool:
    """Tell whether nothing at all is left out."""
    project_id = PROJECT if route.is_in_project else None
    if route.is_on_list:
        return scope.sees_whole(PROJECT, ANY_FORM, need.verb or "")
    if not route.is_on_form:
        return scope.may(need.verb or "", project_id)
    view = scope.view(PROJECT, FORM, need.verb or "")
    return view is not None and view.rows is None and view.lowest is Level.SEVERE

"""The table of docs/authorisation.md is true: every route is called as everybody, and answers what the table says."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from sync_server.core.entity_draft import EntityDraft
from sync_server.core.ids import sha256_hex
from sync_server.core.roles import VIEWER
from sync_server.core.scope import Grant
from sync_server.errors import PropertyExists
from sync_server.node import Node
from sync_server.peer_errors import SessionOver
from sync_server.protocols.authorisation import FILTERED, HELD, PERSONAS, REFUSED, Persona, Route, decide, iter_routes
from sync_server.services import consumers, devices, public_links, site_config
from sync_server.services.assign_roles import assign_role
from sync_server.services.edit_entities import ListPlace, create_entities, delete_entities
from sync_server.services.edit_lists import add_property, delete_list, make_list
from sync_server.services.erase_submissions import erase_submission
from sync_server.services.show_lists import list_lists
from sync_server.store import accounts
from sync_server.store.forms import find_version
from tests.protocols.conftest import Publish, make_submission
from tests.protocols.received import stored
from tests.support.paired import Stranger, let_in, make_stranger
from tests.support.samples import send, submission
from tests.support.wells import publish_picker, publish_wells

WELLS = ListPlace(1, "wells")
ENDS_THE_PROJECT = ("central_projects.delete_project",)
ENDS_A_SESSION = ("central_sessions.delete_current_session", "central_sessions.delete_session", "office.sign_out")


@dataclass(frozen=True)
class Caller:
    """A persona at work: its number and token; strangers have none."""

    persona: Persona
    token: str = ""
    csrf: str = ""
    node: Stranger | None = None

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}


def test_every_route_says_what_it_needs(app: Flask) -> None:
    assert [f"{route.method} {route.path}" for route in iter_routes(app) if route.need is None] == []


@pytest.mark.parametrize("persona", PERSONAS, ids=lambda persona: persona.name)
def test_every_route_answers_as_the_table_says(app: Flask, hub: Node, publish: Publish, persona: Persona) -> None:
    a_version_with_a_list(hub)  # before the one that is offered
    version_id = publish("visit", **{"list.csv": b"name,label"})
    caller = admit(hub, persona)
    wrong: list[str] = []
    for route in sorted(iter_routes(app), key=lambda each: each.endpoint in ENDS_THE_PROJECT):
        fresh = admit(hub, persona) if route.endpoint in ENDS_A_SESSION else caller
        said, answer = decide(route, persona), call(app, hub, route, fresh, version_id)
        if not fits(route, said, answer, hub):
            wrong.append(f"{route.method} {route.path}: {said}, but {answer.status_code} {answer.text[:80]}")
    assert wrong == []


def admit(hub: Node, persona: Persona) -> Caller:
    """Make somebody new with what the persona was granted."""
    if not persona.is_known:
        return Caller(persona)
    if persona.kind in ("field_key", "revoked"):
        device, token = devices.add_device(hub, None, persona.name, 1, has_all_forms=False)
        _grant(hub, device.id, persona.grants)
        if persona.kind == "revoked":
            devices.revoke_device(hub, None, device.id)
        return Caller(persona, token)
    if persona.kind == "public_link":
        link = public_links.add_link(hub, None, 1, "visit", persona.name)
        return Caller(persona, link.token or "")
    if persona.kind == "peer":
        stranger = make_stranger(uuid4().hex)
        let_in(hub, stranger, *persona.grants)
        return Caller(persona, node=stranger)
    return _sign_in(hub, persona)


def _sign_in(hub: Node, persona: Persona) -> Caller:
    now = datetime.now(UTC)
    token = sha256_hex(f"{persona.name} {now}".encode())

    def add(session: Any) -> int:
        if persona.kind == "user":
            email = f"{token[:8]}@example.org"
            actor_id = accounts.add_user(
                session, email=email, display_name=persona.name, password_hash="", digest_ha1=None, now=now
            ).id
        else:
            actor_id = accounts.add_actor(session, persona.kind, persona.name, now=now)
        accounts.add_session(
            session, token_hash=sha256_hex(token.encode()), actor_id=actor_id, csrf="csrf", now=now,
            expires_at=now + timedelta(hours=1),
        )  # fmt: skip
        return actor_id

    _grant(hub, hub.write(add), persona.grants)
    return Caller(persona, token, "csrf")


def _grant(hub: Node, actor_id: int, grants: tuple[Grant, ...]) -> None:
    for grant in grants:
        assign_role(hub, None, actor_id, grant)


def call(app: Flask, hub: Node, route: Route, caller: Caller, version_id: int) -> TestResponse:
    """Call a route with arguments of things that are there, as far as it takes any."""
    arguments: dict[str, Callable[[], object]] = {
        "project_id": lambda: 1,
        "form_id": lambda: "visit",
        "version": lambda: "1",
        "version_id": lambda: version_id,
        "name": lambda: "list.csv",
        "instance_id": lambda: a_submission(hub),
        "day": lambda: "2026-11-23",
        "erasure_id": lambda: an_erasure(hub),
        "token": lambda: caller.token or "0" * 64,
        "session_token": lambda: caller.token or "0" * 64,
        "username": lambda: _email(hub, caller),
        "property_name": lambda: "colour",
        "user_id": lambda: another_person(hub),
        "role_id": lambda: "viewer",
        "actor_id": lambda: viewer_of_everything(hub),
        "link_id": lambda: public_links.add_link(hub, None, 1, "visit", "another").link.actor.id,
        "config_key": lambda: site_config.set_text(hub, None, "login-appearance", {"title": "Welcome"}).key,
        "list_name": lambda: a_list_with_a_well(hub),
        "list_number": lambda: a_deleted_list(hub),
        "entity_id": lambda: an_entity(hub, is_deleted="restor" in route.endpoint),
        "device_id": lambda: devices.add_device(hub, None, "another", 1)[0].id,
    }
    if route.endpoint.endswith(".get_integrity"):
        arguments |= {"version_id": lambda: a_version_with_a_list(hub), "name": lambda: "wells.csv"}
    path = _fill(app, route, {name: arguments[name]() for name in route.arguments})
    client = app.test_client()
    if route.endpoint.startswith("office."):
        client.set_cookie("session", caller.token)
        return client.open(path, method=route.method, data={"__csrf": caller.csrf, "name": "x"}, buffered=True)
    body = _body(route)
    headers = caller.node.sign(path, b"") if caller.node else caller.headers
    if route.is_for_peers:
        body = {"data": b""}
    return client.open(path, method=route.method, headers=headers, buffered=True, **body)


def a_submission(hub: Node) -> str:
    """One that just came, with a file."""
    instance_id = f"uuid:{uuid4()}"
    send(hub, submission(instance_id), {"list.csv": b"name,label"})
    return instance_id


def a_version_with_a_list(hub: Node) -> int:
    """An earlier version of the form, which picks from an entity list."""
    with hub.database.read() as session:
        earlier = find_version(session, 1, "visit", "0")
    if earlier is None:
        publish_wells(hub)
        consumers.catch_up(hub)
    return earlier.row_id if earlier else publish_picker(hub, "visit", "0")


def a_list_with_a_well(hub: Node) -> str:
    """A list that a form of the project writes, with a property that nobody uses."""
    a_version_with_a_list(hub)
    consumers.catch_up(hub)
    with suppress(PropertyExists):
        add_property(hub, WELLS, "colour")
    return WELLS.name


def an_entity(hub: Node, *, is_deleted: bool) -> str:
    a_list_with_a_well(hub)
    (made,) = create_entities(hub, WELLS, [EntityDraft("Bartella")])
    if is_deleted:
        delete_entities(hub, WELLS, [made])
    return made


def a_deleted_list(hub: Node) -> int:
    place = ListPlace(1, f"list-{uuid4().hex}")
    make_list(hub, place)
    delete_list(hub, place)
    found = list_lists(hub, None, 1, is_deleted=True)
    return next(each.number for each in found if each.list.name == place.name) or 0


def an_erasure(hub: Node) -> str:
    return erase_submission(hub, None, a_submission(hub), reason="consent withdrawn")


def another_person(hub: Node) -> int:
    """Somebody with an account, who is not the caller."""
    email, now = f"{uuid4().hex}@example.org", datetime.now(UTC)
    added = hub.write(
        lambda session: accounts.add_user(
            session, email=email, display_name="Another", password_hash="", digest_ha1=None, now=now
        )
    )
    return added.id


def viewer_of_everything(hub: Node) -> int:
    """Somebody who has the role of the address wherever the address may say."""
    person = another_person(hub)
    _grant(hub, person, tuple(Grant(VIEWER, *place) for place in ((), (1,), (1, "visit"))))
    return person


def _fill(app: Flask, route: Route, arguments: dict[str, object]) -> str:
    rule = next(r for r in app.url_map.iter_rules(route.endpoint) if r.rule == route.path)
    built = rule.build(arguments, append_unknown=False)
    assert built is not None
    return built[1]


def _body(route: Route) -> dict[str, Any]:
    if route.method == "POST" and route.path.endswith("/submission"):
        return {"data": {"xml_submission_file": (BytesIO(make_submission()), "form.xml", "text/xml")}}
    return {"json": {}} if route.method in ("POST", "PATCH", "PUT") else {}


def _email(hub: Node, caller: Caller) -> str:
    with hub.database.read() as session:
        found = accounts.find_session(session, sha256_hex(caller.token.encode()), now=datetime.now(UTC))
    return (found and found.actor.email) or "somebody"


def fits(route: Route, said: str, answer: TestResponse, hub: Node) -> bool:
    """Tell whether an answer is what the table says; a request without a sensible body may well be refused for that."""
    is_sent_to_sign_in = answer.status_code == 303 and "/sign-in" in answer.headers.get("Location", "")
    if said == REFUSED:
        return answer.status_code in (401, 403, 404) or is_sent_to_sign_in
    if route.need is not None and route.need.anyone:
        return answer.status_code != 404 or bool(answer.json and answer.json["details"])
    if route.is_for_peers and answer.status_code == 401:  # let in, and told to greet first
        return bool(answer.json and answer.json["code"] == float(SessionOver.code))
    if answer.status_code in (401, 403, 404) or is_sent_to_sign_in:
        is_of_something = answer.status_code == 404 and bool(answer.json and answer.json["details"])
        if said == FILTERED and route.arguments & {"instance_id", "entity_id"}:
            return answer.status_code == 404  # out of sight; what is in sight, tests/security looks at
        return is_of_something or route.path.endswith(".xlsx")  # the form was made from XML
    if route.method == "POST" and route.path.endswith("/submission"):
        receipt = stored(hub).receipts[-1]
        return bool(receipt["is_revoked"] or receipt["held_for"]) == (said == HELD)
    return answer.status_code < 500 or answer.status_code == 501

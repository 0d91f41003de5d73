"""A hub with one of everything, for requests made at random: they find something, and do not end what all need."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from schemathesis import Case

from sync_server.core.entity_draft import EntityDraft
from sync_server.core.ids import sha256_hex
from sync_server.core.roles import ADMIN, MNE, VIEWER
from sync_server.core.scope import Grant
from sync_server.node import Node
from sync_server.services import devices, projects, public_links
from sync_server.services.edit_entities import ListPlace, create_entities
from sync_server.services.edit_lists import add_property, make_list
from sync_server.services.form_media import put_media
from sync_server.services.publish_form import publish_form
from sync_server.settings import Settings
from sync_server.store import accounts
from tests.support.people import add_person

FORM = b"""
| survey |            |       |          |             |
|        | type       | name  | label    | sensitivity |
|        | text       | name  | Name     | high        |
|        | select_one adm2 | adm2 | District | low     |
|        | image      | photo | Photo    | moderate    |
|        | select_one_from_file list.csv | place | Place | low |
| choices |           |       |          |             |
|        | list_name  | name  | label    |             |
|        | adm2       | n3    | Sinjar   |             |
|        | adm2       | n1    | Mosul    |             |
| settings |          |       |          |             |
|        | form_id    | form_title | version |         |
|        | visit      | Visit | 1        |             |
"""
# What ends a session, or all that one may: the next request gets a new one.
ENDS = ("/sessions/", "/sign-out", "/account/", "/password", "/reset")


@dataclass
class FuzzedHub:
    """What there is: its numbers and names, and the sessions of who asks."""

    data: Path
    known: dict[str, Any]
    spare_project: int
    people: dict[str, int]
    tokens: dict[str, tuple[str, str]] = field(default_factory=dict)

    def aim(self, case: Case, *, is_there: bool) -> None:
        """Let a request name what is there; but never end the people who ask, or the project they ask about."""
        named = dict(case.path_parameters or {})
        if is_there:
            named |= {name: self.known[name] for name in named if name in self.known}
        for name in ("userId", "actorId"):
            if str(named.get(name)) in {str(number) for number in self.people.values()}:
                named[name] = self.known["userId"]
        if case.method == "DELETE" and case.path.endswith("/projects/{projectId}"):
            named["projectId"] = self.spare_project
        case.path_parameters = named

    def sign_in(self, person: str, case: Case) -> None:
        """Give a request its sender's session: for programs the token, for pages the cookie and its csrf word.

        A stranger keeps the credentials that chance made up.
        """
        if person == "stranger":
            return
        token, csrf = self.tokens.get(person) or self._renew(person)
        case.query = {name: value for name, value in (case.query or {}).items() if name != "st"}
        case.headers["Authorization"], case.cookies = f"Bearer {token}", {"session": token}
        if not case.path.startswith("/v1") and isinstance(case.body, dict):
            case.body = {**case.body, "__csrf": csrf}

    def look_after(self, person: str, case: Case) -> None:
        if any(part in case.path for part in ENDS):
            self.tokens.pop(person, None)

    def _renew(self, person: str) -> tuple[str, str]:
        with Node.open(Settings(data=self.data)) as node:
            self.tokens[person] = add_session(node, self.people[person])
        return self.tokens[person]


def add_session(node: Node, actor_id: int) -> tuple[str, str]:
    """Sign somebody in without the second a password takes."""
    token, csrf, now = sha256_hex(uuid4().bytes), uuid4().hex, datetime.now(UTC)
    ends = now + timedelta(hours=2)
    node.write(
        lambda session: accounts.add_session(
            session, token_hash=sha256_hex(token.encode()), actor_id=actor_id, csrf=csrf, now=now, expires_at=ends
        )
    )
    return token, csrf


def add_entity(node: Node) -> str:
    """Make an entity list with one entity in it, and return that one's id."""
    place = ListPlace(1, "forums")
    make_list(node, place)
    add_property(node, place, "adm2")
    return create_entities(node, place, [EntityDraft("Bardarash", {"adm2": "IQG15Q01"})])[0]


def fill_hub(node: Node) -> FuzzedHub:
    """Publish a form, and add people, a tablet, a link and a second project."""
    version = publish_form(node, None, FORM, ignore_warnings=True)
    put_media(node, None, "visit", "list.csv", iter([b"name,label\n"]), project_id=1)
    device, token = devices.add_device(node, None, "tablet", 1)
    link = public_links.add_link(node, None, 1, "visit", "Everybody")
    spare = add_person(node, "chelsea", Grant(VIEWER, 1))
    people = {
        "administrator": add_person(node, "alba", Grant(ADMIN)).id,
        "reader": add_person(node, "monika", Grant(MNE, 1, None, "adm2 eq 'n3'")).id,
    }
    known = {
        "projectId": 1, "formId": "visit", "version": "1", "versionId": version.row_id, "name": "list.csv",
        "token": token, "deviceId": device.id, "linkId": link.link.actor.id, "userId": spare.id, "actorId": spare.id,
        "listName": "forums", "listNumber": 7, "entityId": add_entity(node),
        "roleId": "viewer", "configKey": "login-appearance", "username": "monika", "propertyName": "colour",
    }  # fmt: skip
    filled = FuzzedHub(node.settings.data, known, projects.add_project(node, None, "Spare").id, people)
    filled.tokens = {person: add_session(node, number) for person, number in people.items()}
    return filled

"""A person at ODK Central's REST, for tests: calls an address and returns status and JSON."""

from dataclasses import dataclass
from typing import Any

from flask.testing import FlaskClient

from sync_server.core.scope import Grant
from sync_server.node import Node
from sync_server.store.accounts import Actor
from tests.support.people import PASSWORD, add_person


@dataclass(frozen=True)
class Desk:
    """Somebody who is signed in, or a stranger without a token."""

    client: FlaskClient
    token: str = ""
    actor: Actor | None = None

    def call(self, method: str, path: str, **options: Any) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        headers |= options.pop("headers", {})
        answer = self.client.open(f"/v1{path}", method=method, headers=headers, buffered=True, **options)
        return answer.status_code, answer.json

    def get(self, path: str, *, extended: bool = False) -> Any:
        """GET, and expect 200."""
        status, body = self.call("GET", path, headers={"X-Extended-Metadata": "true"} if extended else {})
        assert status == 200, body
        return body

    def post(self, path: str, body: Any = None) -> Any:
        """POST, and expect 200."""
        status, answer = self.call("POST", path, **({} if body is None else {"json": body}))
        assert status == 200, answer
        return answer

    def code(self, method: str, path: str, body: Any = None) -> float:
        """The problem's code that is answered."""
        status, answer = self.call(method, path, **({} if body is None else {"json": body}))
        assert status >= 400, answer
        return float(answer["code"])


def sit_down(hub: Node, client: FlaskClient, name: str, *grants: Grant) -> Desk:
    """Add a person with these roles, signed in."""
    person = add_person(hub, name, *grants)
    answer = client.post("/v1/sessions", json={"email": person.email, "password": PASSWORD})
    client.delete_cookie("session")
    assert answer.status_code == 200, answer.json
    return Desk(client, answer.json["token"], person)

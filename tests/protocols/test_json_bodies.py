"""What is sent as JSON is read whole or refused, and holds nothing that cannot be kept or answered."""

import pytest
from flask.testing import FlaskClient

from sync_server.core.roles import ADMIN
from sync_server.core.scope import Grant
from sync_server.node import Node
from sync_server.protocols.json_bodies import parse_json
from tests.protocols.office_desk import sit_down


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (b'{"a": [1, "x", null, true]}', {"a": [1, "x", None, True]}),
        ('{"نص": "قيمة"}'.encode(), {"نص": "قيمة"}),
        (b'"\\u0646\\ud83d\\ude00"', "ن\U0001f600"),
        (b'{"a\\u0000": ["\\ud800x", {"b": "\\udc00"}]}', {"a\ufffd": ["\ufffdx", {"b": "\ufffd"}]}),
    ],
)
def test_it_is_read_as_it_is_but_for_what_no_database_keeps(sent: bytes, read: object) -> None:
    assert parse_json(sent) == read


@pytest.mark.parametrize("sent", [b"", b"{", b"\xff", b'"\x00"', b'"\xed\xa0\x80"', b"[" * 100_000, b"9" * 5_000])
def test_what_is_none_is_refused(sent: bytes) -> None:
    with pytest.raises(ValueError):
        parse_json(sent)


def test_half_a_character_in_a_name_is_no_accident(hub: Node, client: FlaskClient) -> None:
    alice = sit_down(hub, client, "root", Grant(ADMIN))
    assert alice.call("POST", "/projects", data=b'{"name": "a\\ud800b"}')[1]["name"] == "a\ufffdb"
    assert alice.call("POST", "/projects/1/datasets", data=b'{"name": "a\\ud800b"}')[0] == 400

"""`$select` leaves of a row what was asked for."""

import pytest

from sync_server.core.odata_selection import parse_selection
from sync_server.entity_errors import EntityFieldUnknown

ROW = {"__id": "x", "label": "X", "__system": {"updates": 1, "version": 2}}


@pytest.mark.parametrize(
    "text, left",
    [
        ("", ROW),
        ("*", ROW),
        ("label", {"label": "X"}),
        (" __id , label", {"__id": "x", "label": "X"}),
        ("__system", {"__system": {"updates": 1, "version": 2}}),
        ("__system/version", {"__system": {"version": 2}}),
        ("__system,__system/version", {"__system": {"updates": 1, "version": 2}}),
    ],
)
def test_it_leaves(text: str, left: object) -> None:
    assert parse_selection(text, ROW, ("updates", "version")).cut(ROW) == left


@pytest.mark.parametrize("text", ["shoe", "label,", "__system/shoe", "version", "label/x"])
def test_what_the_table_has_not_is_named(text: str) -> None:
    with pytest.raises(EntityFieldUnknown):
        parse_selection(text, ROW, ("updates", "version"))

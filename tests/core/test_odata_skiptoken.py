"""A $skiptoken says what was written into it, and nothing else is one."""

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_server.core.odata_skiptoken import Place, read_skiptoken, write_skiptoken
from sync_server.entity_errors import SkiptokenUnreadable

KINDS = (str, int, str)


@given(
    st.text(max_size=40),
    st.tuples(st.none() | st.text(max_size=40), st.none() | st.integers(-(2**63), 2**63 - 1), st.text()),
)
def test_it_comes_back_as_it_was(id: str, values: tuple[str | None, int | None, str]) -> None:
    place = Place(id, values)
    assert read_skiptoken(write_skiptoken(place), KINDS) == place


@pytest.mark.parametrize(
    "text",
    ["", "01", "02" + b64encode(b"{}").decode(), "01é", "01!!"]
    + ["01" + b64encode(written).decode() for written in (
        b"", b"[]", b"5", b'{"uuid": "x"}', b'{"uuid": 5, "after": ["a", 1, "b"]}', b'{"uuid": "x", "after": "abc"}',
        b'{"uuid": "x", "after": ["a", 1]}', b'{"uuid": "x", "after": ["a", true, "b"]}',
        b'{"uuid": "x", "after": ["a", 1.5, "b"]}', b"[" * 4000,
        b'{"uuid": "x", "after": ["a", 9223372036854775808, "b"]}',
    )],
)  # fmt: skip
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(SkiptokenUnreadable):
        read_skiptoken(text, KINDS)

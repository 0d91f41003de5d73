"""`$search` is read as people write to a search engine."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_server.core.odata_search import MOST, Word, parse_search


@pytest.mark.parametrize(
    "text, read",
    [
        ("", ()),
        ("water", ((Word("water"),),)),
        ("water  pump", ((Word("water"), Word("pump")),)),
        ("water OR pump -dry", ((Word("water"),), (Word("pump"), Word("dry", is_excluded=True)))),
        ('"water pump" -"dry well"', ((Word("water pump"), Word("dry well", is_excluded=True)),)),
        ('"water pump', ((Word("water pump"),),)),
        ('OR or OR "" -', ((Word("or"),), (Word("-"),))),
        ("نهر -بئر", ((Word("نهر"), Word("بئر", is_excluded=True)),)),
    ],
)
def test_it_is_read_as(text: str, read: object) -> None:
    assert parse_search(text) == read


@given(st.text(max_size=200))
def test_whatever_is_written_can_be_looked_for(text: str) -> None:
    found = [word for way in parse_search(text) for word in way]
    assert len(found) <= MOST
    assert all(word.text for word in found)

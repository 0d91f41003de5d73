"""Places of tablets as GeoJSON."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_server.core.geojson import read_geometry


@pytest.mark.parametrize(
    "text, type, coordinates",
    [
        ("36.5 43.6", "Point", [43.6, 36.5]),
        (" 36.5 43.6 300 4.5 ", "Point", [43.6, 36.5, 300]),
        ("36.5 43.6 0 0;", "Point", [43.6, 36.5, 0]),
        ("36 43;37 44", "LineString", [[43, 36], [44, 37]]),
        ("36 43; 37 44; 36 43", "LineString", [[43, 36], [44, 37], [43, 36]]),
        ("36 43; 37 44; 38 44; 36 43;", "Polygon", [[[43, 36], [44, 37], [44, 38], [43, 36]]]),
    ],
)
def test_it_is_read_as(text: str, type: str, coordinates: object) -> None:
    assert read_geometry(text) == {"type": type, "coordinates": coordinates}


@pytest.mark.parametrize(
    "text", [None, "", ";", "36", "north 5", "91 5", "5 181", "nan 5", "1e999 0", "36 43; x", "1 2 3 4 5"]
)
def test_what_is_no_place_is_none(text: str | None) -> None:
    assert read_geometry(text) is None


@given(st.text(alphabet="0123456789.- ;einfa", max_size=40))
def test_whatever_it_reads_is_json(text: str) -> None:
    json.dumps(read_geometry(text), allow_nan=False)

"""Write what a tablet says of a place (geopoint, geotrace, geoshape) as GeoJSON (RFC 7946).

A point is "latitude longitude altitude accuracy", the last two optional; GeoJSON begins with the longitude and has no
place for the accuracy. A line is points with semicolons between them; one that ends where it began is an area.
"""

import math
from typing import Any

Json = dict[str, Any]
Position = list[float]

PROPERTY = "geometry"
"""The property of an entity that tablets' maps show, and so do we."""


def write_feature(id: str, geometry: Json) -> Json:
    """Write one feature; its properties are not shown, as in ODK Central."""
    return {"type": "Feature", "id": id, "properties": None, "geometry": geometry}


def read_geometry(text: str | None) -> Json | None:
    """Read a place; None for nothing, and for what is no place."""
    points = [_position(part) for part in (text or "").strip().rstrip(";").split(";")]
    positions = [point for point in points if point is not None]
    if not positions or len(positions) < len(points):
        return None
    if len(positions) == 1:
        return {"type": "Point", "coordinates": positions[0]}
    # A ring has four positions at least, of which the last is the first.
    if len(positions) > 3 and positions[0] == positions[-1]:
        return {"type": "Polygon", "coordinates": [positions]}
    return {"type": "LineString", "coordinates": positions}


def _position(text: str) -> Position | None:
    try:
        numbers = [float(part) for part in text.split()]
    except ValueError:
        return None
    if not 2 <= len(numbers) <= 4 or not all(map(math.isfinite, numbers)):
        return None
    latitude, longitude, *further = numbers
    if abs(latitude) > 90 or abs(longitude) > 180:
        return None
    return [longitude, latitude, *further[:1]]

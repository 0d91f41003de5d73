"""Parse an OData `$orderby`: `__system/submitterId asc, __system/updatedAt desc`."""

import re
from dataclasses import dataclass

from sync_server.core.odata_filter import Property, parse_property
from sync_server.core.odata_tokens import NAME
from sync_server.errors import OrderUnreadable

_TERM = re.compile(rf"\s*((?:\$root/)?{NAME}(?:/{NAME})*)(?:\s+(asc|desc))?\s*", re.IGNORECASE)
MOST = 20


@dataclass(frozen=True, slots=True)
class Order:
    """Sort by a column; what has no answer comes first when ascending and last when descending, as in Central."""

    property: Property
    is_descending: bool = False


def parse_order(text: str) -> tuple[Order, ...]:
    """Parse a sort order; raise OrderUnreadable."""
    terms = text.split(",")
    matches = [_TERM.fullmatch(term) for term in terms[:MOST]]
    if len(terms) > MOST or None in matches:
        raise OrderUnreadable(near=terms[min(MOST, matches.index(None) if None in matches else MOST)].strip()[:50])
    return tuple(
        Order(parse_property(match[1]), (match[2] or "").lower() == "desc") for match in matches if match is not None
    )

"""A `$orderby` becomes columns and directions; anything else is refused with what was not understood."""

import pytest

from sync_server.core.odata_filter import Property
from sync_server.core.odata_order import Order, parse_order
from sync_server.errors import OrderUnreadable


def test_columns_keep_their_order_and_direction() -> None:
    assert parse_order("__system/submitterId ASC,__system/updatedAt desc , g/any") == (
        Order(Property(("__system", "submitterId"))),
        Order(Property(("__system", "updatedAt")), is_descending=True),
        Order(Property(("g", "any"))),
    )


def test_root_table_can_be_named_from_a_repeat() -> None:
    assert parse_order("$root/Submissions/age") == (Order(Property(("age",), is_of_root=True)),)


@pytest.mark.parametrize("text", ["", "a,", "a up", "a desc desc", "a;b", "a desc, 'x'", "a," * 30 + "a"])
def test_what_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(OrderUnreadable):
        parse_order(text)

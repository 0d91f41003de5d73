"""Versions hang together by the names they have and the names they edit, over any number of steps."""

from itertools import permutations

from sync_server.core.connected import part_connected
from tests.support.instance_versions import version


def test_edits_of_edits_and_variants_are_one_family_in_any_order() -> None:
    chain = [version("a"), version("b", edits="a"), version("c", edits="b"), version("a", "<x>other</x>")]
    for order in permutations(chain):
        assert [len(family) for family in part_connected(order)] == [4]


def test_two_edits_of_an_original_that_is_not_there_belong_together() -> None:
    assert [len(family) for family in part_connected([version("b", edits="a"), version("c", edits="a")])] == [2]


def test_strangers_stay_apart() -> None:
    assert sorted(len(family) for family in part_connected([version("a"), version("b"), version("c", edits="b")])) == [
        1,
        2,
    ]

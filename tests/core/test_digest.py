"""The digest is the same for the same sets, and for no others."""

from dataclasses import replace

from sync_server.core.digest import canonical_json, decision_member, digest
from sync_server.core.resolve import Decision, resolve
from tests.support.instance_versions import choose, version

ORIGINAL = version("uuid:o", "<name>Alice</name>", files=["a.jpg=1", "b.jpg=2"])
VARIANT = version("uuid:o", "<name>Bob</name>")
CHOICE = choose("d1", VARIANT, ORIGINAL, VARIANT)
STATES = resolve([ORIGINAL, VARIANT], [CHOICE])


def test_order_and_repetition_change_nothing() -> None:
    once = digest([ORIGINAL, VARIANT], [CHOICE], STATES)
    again = digest(iter([VARIANT, ORIGINAL, VARIANT]), [CHOICE, CHOICE], [*STATES, *STATES])
    assert once == again


def test_a_version_told_in_parts_is_the_version_told_whole() -> None:
    parts = [replace(ORIGINAL, attachments=frozenset({file})) for file in ORIGINAL.attachments]
    assert digest(parts) == digest([ORIGINAL])


def test_each_set_has_a_hash_of_its_own_and_all_share_the_total() -> None:
    whole, less = digest([ORIGINAL, VARIANT], [CHOICE], STATES), digest([ORIGINAL, VARIANT], [], STATES)
    assert (whole.versions, whole.states) == (less.versions, less.states)
    assert whole.decisions != less.decisions
    assert whole.total != less.total


def test_a_missing_version_file_or_state_shows() -> None:
    whole = digest([ORIGINAL, VARIANT], [CHOICE], STATES)
    assert digest([ORIGINAL]).versions != whole.versions
    assert digest([replace(ORIGINAL, attachments=frozenset()), VARIANT]).versions != whole.versions
    assert digest([], [], resolve([ORIGINAL, VARIANT])).states != whole.states


def test_a_decision_is_hashed_with_all_that_was_decided() -> None:
    decisions = [
        CHOICE,
        replace(CHOICE, kind="review"),
        replace(CHOICE, parents=frozenset()),
        replace(CHOICE, body={"version": ORIGINAL.id}),
    ]
    assert len({digest([], [decision]).decisions for decision in decisions}) == 4


def test_names_cannot_run_into_each_other() -> None:
    one = replace(ORIGINAL, attachments=frozenset({('a","b', "c")}))
    other = replace(ORIGINAL, attachments=frozenset({("a", 'b","c')}))
    assert digest([one]) != digest([other])


def test_nothing_has_a_digest_too() -> None:
    assert len(digest([]).total) == 64


def test_json_of_any_script_is_written_alike() -> None:
    assert canonical_json({"b": "کوردی", "a": [1, None]}) == '{"a":[1,null],"b":"\\u06a9\\u0648\\u0631\\u062f\\u06cc"}'
    decision = Decision("d", "review", frozenset(), {"b": 1, "a": 2})
    assert digest([], [decision]) == digest([], [replace(decision, body={"a": 2, "b": 1})])


def test_what_an_author_saw_is_a_set() -> None:
    assert decision_member("d", "choose", ["a", "b"], {}) == decision_member("d", "choose", ["b", "a"], {})

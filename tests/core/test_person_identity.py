"""A person is known by their phone in every writing, by their entity id, and by hashes of either."""

import pytest

from sync_server.core.person_identity import (
    ENTITY,
    PHONE,
    HashedPerson,
    KnownPerson,
    iter_candidates,
    normal_entity,
    normal_phone,
    to_json,
)

ID = "3f0c9a52-8b1e-4c39-9d53-0d5a3d2f9c11"


@pytest.mark.parametrize(
    "written",
    [
        "07701234567",
        "0770 123 4567",
        "7701234567",
        "+964 770 123 4567",
        "+9647701234567",
        "009647701234567",
        "00964 (0)770-123-4567",
        "9647701234567",
        "٠٧٧٠١٢٣٤٥٦٧",
        "۰۷۷۰۱۲۳۴۵۶۷",
        "\u200f٠٧٧٠ ١٢٣ ٤٥٦٧",
        "\u202a+964 770 123 4567\u202c",
        "\u20660770\u2011123\u20114567\u2069",
        "(0770) 123 4567",
        "(+964) 770\u202f123\u202f4567",
        "7701234567.0",
    ],
)
def test_a_phone_is_one_number_however_it_is_written(written: str) -> None:
    assert normal_phone(written) == "7701234567"


@pytest.mark.parametrize("written", ["", "12", "Ali", "call 07701234567", "0" * 12])
def test_what_is_no_phone_is_none(written: str) -> None:
    assert normal_phone(written) is None


def test_an_entity_id_is_one_word() -> None:
    assert normal_entity(f" {ID.upper()} ") == ID
    assert normal_entity("two words") is None
    assert normal_entity("ab") is None


@pytest.mark.parametrize(
    ("text", "is_whole"),
    [
        ("0770 123 4567", True),
        ("\u202a0770 123 4567\u202c", True),
        ("(0770) 1234567.", True),
        ("Sara (07701234567)", False),
        ("اتصل على ٠٧٧٠١٢٣٤٥٦٧ مساءً", False),
        ("07701234567 07712345678", False),
        ("07701234567, 07712345678", False),
    ],
)
def test_a_phone_is_found_in_an_answer(text: str, is_whole: bool) -> None:
    person = KnownPerson(frozenset({(PHONE, "7701234567")}))
    known = [candidate for candidate in iter_candidates(text) if person.knows(candidate)]
    assert {candidate.is_whole for candidate in known} == {is_whole}


def test_hashes_know_what_the_values_know_and_do_not_tell_them() -> None:
    values = {(PHONE, "7701234567"), (ENTITY, ID)}
    written = to_json(b"salt" * 4, values)
    assert "7701234567" not in str(written)
    assert ID not in str(written)
    hashed, known = HashedPerson.from_json(written), KnownPerson(frozenset(values))
    for text in ("0770 123 4567", ID, f"a {ID} b", "07701234568", "Ali Hassan"):
        for candidate in iter_candidates(text):
            assert hashed.knows(candidate) == known.knows(candidate)

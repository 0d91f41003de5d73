"""What forms say of entities, and what submissions do to them, as clients of every age write it."""

import pytest

from sync_server.core.entity_actions import EntityAction, read_entity_actions
from sync_server.core.entity_spec import EntitySpec, read_entity_spec
from sync_server.core.instance_xml import parse_xml
from sync_server.core.xform import parse_xform
from sync_server.core.xlsform import convert_form
from tests.support.wells import OTHER, WELL, WELLS

BRANCH = "0190a1b2-0000-4000-8000-0000000000ff"

PEOPLE = """
| settings | | |
| | form_title | form_id | version |
| | Meeting | meeting | 1 |
| survey | | | | |
| | type | name | label | save_to |
| | text | place | Place | |
| | begin_repeat | person | Person | |
| | text | name_of | Name | full_name |
| | text | consent | Consent | |
| | end_repeat | | | |
| entities | | | | | |
| | list_name | label | create_if | repeat |
| | people | ${name_of} | ${consent} = 'yes' | ${person} |
"""


def spec_of(markdown: str) -> EntitySpec:
    xml = convert_form(markdown.encode()).xml
    return read_entity_spec(xml, parse_xform(xml))


@pytest.fixture(scope="module")
def wells() -> EntitySpec:
    return spec_of(WELLS)


@pytest.fixture(scope="module")
def people() -> EntitySpec:
    return spec_of(PEOPLE)


def read(spec: EntitySpec, answers: str) -> list[EntityAction]:
    return read_entity_actions(spec, parse_xml(f'<data id="f">{answers}</data>'.encode()), root_id="uuid:s1")


def well(attributes: str, answers: str = "<place>Bartella</place>", label: str = "<label>Bartella</label>") -> str:
    return f"{answers}<meta><entity {attributes}>{label}</entity></meta>"


def test_a_form_says_which_lists_it_writes(wells: EntitySpec, people: EntitySpec) -> None:
    assert wells.lists == {"wells": ("place", "status", "reason")}
    assert people.lists == {"people": ("full_name",)}
    assert people.version == "2025.1.0"
    assert [(each.path, each.is_repeat) for each in people.declarations] == [("/person", True)]
    assert wells.declarations[0].updates == " /data/picked  != ''"


def test_a_registration(wells: EntitySpec) -> None:
    (action,) = read(wells, well(f'dataset="wells" create="1" id="uuid:{WELL.upper()}"'))
    assert action == EntityAction(
        place="", list_name="wells", entity_id=WELL, kind="create", values={"place": "Bartella", "label": "Bartella"}
    )


@pytest.mark.parametrize("no", ["", 'create="0"', 'create="false" update=""'])
def test_nothing_is_done_when_the_form_says_no(wells: EntitySpec, no: str) -> None:
    assert read(wells, well(f'dataset="wells" {no} id="{WELL}"')) == []


def test_an_update_says_what_it_began_from(wells: EntitySpec) -> None:
    version = f'baseVersion="20018" trunkVersion="20017" branchId="{BRANCH}"'
    (action,) = read(wells, well(f'dataset="wells" update="true" {version} id="{WELL}"', "<state/>", ""))
    assert (action.kind, action.base, action.trunk, action.branch) == ("update", 20018, 20017, BRANCH)
    assert action.values == {"status": ""}  # what is not relevant is absent and left alone, what is empty is emptied
    assert action.failure is None


def test_a_tablet_updates_what_it_made_itself(wells: EntitySpec) -> None:
    version = f'baseVersion="1" trunkVersion="" branchId="{BRANCH}"'
    (action,) = read(wells, well(f'dataset="wells" update="1" {version} id="{WELL}"'))
    assert (action.base, action.trunk) == (1, 0)


def test_creating_and_updating_is_whichever_is_needed(wells: EntitySpec) -> None:
    (action,) = read(wells, well(f'dataset="wells" create="1" update="1" baseVersion="" id="{WELL}"'))
    assert (action.kind, action.base, action.failure) == ("upsert", None, None)


@pytest.mark.parametrize(
    ("attributes", "failure"),
    [
        ('dataset="wells" create="1" id="7"', "bad_id"),
        ('dataset="wells" create="1" id=""', "bad_id"),
        (f'dataset="springs" create="1" id="{WELL}"', "unknown_list"),
        (f'dataset="wells" update="1" id="{WELL}"', "no_version"),
        (f'dataset="wells" update="1" baseVersion="two" id="{WELL}"', "bad_version"),
        (f'dataset="wells" update="1" baseVersion="1.5" id="{WELL}"', "bad_version"),
        (f'dataset="wells" update="1" baseVersion="2" trunkVersion="x" branchId="b" id="{WELL}"', "bad_version"),
    ],
)
def test_what_cannot_be_done_says_why(wells: EntitySpec, attributes: str, failure: str) -> None:
    (action,) = read(wells, well(attributes))
    assert action.failure == failure


def test_a_registration_without_a_label_fails(wells: EntitySpec) -> None:
    (action,) = read(wells, well(f'dataset="wells" create="1" id="{WELL}"', label="<label/>"))
    assert action.failure == "no_label"


def test_properties_and_specifications_that_are_unknown_fail() -> None:
    xml = convert_form(WELLS.encode()).xml
    odd = xml.replace(b'saveto="status"', b'saveto="label"')
    new = xml.replace(b'entities-version="2024.1.0"', b'entities-version="2031.1.0"')
    assert odd != xml
    assert new != xml
    create = well(f'dataset="wells" create="1" id="{WELL}"', "<state>open</state>")
    assert read(read_entity_spec(odd, parse_xform(odd)), create)[0].failure == "unknown_property"
    assert read(read_entity_spec(new, parse_xform(new)), create)[0].failure == "unknown_specification"


def row(name: str, meta: str = "", consent: str = "yes") -> str:
    return f"<person><name_of>{name}</name_of><consent>{consent}</consent>{meta}</person>"


def test_each_row_registers_its_own(people: EntitySpec) -> None:
    metas = [
        f'<meta><entity dataset="people" create="1" id="{id}"><label>{name}</label></entity></meta>'
        for name, id in (("Ahmad", WELL), ("Layla", OTHER))
    ]
    actions = read(people, row("Ahmad", metas[0]) + row("Layla", metas[1]))
    assert [(action.place, action.entity_id, action.values["full_name"]) for action in actions] == [
        ("/person[1]", WELL, "Ahmad"),
        ("/person[2]", OTHER, "Layla"),
    ]


def test_a_form_writes_several_lists() -> None:
    both = PEOPLE.replace("| text | place | Place | |", "| text | place | Place | meetings#place |")
    both = both.replace("| full_name |", "| people#full_name |").rstrip() + "\n| | meetings | ${place} | | |\n"
    spec = spec_of(both)
    assert spec.lists == {"people": ("full_name",), "meetings": ("place",)}
    top = f'<meta><entity dataset="meetings" create="1" id="{OTHER}"><label>Bartella</label></entity></meta>'
    actions = read(spec, f"<place>Bartella</place>{row('Ahmad')}{top}")
    assert {(action.list_name, action.place, action.values["label"]) for action in actions} == {
        ("people", "/person[1]", "Ahmad"),
        ("meetings", "", "Bartella"),
    }


def test_plain_rows_register_under_the_condition_of_the_form(people: EntitySpec) -> None:
    rows = row("Ahmad") + row("Basma", consent="no") + row("Layla")
    actions = read(people, rows)
    assert [(action.place, action.kind, action.values["label"]) for action in actions] == [
        ("/person[1]", "create", "Ahmad"),
        ("/person[3]", "create", "Layla"),
    ]
    assert [action.failure for action in actions] == [None, None]
    assert len({action.entity_id for action in actions}) == 2
    assert actions == read(people, rows.replace("<person>", '<person xmlns="http://example.org/a-client-s-own">'))


def test_a_row_with_an_empty_template_is_a_plain_row(people: EntitySpec) -> None:
    empty = '<meta><entity dataset="people" create="1" id=""><label/></entity></meta>'
    assert read(people, row("Ahmad", empty)) == read(people, row("Ahmad"))
    assert read(people, row("Basma", empty, consent="no")) == []


def test_a_condition_that_needs_the_tablet_is_not_guessed() -> None:
    asked = PEOPLE.replace("${consent} = 'yes'", "selected(${consent}, 'yes')")
    (action,) = read(spec_of(asked), row("Ahmad"))
    assert action.failure == "cannot_tell"


def test_a_form_without_entities_does_nothing() -> None:
    plain = spec_of(WELLS[: WELLS.index("| entities")].replace("save_to", "note"))
    assert plain.lists == {}
    assert read(plain, well(f'dataset="wells" create="1" id="{WELL}"')) == []

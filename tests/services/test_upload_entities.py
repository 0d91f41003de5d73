"""A CSV of entities is checked whole, says what it would do, and is taken at once or not at all."""

from io import BytesIO

import pytest

from sync_server.core.entity_draft import EntityDraft
from sync_server.core.scope import operator_scope
from sync_server.entity_errors import UploadNotFit
from sync_server.errors import NotFound
from sync_server.node import Node
from sync_server.services import consumers
from sync_server.services.edit_entities import ListPlace, create_entities, delete_entities, update_entity
from sync_server.services.edit_lists import add_property, make_list
from sync_server.services.list_entities import iter_list
from sync_server.services.list_scope import view_with_forms
from sync_server.services.served_lists import write_csv
from sync_server.services.upload_entities import MOST_FAULTS, UploadPlan, preview_upload, upload_entities
from sync_server.store import changes, entities
from sync_server.store.entities import StoredEntity
from tests.support.samples import send
from tests.support.wells import WELL, publish_wells, update, well

FORUMS = ListPlace(1, "forums", source="forums.csv")
ONE, TWO, THREE = (f"0190a1b2-0000-4000-8000-0000000000{n}" for n in ("f1", "f2", "f3"))
TWO_FORUMS = f"name,label,adm2,status\n{ONE},Bardarash,IQG15Q01,active\n{TWO},Zummar,IQG15Q08,active\n"


@pytest.fixture
def forums(node: Node) -> Node:
    make_list(node, FORUMS)
    for name in ("adm2", "status"):
        add_property(node, FORUMS, name)
    return node


def shown(node: Node, name: str = "forums") -> dict[str, StoredEntity]:
    return {each.entity_id: each for each in iter_list(node, name)}


def upload(node: Node, text: str | bytes, *, may_change: bool = False) -> UploadPlan:
    content = text.encode() if isinstance(text, str) else text
    return upload_entities(node, FORUMS, BytesIO(content), may_change=may_change)


def refused(node: Node, text: str | bytes) -> str:
    """Upload what cannot be taken; return what is said, having seen that nothing changed."""
    before = shown(node)
    with pytest.raises(UploadNotFit) as refusal:
        upload(node, text, may_change=True)
    assert shown(node) == before
    return refusal.value.text


def downloaded(node: Node) -> bytes:
    file = BytesIO()
    consumers.fold_received(node)
    with node.database.read() as session:
        of_list = entities.find_list(session, 1, "forums")
        assert of_list is not None
        write_csv(node, session, view_with_forms(session, operator_scope(), of_list), file)
    return file.getvalue()


def head(node: Node) -> int:
    with node.database.read() as session:
        return changes.head(session)


def test_what_is_new_is_created_and_a_second_upload_changes_nothing(forums: Node) -> None:
    assert (upload(forums, TWO_FORUMS).created, len(shown(forums))) == (2, 2)
    assert shown(forums)[ONE].data == {"label": "Bardarash", "adm2": "IQG15Q01", "status": "active"}
    before = head(forums)
    assert upload(forums, TWO_FORUMS).unchanged == 2
    assert head(forums) == before


def test_a_download_can_be_uploaded_as_it_is(forums: Node) -> None:
    upload(forums, f'name,label,adm2,status\n{ONE},"a, ""b""\r\nc;",١٢,\n{TWO}, =1+1 ,,\n')
    before = head(forums), shown(forums)
    assert upload(forums, downloaded(forums)).unchanged == 2
    assert (head(forums), shown(forums)) == before


@pytest.mark.parametrize("text", [
    "\ufeff" + TWO_FORUMS,
    TWO_FORUMS.replace(",", ";").replace("\n", "\r\n"),
    TWO_FORUMS.replace("name,", "__id,", 1),
    TWO_FORUMS.replace("name,", "uuid,", 1).upper().replace("UUID,LABEL,ADM2,STATUS", "uuid,label,adm2,status"),
    TWO_FORUMS.replace("\n", ",2026-11-30,,\n").replace("2026-11-30,,", "__createdAt,,", 1),
])  # fmt: skip
def test_it_comes_from_excel_or_from_central(forums: Node, text: str) -> None:
    assert upload(forums, text).created == 2
    assert set(shown(forums)) == {ONE, TWO}


def test_a_row_without_an_id_gets_one(forums: Node) -> None:
    assert upload(forums, "label\nBardarash\n\nZummar\n").created == 2
    assert {each.label for each in shown(forums).values()} == {"Bardarash", "Zummar"}


def test_a_preview_says_what_would_change_and_changes_nothing(forums: Node) -> None:
    upload(forums, TWO_FORUMS)
    before = head(forums)
    text = TWO_FORUMS.replace("Q08,active", "Q08,closed") + f"{THREE},Sinjar,,\n"
    plan = preview_upload(forums, FORUMS, BytesIO(text.encode()))
    assert (plan.created, plan.changed, plan.unchanged) == (1, 1, 1)
    assert [(row.row, row.entity_id, row.differences) for row in plan.changes] == [
        (3, TWO, {"status": ("active", "closed")})
    ]
    assert head(forums) == before


def test_changes_are_made_only_when_they_are_wanted(forums: Node) -> None:
    upload(forums, TWO_FORUMS)
    text = f"name,label,status\n{TWO},Zummar,closed\n{THREE},Sinjar,active\n"
    with pytest.raises(UploadNotFit, match="row 2: it would change status from 'active' to 'closed'"):
        upload(forums, text)
    assert set(shown(forums)) == {ONE, TWO}
    plan = upload(forums, text, may_change=True)
    assert (plan.created, plan.changed) == (1, 1)
    assert shown(forums)[TWO].data == {"label": "Zummar", "adm2": "IQG15Q08", "status": "closed"}


def test_a_file_older_than_the_list_overwrites_nothing(forums: Node) -> None:
    upload(forums, TWO_FORUMS)
    old = downloaded(forums).decode()
    update_entity(forums, FORUMS, ONE, {"status": "closed"}, base=None, is_forced=True)
    assert "row 2, column __version: somebody changed this entity since" in refused(forums, old)
    without = "\n".join(",".join(c for n, c in enumerate(line.split(",")) if n != 2) for line in old.splitlines())
    assert upload(forums, without, may_change=True).changed == 1
    assert shown(forums)[ONE].data["status"] == "active"


def test_who_was_deleted_does_not_come_back_by_an_old_file(forums: Node) -> None:
    upload(forums, TWO_FORUMS)
    delete_entities(forums, FORUMS, [TWO])
    assert "row 3, column id: this entity was deleted" in refused(forums, TWO_FORUMS)


def test_all_that_is_wrong_is_said_with_row_and_column(forums: Node) -> None:
    text = (
        f"name,label,adm2,status\n{ONE},Bardarash,,\n12,Zummar,,\n{ONE.upper()},Again,,\n\n{TWO},  ,,\n"
        f"{THREE},Sinjar,one,two,three\n{THREE},{'x' * 100_001},,a\0b\n"
    )
    assert refused(forums, text).splitlines()[1:] == [
        "  row 3, column id: '12' is no id (a UUID). Leave the cell empty for a new entity.",
        "  row 4, column id: row 2 has it too; every entity has one row.",
        "  row 6, column label: it is empty. Every entity needs a label: what people see in the form.",
        "  row 7: it has 5 cells, and the first row has 4. A cell with ',' in it must stand in \"quotes\".",
        "  row 8, column label: it is longer than 100000 characters.",
        "  row 8, column status: there is a character in it that no text can have; type it anew.",
    ]


def test_of_very_many_faults_the_first_are_said_and_how_many_more(forums: Node) -> None:
    said = refused(forums, "label,status\n" + ",x\n" * (MOST_FAULTS + 3)).splitlines()
    assert len(said) == MOST_FAULTS + 2
    assert said[-1] == "  … 3 more"


@pytest.mark.parametrize(("content", "fault"), [
    (b"", "row 1: it is empty. The first row must name the columns: name, label, and the properties."),
    (b"name,adm2\n", "row 1, column label: it is missing. Every entity needs a label: what people see in the form."),
    (b"label,given_name,sex\n", "row 1, column given_name, sex: the list has no such property; it has: adm2, status. "
     "Is this the file of another list? Else add the property."),
    (b"label,adm2,adm2\n", "row 1, column adm2: it is there twice or more; name every column once."),
    (b"name,label,uuid\n", "row 1, column uuid: 'name' holds the id already; take one of them out."),
    ("label,adm2\nBardarash,\nزمار,\n".encode("cp1256"),
     "row 3: it is not in UTF-8. In Excel, save it as 'CSV UTF-8 (Comma delimited)', and upload that file."),
    ("label\nZummar\n".encode("utf-16"),
     "row 1: it is not in UTF-8. In Excel, save it as 'CSV UTF-8 (Comma delimited)', and upload that file."),
    (b"PK\x03\x04\x14\x00", "row 1: this is no CSV. In Excel, save it as 'CSV UTF-8 (Comma delimited)', and upload "
     "that file."),
    (b'label\nZummar\n"Sinjar\nBardarash\n', "row 3: a quote is not closed, or a cell is far too long."),
])  # fmt: skip
def test_a_file_that_is_none_of_this_list_says_so(forums: Node, content: bytes, fault: str) -> None:
    assert refused(forums, content).splitlines()[1:] == [f"  {fault}"]


def test_creations_that_updates_wait_for_can_be_uploaded(node: Node) -> None:
    publish_wells(node)
    send(node, well("s1", update(12345), state="dry"))
    wells = ListPlace(1, "wells")
    text = f"name,label,status\n{WELL},Bartella,open\n"
    assert upload_entities(node, wells, BytesIO(text.encode())).created == 1
    assert shown(node, "wells")[WELL].is_served


def test_one_that_somebody_creates_meanwhile_is_not_created_twice(forums: Node) -> None:
    create_entities(forums, FORUMS, [EntityDraft("Bardarash", {}, ONE)])
    with pytest.raises(UploadNotFit, match="row 2: it would change"):
        upload(forums, TWO_FORUMS)


def test_there_must_be_such_a_list(node: Node) -> None:
    with pytest.raises(NotFound):
        upload(node, TWO_FORUMS)

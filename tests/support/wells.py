"""A list of wells: the form that registers and updates them, submissions of it, and what a node makes of them."""

from sync_server.core.xlsform import convert_form
from sync_server.node import Node
from sync_server.services import consumers
from sync_server.store import entities, entity_actions
from sync_server.store.entities import EntityList, StoredEntity
from sync_server.store.entity_actions import StoredAction
from sync_server.store.forms import FormVersion
from tests.support.samples import NOON, add_form

WELL = "0190a1b2-0000-4000-8000-00000000000a"
OTHER = "0190a1b2-0000-4000-8000-00000000000b"

WELLS = """
| settings | | |
| | form_title | form_id | version |
| | Wells | wells | 1 |
| survey | | | | | |
| | type | name | label | save_to | relevant |
| | text | place | Place | place | |
| | text | state | State | status | |
| | text | why | Why | reason | ${state} = 'closed' |
| | text | picked | Picked | | |
| entities | | | | | |
| | list_name | label | entity_id | create_if | update_if |
| | wells | ${place} | coalesce(${picked}, uuid()) | ${picked} = '' | ${picked} != '' |
"""


def publish_wells(node: Node, version: str = "1", **of_state: str) -> FormVersion:
    """Publish the form of wells; `of_state` are the columns that are ours, for the question after their state."""
    source = WELLS.replace("| wells | 1 |", f"| wells | {version} |")
    made = convert_form(source.encode())
    annotations = {"/state": of_state} if of_state else None
    return add_form(node, made.xml, "wells", version, NOON, annotations=annotations)


def publish_picker(node: Node, form_id: str = "visits", version: str = "1") -> int:
    """Publish a form that picks from the list and writes none; return the number of its version."""
    picks = "| | select_one_from_file wells.csv | which | Which | | |\n"
    plain = WELLS[: WELLS.index("| entities")].replace("save_to", "note") + picks
    made = convert_form(plain.replace("| wells | 1 |", f"| {form_id} | {version} |").encode())
    return add_form(node, made.xml, form_id, version, NOON).row_id


def well(
    instance: str,
    action: str = 'create="1"',
    *,
    id: str = WELL,
    place: str | None = None,
    state: str = "open",
    edits: str = "",
    version: str = "1",
    label: str = "Bartella",
) -> bytes:
    said = "" if place is None else f"<place>{place}</place>"
    deprecated = f"<deprecatedID>uuid:{edits}</deprecatedID>" if edits else ""
    meta = (
        f"<instanceID>uuid:{instance}</instanceID>{deprecated}"
        f'<entity dataset="wells" {action} id="{id}"><label>{label}</label></entity>'
    )
    answers = f"{said}<state>{state}</state><meta>{meta}</meta>"
    return f'<data id="wells" version="{version}">{answers}</data>'.encode()


def update(number: int, branch: str = "one", after: int = 0) -> str:
    return f'update="1" baseVersion="{number + after}" trunkVersion="{number}" branchId="{branch}"'


def shown(node: Node, list_name: str = "wells") -> dict[str, StoredEntity]:
    consumers.catch_up(node)
    with node.database.read() as session:
        return {each.entity_id: each for each in entities.iter_entities(session, 1, list_name)}


def the_list(node: Node, name: str = "wells") -> EntityList:
    consumers.catch_up(node)
    with node.database.read() as session:
        found = entities.find_list(session, 1, name)
    assert found is not None
    return found


def failed(node: Node) -> list[StoredAction]:
    consumers.catch_up(node)
    with node.database.read() as session:
        return list(entity_actions.iter_failed(session, 1))

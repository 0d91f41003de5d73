"""A small attendance form with people in a repeat, and submissions of it with marks that can be searched for."""

from sync_server.node import Node
from tests.support.samples import publish

QUESTIONS = {
    "/place": "string",
    "/names": "string",
    "/notes": "string",
    "/person": "repeat",
    "/person/name": "string",
    "/person/phone": "string",
    "/person/photo": "binary",
}
SARA, OMAR = "سارة الموصلي", "عمر السنجاري"
SARAS_PHONE, OMARS_PHONE = "٠٧٧٠ ١٢٣ ٤٥٦٧", "07719998877"


def publish_attendance(node: Node) -> None:
    publish(node, "1", QUESTIONS, form_id="attendance")


def row(name: str, phone: str, photo: str = "", entity: str = "") -> str:
    registered = f'<meta><entity dataset="participants" id="{entity}" create="1"/></meta>' if entity else ""
    return f"<person><name>{name}</name><phone>{phone}</phone><photo>{photo}</photo>{registered}</person>"


def attendance(instance: str, *rows: str, place: str = "Bartella", names: str = "", edits: str = "") -> bytes:
    deprecated = f"<deprecatedID>uuid:{edits}</deprecatedID>" if edits else ""
    return (
        f'<data id="attendance" version="1"><place>{place}</place><names>{names}</names><notes/>{"".join(rows)}<meta>'
        f"<audit>audit.csv</audit><instanceID>uuid:{instance}</instanceID>{deprecated}</meta></data>"
    ).encode()

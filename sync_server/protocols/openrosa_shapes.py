"""What the tablets' routes take and answer, the same at every door."""

from typing import Any

from sync_server.protocols.shapes import EMPTY, Asked, Content

_XML = ("text/xml",)
# What every client may send beside the address, and what only a list reads.
_DEVICE = Asked("deviceID", "string", "How the tablet calls itself; kept with what it sends.")
_ENTITIES = Asked("id", "string", "Ids of entities, with commas between them; those not known here are left out.")
_ONE_FORM = Asked("formID", "string", "Lists this form alone.")

FORM_LIST: dict[str, Any] = {
    "answers": Content(_XML, "the open forms that the tablet may have", root="xforms"),
    "asks": (_DEVICE, _ONE_FORM),
    "also": (304,),
}
FORM_XML: dict[str, Any] = {
    "answers": Content(_XML, "the form, byte for byte as it was published", root="html"),
    "asks": (_DEVICE,),
    "also": (304,),
}
MANIFEST: dict[str, Any] = {
    "answers": Content(_XML, "the files that belong to the form, with their hashes", root="manifest"),
    "asks": (_DEVICE,),
    "also": (304,),
}
MEDIA: dict[str, Any] = {
    "answers": Content(("*/*",), "the file"),
    "asks": (_DEVICE,),
    "also": (206, 304, 416),
}
INTEGRITY: dict[str, Any] = {
    "answers": Content(_XML, "which of these entities were deleted", root="data"),
    "asks": (_DEVICE, _ENTITIES),
    "also": (304,),
}
BEFORE_SUBMISSION: dict[str, Any] = {"answers": EMPTY, "asks": (_DEVICE,), "status": 204}
SUBMISSION: dict[str, Any] = {
    "takes": Content(
        ("multipart/form-data", "text/xml"),
        "the submission's XML, and its files, each under its name; or the XML alone",
        root="xml_submission_file",
    ),
    "answers": Content(_XML, "stored, and on the disk: a message for the person who sent it", root="OpenRosaResponse"),
    "asks": (_DEVICE,),
    "status": 201,
}

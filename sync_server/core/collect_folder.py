"""What the parts of an instance folder of ODK Collect mean: which file is sent, what goes with it, is it finished.

Collect keeps each filled form in a folder of its own, `instances/<name>/<name>.xml`, with its photos beside it; the
state of all of them stands in a list apart, `metadata/instances.db`. A draft's XML has an instanceID and looks like a
finished one's, so without the list only two things prove that a form was finished: it is sealed, which Collect does
when it is finalised, or its audit log ends so.
"""

import csv
import unicodedata
from collections.abc import Collection, Iterable, Iterator

from lxml import etree

from sync_server.core.instance_xml import is_sealed, local_name

FINISHED, DRAFT, DELETED, UNDECIDED = "finished", "draft", "deleted", "undecided"
BY_LIST, BY_SEAL, BY_LOG, BY_KEY = "the tablet's list", "it is sealed", "its audit log", "it is not sealed yet"

SUBMISSION_XML = "submission.xml"
AUDIT_LOG = "audit.csv"
SEALED_ENDING = ".enc"
# Not by the tablet: a computer that looked at the copy puts them there. Mac's begin with a dot.
_COMPUTERS_OWN = frozenset(("thumbs.db", "desktop.ini"))
# `valid` and `invalid` are drafts that were checked (since 2023), `newEdit` an edit that was begun (since 2025).
_STATUSES = {
    **dict.fromkeys(("complete", "submitted", "submissionFailed"), FINISHED),
    **dict.fromkeys(("incomplete", "invalid", "valid", "newEdit"), DRAFT),
}
_OPENED = frozenset(("form start", "form resume"))
_FINALISED = "form finalize"


def standing_of(status: str, *, is_deleted: bool) -> str:
    """Say what the tablet's list means by a status; one that no version known here writes decides nothing."""
    return DELETED if is_deleted else _STATUSES.get(status, UNDECIDED)


def find_instance_xml(folder: str, names: Collection[str], listed: str | None = None) -> str | None:
    """Name the file with the answers: as listed, as the folder, or the only one there is."""
    found = [name for name in names if name.lower().endswith(".xml") and name != SUBMISSION_XML and is_sent(name)]
    for name in (listed, f"{folder}.xml"):
        if name in found:
            return name
    return found[0] if len(found) == 1 else None


def find_submission_xml(instance_xml: str | None, names: Collection[str]) -> str | None:
    """Name the file that is sent as the submission: where Collect was interrupted at sealing it is submission.xml."""
    return SUBMISSION_XML if SUBMISSION_XML in names else instance_xml


def is_sent(name: str) -> bool:
    """Tell whether Collect sends a file of this name: all but the hidden ones."""
    return not name.startswith(".") and name.lower() not in _COMPUTERS_OWN


def sort_files(names: Iterable[str], *, besides: Collection[str | None], sealed: bool) -> tuple[list[str], list[str]]:
    """Part the files beside the XML into those that go with the submission and those that stay.

    With a sealed submission only sealed ones go: what an interrupted sealing left in the clear was not to be sent.
    """
    going: list[str] = []
    staying: list[str] = []
    for name in sorted(set(names) - set(besides)):
        is_going = is_sent(name) and (not sealed or name.endswith(SEALED_ENDING))
        (going if is_going else staying).append(name)
    return going, staying


def is_finalised(log: Iterable[str]) -> bool:
    """Tell whether an audit log proves that the form was finished, and not opened since. False decides nothing."""
    finalised = False
    try:
        for row in csv.reader(log):
            event = row[0] if row else ""
            finalised = event == _FINALISED or (finalised and event not in _OPENED)
    except csv.Error:
        return False
    return finalised


def is_filled_form(root: etree._Element) -> bool:
    """Tell a filled form from a blank one, whose folder lies beside: a blank form is XHTML."""
    return local_name(root) != "html"


def read_device_id(root: etree._Element) -> str | None:
    """Read which tablet filled the form, where the form asks for it (`deviceid`, at the top or in meta)."""
    if is_sealed(root):
        return None
    for element in _children(root):
        for each in (element, *(_children(element) if local_name(element) == "meta" else ())):
            if local_name(each).lower() == "deviceid" and (text := str(each.text or "").strip()):
                return text
    return None


def _children(element: etree._Element) -> Iterator[etree._Element]:
    return element.iterchildren("{*}*")


def name_as_sent(name: str, xml: bytes) -> str:
    """Write a file's name as the answers do: some disks take letters such as ئ apart, and all take unknown bytes."""
    composed = unicodedata.normalize("NFC", name)
    if composed != name and _bytes(name) not in xml and _bytes(composed) in xml:
        return composed
    return _bytes(name).decode("utf-8", "replace")


def _bytes(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")

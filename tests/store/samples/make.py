"""Make a sample of today's data folder, for tests of every later version to open and upgrade.

    .venv/bin/python -m tests.store.samples.make 0001-first-tables

writes NAME.zip and NAME.json (its digest) beside this file. Make one whenever a revision of the database, or the
layout of the folder, is new; never make an old one again: it is what that version wrote.
"""

import json
import sys
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy.orm import Session

from sync_server.core.entity_draft import EntityDraft
from sync_server.core.roles import PEER
from sync_server.errors import UnreadableXml
from sync_server.node import Node
from sync_server.services import consumers, devices
from sync_server.services.digest_node import digest_node
from sync_server.services.edit_entities import ListPlace, create_entities, delete_entities, update_entity
from sync_server.services.edit_lists import add_property, make_list
from sync_server.services.erase_submissions import erase_submission
from sync_server.services.review_submission import accept_submission, comment_submission, review_submission
from sync_server.settings import Settings
from sync_server.store.decisions import StoredDecision, add_decision
from sync_server.store.quarantine import find_submissions
from tests.support.paired_nodes import open_node, pair, sync
from tests.support.samples import NOON, publish_visit, send, visit
from tests.support.wells import OTHER, WELL, publish_wells, shown, update, well

HERE = Path(__file__).parent
ALWAYS = (2026, 11, 22, 0, 0, 0)


def fill(node: Node) -> None:
    """One of each: edits, a variant, a stranger, a held one with a decision, a file, what could not be read; reviews,
    on this node and on another, a comment, what was erased, and an entity list."""
    publish_visit(node, "1")
    publish_visit(node, "2")
    devices.add_device(node, None, "Tablet 7", 1)
    send(node, visit("plain"))
    send(node, visit("photo", photo="a.jpg"), [("a.jpg", b"a photo")])
    send(node, visit("edited"))
    send(node, visit("edit", deprecates="edited", people="8", version="2"), minutes=1)
    send(node, visit("variant", people="1"))
    send(node, visit("variant", people="2"), minutes=2)
    send(node, visit("stranger", form="unpublished"))
    send(node, visit("wrong", people="many"))
    send(node, visit("late", place="بەرتەلە"), is_revoked=True)
    send(node, visit("orphan", deprecates="never came"))
    try:
        send(node, b"<data id='visit'><place>Barte")
    except UnreadableXml:
        pass  # as it should be: set aside for rescue
    consumers.catch_up(node)
    accept_submission(node, None, "uuid:late", reason="The tablet was found again.")
    _review(node)
    _erase(node)
    _share(node)
    consumers.catch_up(node)


def _share(node: Node) -> None:
    """A list with a well about which two tablets disagree, one that waits for its creation, and one that failed."""
    publish_wells(node)
    send(node, well("well"))
    number = shown(node)[WELL].number
    for branch in ("closed", "referred"):
        send(node, well(branch, update(number, branch), state=branch), minutes=6)
    send(node, well("early", update(number, "early"), id=OTHER), minutes=7)
    send(node, well("failed", id="seven"), minutes=8)
    forums = ListPlace(1, "forums")
    make_list(node, forums)
    add_property(node, forums, "adm2")
    (first, second) = create_entities(node, forums, [EntityDraft("Bardarash"), EntityDraft("Zummar")])
    update_entity(node, forums, first, {"adm2": "IQG15Q01"}, base=None, is_forced=True)
    delete_entities(node, forums, [second])


def _review(node: Node) -> None:
    """One approved, one approved before an edit, one on which two nodes disagree, one commented on."""
    send(node, visit("doubted"))
    send(node, visit("corrected"))
    review_submission(node, None, "uuid:plain", "approved", reason="Seen on paper.")
    review_submission(node, None, "uuid:corrected", "approved", reason="Seen on paper.")
    send(node, visit("correction", deprecates="corrected", people="9"), minutes=3)
    review_submission(node, None, "uuid:doubted", "approved", reason="Seen on paper.")
    node.write(lambda session: add_decision(session, _review_elsewhere(session)))
    comment_submission(node, None, "uuid:photo", "بۆ پشکنین")


def _review_elsewhere(session: Session) -> StoredDecision:
    """A review by somebody who had the submission, but not the review made here."""
    (submission,) = find_submissions(session, "uuid:doubted")
    return StoredDecision(
        id="review-elsewhere",
        kind="review",
        project_id=1,
        form_id="visit",
        subject="uuid:doubted",
        parents=submission.state.versions,
        body={"state": "hasIssues"},
        author_id=None,
        decided_at=NOON,
        reason="Nobody was there that day.",
    )


def _erase(node: Node) -> None:
    """Take one away for good, and receive it again."""
    erased = visit("erased", place="Hamdaniya", photo="b.jpg"), [("b.jpg", b"another photo")]
    send(node, *erased)
    erase_submission(node, None, "uuid:erased", reason="Consent was withdrawn.")
    send(node, *erased)


def _join(node: Node, folder: Path) -> None:
    """Become a centre's hub: with what was received and decided there, and an order to remove what left its scope."""
    with open_node(folder) as centre:
        publish_visit(centre, "1")
        publish_visit(centre, "3")
        pair(node, centre, role=PEER, rows="place eq 'Bartella'")
        send(centre, visit("there", photo="c.jpg"), [("c.jpg", b"a third photo")])
        send(centre, visit("further", deprecates="plain", people="9"), minutes=4)
        sync(node, centre)
        send(centre, visit("moved", deprecates="there", place="Karamles"), minutes=5)
        review_submission(centre, None, "uuid:plain", "hasIssues", reason="Counted twice.")
        sync(node, centre)


def main(name: str) -> None:
    """Make the folder, note its digest, and zip it once it is closed."""
    with TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        with Node.open(Settings(data=data, min_free_bytes=0)) as node:
            fill(node)
            _join(node, Path(folder) / "centre")
            consumers.catch_up(node)
            digest = digest_node(node)
        with zipfile.ZipFile(HERE / f"{name}.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            for path in sorted(each for each in data.rglob("*") if each.is_file()):
                entry = zipfile.ZipInfo(path.relative_to(data).as_posix(), ALWAYS)
                archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)
    (HERE / f"{name}.json").write_text(json.dumps(digest, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])

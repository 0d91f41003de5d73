"""A hub of one district has no byte of another's submissions: not in its database, its WAL, its segments, its files.

Every answer and every photo carries the mark of its submission. The whole data folder is searched: after the first
round, after an edit took a submission to another district, and after the hub's scope became another one.
"""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from sync_server.app import create_app
from sync_server.core.roles import MANAGER, PEER
from sync_server.core.row_scope import district_rows
from sync_server.core.scope import Grant
from sync_server.node import Node
from sync_server.protocols.authorisation import Persona
from sync_server.services import consumers
from sync_server.services.finish_erasures import finish_erasures
from sync_server.services.publish_folder import publish_folder
from sync_server.services.review_submission import comment_submission
from tests.protocols.test_authorisation import admit
from tests.support.paired_nodes import held, pair, set_scope, sync
from tests.support.samples import send, submission

FORMS = Path(__file__).parents[2] / "forms"
HOME, OTHER, THIRD = "IQG15Q03", "IQG15Q01", "IQG15Q05"
# Where each form asks for the district, and a question into which the mark goes.
QUESTIONS = {
    "cpf_attendance": ("g_meeting/adm2", "g_details/venue", "sheet_photo"),
    "cpf_concern": ("g_where/adm2", "g_concern/description", "g_concern/photo"),
    "cpf_concern_followup": ("g_pick/adm2", "g_fu/fu_actions", "c_label"),
    "cpf_training_eval": ("g_tr/tr_adm2", "g_main/plan", "g_main/improve"),
}
STAYS, ELSEWHERE, MOVES = "stays", "elsewhere", "moves"


def mark(what: str, form: str) -> str:
    return f"zq{what}-{form}qz"


def fill(node: Node, what: str, form: str, district: str, version: str, *, edits: str = "") -> None:
    """Send a submission with its mark in an answer, in a photo's name and bytes, and in a comment."""
    adm2, question, photo = QUESTIONS[form]
    said = mark(what, form)
    answers: dict[str, str] = {adm2: district, question: f"{said} زق", photo: f"{said}.jpg"}
    groups: dict[str, str] = {}
    for path, value in answers.items():
        group, _, name = path.rpartition("/")
        groups[group] = groups.get(group, "") + f"<{name}>{value}</{name}>"
    xml = "".join(_within(group, inner) for group, inner in groups.items())
    instance = f"uuid:{what}-{form}{'-edit' if edits else ''}"
    send(node, submission(instance, xml, form_id=form, version=version, edits=edits), {f"{said}.jpg": said.encode()})


def _within(group: str, inner: str) -> str:
    for name in reversed([part for part in group.split("/") if part]):
        inner = f"<{name}>{inner}</{name}>"
    return inner


def found_in(node: Node, *whats: str) -> set[str]:
    """Search every byte below the data folder; of Parquet also what it packs."""
    marks = {mark(what, form) for what in whats for form in QUESTIONS}
    return {said for content in _contents(node.settings.data) for said in marks if said.encode() in content}


def _contents(folder: Path) -> Iterator[bytes]:
    for path in folder.rglob("*"):
        if path.is_file():
            yield str(path).encode()
            yield path.read_bytes()
            if path.suffix == ".parquet":
                yield str(duckdb.read_parquet(str(path)).fetchall()).encode()


def settle(hub: Node, centre: Node) -> None:
    """Go rounds until all is quiet, as the schedule does; what was erased is cleared away."""
    for node in (hub, centre):
        consumers.catch_up(node)
    sync(hub, centre, rounds=3)
    for node in (hub, centre):
        consumers.catch_up(node)
    finish_erasures(hub)


def export_everything(hub: Node, forms: list[str]) -> None:
    client, caller = create_app(hub).test_client(), admit(hub, Persona("manager", "user", (Grant(MANAGER, 1),)))
    for form in forms:
        address = f"/v1/projects/1/forms/{form}/submissions.csv.zip?attachments=true"
        assert client.get(address, headers=caller.headers, buffered=True).status_code == 200


def test_a_hub_of_one_district_has_no_byte_of_another(hub: Node, tmp_path: Path) -> None:
    search_everything(hub, tmp_path, ["cpf_concern"])


@pytest.mark.long
def test_a_hub_of_one_district_has_no_byte_of_another_of_any_form(hub: Node, tmp_path: Path) -> None:
    search_everything(hub, tmp_path, list(QUESTIONS))


def search_everything(hub: Node, tmp_path: Path, forms: list[str]) -> None:
    with Node.open(hub.settings.__class__(data=tmp_path / "centre", min_free_bytes=0)) as centre:
        versions = {e.form_id: e.version for form in forms for e in publish_folder(centre, FORMS / form)}
        pair(hub, centre, role=PEER, rows=district_rows([HOME]))
        for form in forms:
            for what, district in ((STAYS, HOME), (ELSEWHERE, OTHER), (MOVES, HOME)):
                fill(centre, what, form, district, versions[form])
        consumers.catch_up(centre)
        for form in forms:
            comment_submission(centre, None, f"uuid:{ELSEWHERE}-{form}", mark(ELSEWHERE, form), form_id=form)
            comment_submission(centre, None, f"uuid:{MOVES}-{form}", mark(MOVES, form), form_id=form)
        settle(hub, centre)
        export_everything(hub, forms)
        assert found_in(hub, STAYS, MOVES) == {mark(what, form) for what in (STAYS, MOVES) for form in forms}
        assert found_in(hub, ELSEWHERE) == set()

        for form in forms:
            fill(centre, MOVES, form, OTHER, versions[form], edits=f"uuid:{MOVES}-{form}")
        settle(hub, centre)
        assert held(hub).states.keys() == {f"uuid:{STAYS}-{form}" for form in forms}
        assert found_in(hub, ELSEWHERE, MOVES) == set()

        export_everything(hub, forms)
        set_scope(centre, hub.id, Grant(PEER, 1, rows=district_rows([THIRD])))
        settle(hub, centre)
        assert held(hub).states == {}
        assert found_in(hub, ELSEWHERE, MOVES, STAYS) == set()

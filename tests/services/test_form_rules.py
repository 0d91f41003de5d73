"""What the columns of the shipped forms say about who sees what."""

from pathlib import Path

from sync_server.core.row_scope import DISTRICT_TAG
from sync_server.core.sensitivity import Level
from sync_server.node import Node
from sync_server.services.form_rules import find_rules
from sync_server.services.publish_form import publish_form

FORMS = Path(__file__).parents[2] / "forms"


def test_the_concern_form_keeps_what_is_about_protection_from_everybody_else(hub: Node) -> None:
    publish_form(hub, None, (FORMS / "cpf_concern" / "cpf_concern.xlsx").read_bytes(), ignore_warnings=True)
    with hub.database.read() as session:
        rules = find_rules(session, 1, "cpf_concern")
    severe = {path for path, level in rules.sensitivities.items() if level is Level.SEVERE}
    assert {"/protection", "/g_prot/ref_service", "/meta/audit", "/meta/instanceName"} <= severe
    assert rules.sensitivities["/g_concern/description"] is Level.HIGH
    assert rules.tagged[DISTRICT_TAG] == "/g_where/adm2"


def test_a_question_in_a_repeat_filters_no_submissions(hub: Node) -> None:
    publish_form(hub, None, (FORMS / "cpf_attendance" / "cpf_attendance.xlsx").read_bytes(), ignore_warnings=True)
    with hub.database.read() as session:
        rules = find_rules(session, 1, "cpf_attendance")
    assert rules.tagged[DISTRICT_TAG] == "/g_meeting/adm2"
    assert "#contact+name+given" not in rules.tagged
    assert rules.sensitivities["/new_p/p_id/p_given"] is Level.HIGH


def test_a_form_nobody_published_has_no_rules(hub: Node) -> None:
    with hub.database.read() as session:
        assert find_rules(session, 1, "unknown").tagged == {}

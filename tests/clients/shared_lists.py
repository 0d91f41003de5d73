"""What tests of the four forms' lists share: answers that fit together, and what a tablet has of a list."""

import json
from pathlib import Path
from typing import Any

from tests.support.tablet import Tablet

DISTRICT, FORUM = "IQG15Q03", "5dbe4409-6b38-4309-89a9-37a68c8f95ef"  # Bartella
SEED = 20261130

Answers = dict[str, Any]

MEETING: Answers = {
    "/data/g_meeting/adm2": DISTRICT,
    "/data/g_meeting/forum": FORUM,
    "/data/g_meeting/meeting_date": "2026-11-20",
    "/data/g_present/any_visitor": "no",
    "/data/actions": 0,
}
RAISED: Answers = {
    "/data/g_where/adm2": DISTRICT,
    "/data/g_where/forum": FORUM,
    "/data/g_where/date_raised": "2026-11-20",
    "/data/protection": "no",
    "/data/g_concern/g_what/category": "services",
    "/data/g_concern/g_what/subcat": "s_light",
    "/data/g_concern/g_loc/c_adm3": "IQG15Q03N02",
    "/data/g_concern/g_action/c_status": "open",
    "/data/g_concern/g_action/in_ssp": "no",
}
PICKED: Answers = {"/data/g_pick/adm2": DISTRICT, "/data/g_pick/forum": FORUM}


def write_answers(folder: Path, form_id: str, given: Answers) -> Path:
    """Write an answers file for one form, of a name of its own."""
    file = folder / f"answers-{len(list(folder.iterdir()))}.json"
    file.write_text(json.dumps({form_id: given}), encoding="utf-8")
    return file


def newcomer(row: int, given: str, father: str) -> Answers:
    person = f"/data/new_p[{row}]"
    return {
        f"{person}/p_consent": "yes",
        f"{person}/p_id/p_given": given,
        f"{person}/p_id/p_father": father,
        f"{person}/p_id/p_grand": None,
        f"{person}/p_id/p_family": None,
        f"{person}/p_who/p_sex": "female",
        f"{person}/p_who/p_age": 30,
        f"{person}/p_who/p_phone_own": "none",
        f"{person}/p_who/p_ask_wg": "no",
    }


def held(tablet: Tablet, name: str) -> dict[str, dict[str, Any]]:
    """What a tablet has of a list after syncing, by id."""
    tablet.sync()
    lists = json.loads((tablet.work / "entities.json").read_text(encoding="utf-8"))
    found: dict[str, dict[str, Any]] = lists[name]["entities"]
    return found


def people(tablet: Tablet) -> dict[str, str]:
    return {id: each["properties"]["full_name"] for id, each in held(tablet, "participants").items()}


def only_concern(tablet: Tablet) -> tuple[str, dict[str, str]]:
    ((id, concern),) = held(tablet, "concerns").items()
    return id, concern["properties"]

"""Tablets share a list: what one registers the other picks at its next sync, offline on both in between."""

import json
import time
from pathlib import Path
from typing import Any

from tests.clients.conftest import AddTablet
from tests.clients.office import Office
from tests.support.tablet import Tablet

PATIENCE_SECONDS = 60

Well = dict[str, Any]

REGISTER = """
| settings | | |
| | form_title | form_id | version |
| | New well | new_well | 1 |
| survey | | | | |
| | type | name | label | save_to |
| | text | place | Place | place |
| | text | state | State | status |
| entities | | |
| | list_name | label |
| | wells | ${place} |
"""

VISIT = """
| settings | | |
| | form_title | form_id | version |
| | Visit of a well | visit_well | 1 |
| survey | | | | |
| | type | name | label | save_to |
| | select_one_from_file wells.csv | which | Which | |
| | text | state | State | status |
| entities | | |
| | list_name | entity_id |
| | wells | ${which} |
"""


def answers(folder: Path, **given: dict[str, str]) -> Path:
    file = folder / f"answers-{'-'.join(given)}-{len(list(folder.iterdir()))}.json"
    file.write_text(json.dumps(given))
    return file


def sync_until(tablet: Tablet, **shown: str) -> Well:
    """Sync again and again, as a tablet does, until it has one well, with these properties."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        tablet.sync()
        held = json.loads((tablet.work / "entities.json").read_text())["wells"]["entities"]
        wells: list[Well] = [well for well in held.values() if well["properties"] == shown]
        if wells:
            return wells[0]
        assert time.monotonic() < deadline, held


def test_what_one_tablet_registers_another_picks_and_updates(
    add_tablet: AddTablet, office: Office, tmp_path: Path
) -> None:
    office.publish(REGISTER)
    office.publish(VISIT)
    first, second = add_tablet("first"), add_tablet("second")
    made = answers(tmp_path, new_well={"/data/place": "Bartella", "/data/state": "open"})
    first.fill_and_send(forms=["new_well"], answers=made)
    assert sync_until(second, place="Bartella", status="open")["label"] == "Bartella"
    second.fill_and_send(forms=["visit_well"], answers=answers(tmp_path, visit_well={"/data/state": "closed"}))
    updated = sync_until(first, place="Bartella", status="closed")
    assert "wells  entities=1 conflicts=0 waiting=0 " in office.command("entities", "list")
    assert f"  {updated['version']}  Bartella\n" in office.command("entities", "list", "wells")
    again = first.sync()
    assert [event["ok"] for event in again.of("entity_list")] == []  # unchanged: not fetched again

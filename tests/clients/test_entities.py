"""Tablets share a list: what one registers the other picks at its next sync, offline on both in between."""

import json
import time
from pathlib import Path

from tests.clients.conftest import AddTablet
from tests.clients.office import Office
from tests.support.tablet import Events, Tablet

PATIENCE_SECONDS = 30

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


def listed(run: Events) -> list[int]:
    return [event["total"] for event in run.of("entity_list") if event["ok"]]


def answers(folder: Path, **given: dict[str, str]) -> Path:
    file = folder / f"answers-{'-'.join(given)}-{len(list(folder.iterdir()))}.json"
    file.write_text(json.dumps(given))
    return file


def sync_until(tablet: Tablet, total: int) -> Events:
    """Sync again and again, as a tablet does, until its list has so many."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        run = tablet.sync()
        held = json.loads((tablet.work / "entities.json").read_text())["wells"]["entities"]
        if len(held) == total or time.monotonic() > deadline:
            assert len(held) == total
            return run


def well_of(tablet: Tablet) -> dict[str, object]:
    held = json.loads((tablet.work / "entities.json").read_text())["wells"]["entities"]
    (well,) = held.values()
    return dict(well)


def test_what_one_tablet_registers_another_picks_and_updates(
    add_tablet: AddTablet, office: Office, tmp_path: Path
) -> None:
    office.publish(REGISTER)
    office.publish(VISIT)
    first, second = add_tablet("first"), add_tablet("second")
    made = answers(tmp_path, new_well={"/data/place": "Bartella", "/data/state": "open"})
    first.fill_and_send(forms=["new_well"], answers=made)
    sync_until(second, 1)
    served = well_of(second)
    assert served["label"] == "Bartella"
    assert served["properties"] == {"place": "Bartella", "status": "open"}
    second.fill_and_send(forms=["visit_well"], answers=answers(tmp_path, visit_well={"/data/state": "closed"}))
    deadline = time.monotonic() + PATIENCE_SECONDS
    while well_of(first).get("properties") != {"place": "Bartella", "status": "closed"}:
        assert time.monotonic() < deadline
        first.sync()
    assert office.command("entities", "list").startswith("wells  entities=1 conflicts=0 waiting=0 ")
    assert len(listed(first.sync())) == 0  # nothing new: the list is not fetched again

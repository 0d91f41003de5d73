"""What the demo's tablets know of concerns when they follow them up: those raised so far, with the version served.

A server makes the number of a version from what was known (core/entity_number.py), so it can be told beforehand. A
tablet that had not heard of another's follow-up says an earlier number, as in the field.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sync_server.core.entity_event import UPDATE, EntityEvent, submission_event_id
from sync_server.core.entity_number import make_number

LIST = "concerns"
OPEN = ("open", "in_progress")
OFTEN = 5
_ID = "/meta/entity/@id"

# Where the form that raises a concern, and the one that follows it up, have what the others read of it.
_RAISED = {
    "label": "/c_label", "ref": "/c_ref", "forum_id": "/c_forum", "adm2": "/c_adm2",
    "category": "/g_concern/g_what/category",
    "status": "/e_status", "date_raised": "/e_date", "times_raised": "/g_concern/g_dup/times_raised",
}  # fmt: skip
_FOLLOWED = {"status": "/g_fu/new_status"}
_SAID = {"cpf_concern": _RAISED, "cpf_concern_followup": _FOLLOWED}


@dataclass(slots=True)
class Concerns:
    """All that was said of concerns, in the order of making."""

    _said: dict[str, list[tuple[datetime, str, dict[str, str]]]] = field(default_factory=dict)

    def note(self, form_id: str, root_id: str, answers: Mapping[str, Any], received_at: datetime) -> None:
        """Note what a submission, or a correction of it, says of a concern; of other forms nothing."""
        if form_id in _SAID:
            entity_id = str(answers[_ID])
            values = {name: str(answers[path]) for name, path in _SAID[form_id].items()}
            event_id = submission_event_id(LIST, entity_id, root_id)
            self._said.setdefault(entity_id, []).append((received_at, event_id, values))

    def untouched(self) -> "Concerns":
        """Return those of which nobody said anything since they were raised."""
        return Concerns({entity_id: said for entity_id, said in self._said.items() if len(said) == 1})

    def open_at(self, moment: datetime) -> list[dict[str, str]]:
        """List the open concerns as they were served at a moment, those raised first first.

        What was followed up often is left alone: few concerns come back to every meeting.
        """
        served = (self._served(entity_id, moment) for entity_id, said in self._said.items() if len(said) < OFTEN)
        return [row for row in served if row.get("ref") and row["status"] in OPEN]

    def _served(self, entity_id: str, moment: datetime) -> dict[str, str]:
        known = sorted((said for said in self._said[entity_id] if said[0] <= moment), key=lambda said: said[0])
        row = {"name": entity_id}
        for _at, _event_id, values in known:
            row |= values
        facts = Counter(event_id for _at, event_id, _values in known)
        events = (EntityEvent(id=event_id, kind=UPDATE, values={}, facts=count) for event_id, count in facts.items())
        return row | {"__version": str(make_number(events))}

"""Why one node did not take what another sent, in plain words, with what to do about it."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import lazy_gettext as _l

from sync_server.services.peer_status import RefusedItem
from sync_server.web.office.reasons import Explanation

_BY_ITSELF = _l("Nothing has to be done: this settles by itself.")
_ASK = _l("Ask whoever looks after this server. What was not taken is kept where it came from.")

REFUSALS = {
    "beyond_scope": Explanation(
        _l("The two servers do not share that project or form, or the sender may not send it"),
        _l("If it should travel, an administrator of the centre has to widen what was agreed."),
    ),
    "unknown_project": Explanation(_l("The project it belongs to is not known there"), _ASK),
    "unknown_version": Explanation(_l("The submission it belongs to has not come there"), _ASK),
    "unknown_node": Explanation(
        _l("It was decided on a server that is not known there"),
        _l("It is taken when that server has synchronised with the centre."),
    ),
    "bad_signature": Explanation(_l("It is not what was signed where it was decided: somebody changed it"), _ASK),
    "forged_author": Explanation(_l("It is in the name of a person for whom the sender may not speak"), _ASK),
    "not_from_a_hub": Explanation(
        _l("Forms, accounts and roles are taken only from the server that leads the project"),
        _l("Do it there: it comes here with the next synchronisation."),
    ),
    "not_what_it_says": Explanation(_l("What came is not what was announced: it was damaged or changed"), _ASK),
    "unreadable": Explanation(_l("A submission could not be read"), _ASK),
    "holds_more": Explanation(
        _l("A submission was to be removed, of which there is more than the centre knew"), _BY_ITSELF
    ),
    "erased": Explanation(_l("It was erased there, and is about to be erased where it came from"), _BY_ITSELF),
}
_OTHER = Explanation(_l("Another reason"), _ASK)

KINDS = {
    "submission": _l("submission"),
    "receipt": _l("receipt"),
    "attachment": _l("file"),
    "decision": _l("decision"),
    "form": _l("form"),
    "form_version": _l("form version"),
    "account": _l("account"),
    "project": _l("project"),
    "node": _l("server"),
    "withdrawal": _l("withdrawal"),
    "withdrawn": _l("withdrawal"),
}


@dataclass(frozen=True, slots=True)
class Refused:
    """What was refused for one reason, the newest first."""

    explanation: Explanation
    items: tuple[RefusedItem, ...]


def group_refusals(items: Sequence[RefusedItem]) -> list[Refused]:
    """Group by reason, the most frequent first; a reason this page does not know yet is not hidden."""
    found: dict[str, list[RefusedItem]] = {}
    for item in items:
        found.setdefault(item.reason, []).append(item)
    ordered = sorted(found.items(), key=lambda each: (-len(each[1]), each[0]))
    return [Refused(REFUSALS.get(reason, _OTHER), tuple(them)) for reason, them in ordered]


def name_kind(item: str) -> str:
    """Say of what kind an item is, by its name."""
    return str(KINDS.get(item.partition(":")[0], "?"))


def short_name(item: str) -> str:
    """Shorten an item's name to what tells it from others: the first letters of its last part."""
    return item.rpartition("/")[2].rpartition(":")[2][:12]

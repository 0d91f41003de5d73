"""Why a submission waits for a person, in plain words, with what to do about it."""

from dataclasses import dataclass

from flask_babel import lazy_gettext as _l


@dataclass(frozen=True, slots=True)
class Explanation:
    what: str
    todo: str


REASONS = {
    "variant_conflict": Explanation(
        _l("The same submission came with two contents"),
        _l("Both are kept, and one is shown for now. Ask who filled it which one is right."),
    ),
    "field_conflict": Explanation(
        _l("Two people changed the same answer differently"),
        _l("One answer is shown for now. Ask both people which one is right."),
    ),
    "attachment_conflict": Explanation(
        _l("Two different files came under one name"),
        _l("Both are kept, and one is shown for now. Ask who filled the form which one is right."),
    ),
    "review_conflict": Explanation(
        _l("Two people reviewed the same submission differently"),
        _l("The more cautious review counts for now. Let them agree, and one of them review it again."),
    ),
    "waits_for_original": Explanation(
        _l("A correction came, but not the submission it corrects"),
        _l("Find the tablet on which the form was first filled, and let it send. Then this settles by itself."),
    ),
    "token_revoked": Explanation(
        _l("Sent by a tablet whose access was ended"),
        _l("It is kept apart, and out of exports, until it is accepted. Find out first who has the tablet."),
    ),
    "link_used": Explanation(
        _l("Sent by a link for one submission that had been used already"),
        _l("It is kept apart, and out of exports, until it is accepted. Find out first who has the link."),
    ),
    "not_assigned": Explanation(
        _l("Sent by somebody to whom this form is not assigned"),
        _l("It is kept apart, and out of exports, until it is accepted. Find out first whether they should have it."),
    ),
    "form_closed": Explanation(
        _l("Sent for a form that is closed"),
        _l("It is kept apart, and out of exports, until it is accepted. Decide whether it still belongs here."),
    ),
    "unknown_form": Explanation(
        _l("Sent for a form that this server does not have"),
        _l("Publish that form here, or find out whether the tablet belongs to another server."),
    ),
    "unknown_version": Explanation(
        _l("Sent with a version of the form that this server does not have"),
        _l("Publish that version here too; then its answers can be checked."),
    ),
    "wrong_value": Explanation(
        _l("An answer is not of the kind that its question asks for"),
        _l("The answer is kept as it came. Look at it, and correct it with who filled the form."),
    ),
    "no_instance_id": Explanation(
        _l("The submission has no identifier of its own"),
        _l("A resend with a change could not be recognised. Let the form's maker give the form an instanceID."),
    ),
}
UNREADABLE = Explanation(
    _l("What arrived could not be read"),
    _l("It was damaged on the way. The tablet still has it: let it send again. The damaged bytes are kept for rescue."),
)
_OTHER = Explanation(_l("Another reason"), _l("Ask whoever looks after this server to run: sync-server quarantine"))


def explain(reason: str) -> Explanation:
    """Explain a flag's reason; one this page does not know yet is not hidden."""
    if reason == "unreadable":
        return UNREADABLE
    return REASONS.get(reason, _OTHER)

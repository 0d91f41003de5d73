"""How pages call what happens to entities, in the reader's language."""

from flask_babel import lazy_gettext as _

from sync_server.core.entity_event import CREATE, DELETE, DELETION, LABEL, RESTORE, SETTLE, UPDATE, UPSERT, WITHDRAWN

ABOUT = {LABEL: _("Label"), DELETION: _("Deleted, or not")}

KINDS = {
    CREATE: _("Registered"),
    UPDATE: _("Changed"),
    UPSERT: _("Registered or changed"),
    SETTLE: _("Settled"),
    DELETE: _("Deleted"),
    RESTORE: _("Brought back"),
    WITHDRAWN: _("Taken back by an edit"),
}

FAILURES = {
    "bad_id": _("Its id is no UUID. Correct the form's entity_id, or edit the submission."),
    "no_label": _("It has no label. Correct the form's label, or edit the submission."),
    "no_version": _("It does not say which version it changes. Edit it with a client that knows entities."),
    "bad_version": _("Its version is no whole number. Edit the submission."),
    "unknown_list": _("Its form version writes no list of that name. Correct the form's list_name."),
    "unknown_property": _("The form saves to a name that no property may have. Correct save_to."),
    "unknown_specification": _("The form follows a specification that is not known here. Update the server."),
    "unknown_version": _("Its form version is not here. Publish it, or wait for the round that brings it."),
    "not_approved": _("The list takes only what approved submissions do. Approve the submission."),
    "cannot_tell": _("Whether it registers somebody only the tablet could tell. Register by hand."),
}
"""What to do about each failure (services/build_entities.py)."""


def say_about(name: str) -> str:
    """A property as a heading: the label and the being of an entity have no name of their own in a list."""
    return str(ABOUT[name]) if name in ABOUT else name

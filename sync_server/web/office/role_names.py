"""What roles and levels of sensitivity are called on pages, with what each is for."""

from flask_babel import lazy_gettext as _l

from sync_server.core.sensitivity import Level

ROLE_NAMES = {
    "admin": _l("Administrator: everything but severe answers"),
    "manager": _l("Project manager: forms, tablets, people of a project"),
    "coordinator": _l("Coordinator: settles what waits, reviews"),
    "viewer": _l("Viewer: reads submissions"),
    "mne": _l("M&E reader: reads and exports, of some districts"),
    "protection": _l("Protection focal point: severe answers, one at a time"),
    "formfill": _l("Data collector: fills forms"),
}
# What an administrator may give a person; tablets, links and hubs have roles of their own.
ASSIGNABLE = frozenset(ROLE_NAMES)
LEVEL_NAMES = {
    Level.LOW: _l("low"),
    Level.MODERATE: _l("moderate"),
    Level.HIGH: _l("high"),
    Level.SEVERE: _l("severe"),
}

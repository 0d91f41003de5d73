"""The roles and what each may do: ODK Central's with its verbs and numbers, and ours beside them.

A verb is `noun.act`, as Central writes it. Central's roles have the numbers they have there, because clients keep them;
ours begin at 101. What a role may see of the answers is its level: `default` for an assignment that names none,
`ceiling` for the highest one may name. Only the protection focal point ever sees severe answers.
"""

from dataclasses import dataclass

from sync_server.core.sensitivity import Level

_CENTRAL_SITE = {
    "analytics.read", "audit.read", "backup.run", "config.read", "config.set", "project.create", "user.create",
    "user.delete", "user.list", "user.password.invalidate", "user.password.reset", "user.read", "user.update",
}  # fmt: skip
_PROJECT = {
    "project.read", "project.update", "project.delete", "form.create", "form.delete", "form.list", "form.read",
    "form.restore", "form.update", "open_form.list", "open_form.read", "submission.create", "submission.delete",
    "submission.list", "submission.read", "submission.restore", "submission.update", "field_key.create",
    "field_key.delete", "field_key.list", "field_key.update", "actor_property.create", "actor_property.list",
    "assignment.create", "assignment.delete", "assignment.list", "public_link.create", "public_link.delete",
    "public_link.list", "public_link.read", "public_link.update", "session.end", "dataset.create", "dataset.delete",
    "dataset.list", "dataset.read", "dataset.update", "entity.create", "entity.delete", "entity.list", "entity.read",
    "entity.restore", "entity.update",
}  # fmt: skip
_OUR_SITE = {"metrics.read", "node.read", "node.verify"}
# What a person decides about what came in; `submission.review` is said by Central with submission.update.
_SETTLE = {"quarantine.read", "quarantine.settle", "submission.review"}
_OUR_PROJECT = {*_SETTLE, "submission.erase"}
_LOOK = {"project.read", "form.list", "form.read", "open_form.list", "open_form.read", "dataset.list", "dataset.read"}
_READ = {*_LOOK, "submission.list", "submission.read", "entity.list", "entity.read"}
_FILL = {"project.read", "open_form.list", "open_form.read", "submission.create"}

ADMIN_VERBS = frozenset(_CENTRAL_SITE | _PROJECT | _OUR_SITE | _OUR_PROJECT)
SEVERE_VERB = "answer.severe.read"
# A hub reads and writes the feed within its scope, and calls nothing that people call.
PEER_VERBS = frozenset({"peer.read", "peer.write"})
VERBS = ADMIN_VERBS | PEER_VERBS | {SEVERE_VERB, "backup.verify"}


@dataclass(frozen=True, slots=True)
class Role:
    """`system` is the name by which addresses may call it; `default` and `ceiling` say which answers it sees."""

    id: int
    system: str
    name: str
    verbs: frozenset[str]
    default: Level = Level.LOW
    ceiling: Level = Level.LOW


ADMIN = Role(1, "admin", "Administrator", ADMIN_VERBS, Level.HIGH, Level.HIGH)
APP_USER = Role(2, "app-user", "App User", frozenset(_FILL))
PASSWORD_RESET = Role(3, "pwreset", "Password Reset Token", frozenset({"user.password.reset"}))
BACKUP_CHECK = Role(4, "initbkup", "Backups Verification Token", frozenset({"backup.verify"}))
MANAGER = Role(5, "manager", "Project Manager", frozenset(_PROJECT | _OUR_PROJECT), Level.HIGH, Level.HIGH)
VIEWER = Role(6, "viewer", "Project Viewer", frozenset(_READ), Level.MODERATE, Level.MODERATE)
FORM_VIEWER = Role(7, "formview", "Form Viewer", frozenset({"form.read", "open_form.read"}))
DATA_COLLECTOR = Role(8, "formfill", "Data Collector", frozenset(_FILL))
PUBLIC_LINK = Role(9, "pub-link", "Public Link", frozenset({"open_form.list", "open_form.read", "submission.create"}))
COORDINATOR = Role(
    101, "coordinator", "Coordinator",
    frozenset(_READ | _FILL | _SETTLE | {"submission.update", "field_key.list"}), Level.HIGH, Level.HIGH,
)  # fmt: skip
MNE = Role(102, "mne", "M&E Reader", frozenset(_READ), Level.MODERATE, Level.HIGH)
PROTECTION = Role(
    103, "protection", "Protection Focal Point", frozenset(_READ | {SEVERE_VERB}), Level.SEVERE, Level.SEVERE
)
PEER = Role(104, "peer", "Peer", PEER_VERBS)
# An office that sends what it receives, and has nothing of what others received.
PEER_UP = Role(105, "peer-up", "Sending Peer", frozenset({"peer.write"}))

ROLES = (
    ADMIN, APP_USER, PASSWORD_RESET, BACKUP_CHECK, MANAGER, VIEWER, FORM_VIEWER, DATA_COLLECTOR, PUBLIC_LINK,
    COORDINATOR, MNE, PROTECTION, PEER, PEER_UP,
)  # fmt: skip
_BY_ID = {role.id: role for role in ROLES}
_BY_NAME = {role.system: role for role in ROLES}


def find_role(name: int | str) -> Role | None:
    """Find a role by its number, or by its system name; a number may come as text, as it does in an address."""
    if isinstance(name, str) and not name.isdecimal():
        return _BY_NAME.get(name)
    return _BY_ID.get(int(name))

"""What keeps an entity or a list from being changed. Codes as ODK Central's where it has one, ours from .91 on."""

from sync_server.errors import Problem


class ListExists(Problem):
    code = "409.3"
    message = "The project has a list '{value}' already."


class EntityExists(Problem):
    code = "409.3"
    message = "The list has these entities already: {values}. Nothing was changed."


class EntityVersionConflict(Problem):
    code = "409.15"
    message = (
        "Somebody changed this entity meanwhile: you know version {given}, and it is {current} now. Look at it as it "
        "is, and change it again, or say that you want your change all the same (force=true)."
    )


class NoBaseVersion(Problem):
    code = "400.2"
    message = "Say which version of the entity you change (baseVersion), or that you change it whatever it is (force)."


class NothingToSettle(Problem):
    code = "400.32"
    message = "This entity has no conflict to settle."


class ListInUse(Problem):
    code = "409.21"
    message = "Forms write or show the list '{value}': {forms}. It cannot be deleted while they do."


class PropertyInUse(Problem):
    code = "409.22"
    message = "The property '{property}' cannot be removed: {reason}"


class EntityNotValid(Problem):
    """One draft of many; `place` says which, as a row of a table or a number in a list."""

    code = "400.8"
    message = "{place}: the {field} cannot be '{value}': {reason} Nothing was changed."


class UploadNotFit(Problem):
    """`faults` are the first of them, each with its row and column; `more` is empty or says how many follow."""

    code = "400.915"
    message = "Nothing was changed, because of this in the file: {faults}{more}"

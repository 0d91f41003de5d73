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

    code = "400.28"
    message = "{place}: the {field} cannot be '{value}': {reason} Nothing was changed."


class EntityNotText(EntityNotValid):
    """What is no text, or an id that is none: Central has a code of its own for it."""

    code = "400.11"


class ListStaysLinked(Problem):
    code = "409.920"
    message = (
        "The form picks from the list '{value}' and gets it as long as no file of that name is beside the form. Put a "
        "file '{value}.csv' there, or publish a version that does not name it."
    )


class TooMuchAtOnce(Problem):
    code = "413.97"
    message = "This has more than {limit} bytes, and nothing of it was done. Send it in several parts."


class EntityFieldUnknown(Problem):
    code = "501.5"
    message = "This list has no field '{field}' to select, filter or sort by. It has {allowed}."


class SkiptokenUnreadable(Problem):
    code = "400.35"
    message = (
        "The $skiptoken is none that this server gave for this list and this order. Begin again without it, and pass "
        "on the @odata.nextLink as it is."
    )


class FormatNotOffered(Problem):
    code = "406.1"
    message = "'{given}' is not offered here. This address gives {allowed}."


class UploadNotFit(Problem):
    """`faults` are the first of them, each with its row and column; `more` is empty or says how many follow."""

    code = "400.915"
    message = "Nothing was changed, because of this in the file: {faults}{more}"

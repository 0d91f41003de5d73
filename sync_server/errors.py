"""Every Problem this server can answer with: code, message, HTTP status.

The codes are ODK Central's where Central has one (clients compare them as text); ours start at .91. The whole
number is the HTTP status. Messages are for the person in the field: what happened, what to do. They are templates:
the door translates the template and fills in the details, so a detail never needs a translation itself.
"""

from typing import Any, ClassVar


class Problem(Exception):
    """Something the person at the other end has to know, and can act upon."""

    code: ClassVar[str] = "500.1"
    message: ClassVar[str] = "Something went wrong inside the server. Nothing you sent was lost; try again later."

    def __init__(self, **details: Any) -> None:
        super().__init__(self.message.format(**details))
        self.details = details

    @property
    def status(self) -> int:
        return int(self.code.partition(".")[0])

    @property
    def text(self) -> str:
        return self.message.format(**self.details)


class UnreadableXml(Problem):
    code = "400.1"
    message = (
        "The submission could not be read: {reason}. It may have been damaged on the way: keep it on the tablet and "
        "send it again. What arrived was set aside for rescue."
    )


class NoSubmissionXml(Problem):
    code = "400.2"
    message = "The upload has no part named 'xml_submission_file'. Send the form's XML under that name."


class UnexpectedValue(Problem):
    code = "400.8"
    message = "The {field} cannot be '{value}': {reason}"


class XlsformNotValid(Problem):
    code = "400.15"
    message = "The XLSForm is not valid, and nothing was published. {error}"


class FormWarnings(Problem):
    code = "400.16"
    message = (
        "The form is valid, but with warnings, and was not published. Read them; if they are acceptable, send the form "
        "again and ignore the warnings (?ignoreWarnings=true, or publish --ignore-warnings)."
    )


class FieldTypeConflict(Problem):
    code = "400.17"
    message = (
        "The question {path} has the type {new_type} now; in version '{version}' it had the type {type}, and the two "
        "could not stand in one column. Give it the old type back, or a new name."
    )


class UnreadableForm(Problem):
    code = "400.91"
    message = "The form definition could not be read: {reason}. Nothing was published."


class FormNotFit(Problem):
    code = "400.92"
    message = "The form is not fit for tablets, and nothing was published. {error}"


class NotFound(Problem):
    code = "404.1"
    message = "There is nothing here by that name, or it is not for you to see. Check the address."


class InsufficientRights(Problem):
    code = "403.1"
    message = "This account may not do that. Ask an administrator of this server."


class AuthenticationFailed(Problem):
    code = "401.2"
    message = "The user name or the password is not right. Check both and try again."


class FormVersionConflict(Problem):
    code = "409.6"
    message = (
        "Version '{version}' of the form '{form_id}' was published before with other content, and tablets hold it. "
        "Change the version in sheet 'settings' (such as {suggestion}) and publish again."
    )


class DiskFull(Problem):
    code = "507.91"
    message = (
        "The server's disk is full, so this submission was not stored. Keep it on the tablet and send it again later; "
        "tell the coordinator that the server needs space."
    )


class ServerBusy(Problem):
    code = "503.91"
    message = "The server could not store this just now. Nothing is lost: keep it and send it again in a minute."


class ImpossibleSetting(Problem):
    code = "500.91"
    message = "The setting {name} cannot be {value}: {reason}"


class DataMissing(Problem):
    code = "500.92"
    message = (
        "The folder {folder} belongs to a node whose database is gone. Restore the database from a back-up, or choose "
        "an empty folder to begin a new node. Nothing was changed."
    )


class DatabaseTooNew(Problem):
    code = "500.93"
    message = "The database was made by a newer version of this program (revision {revision}). Install that version."

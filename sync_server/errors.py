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


class UnreadableJson(Problem):
    code = "400.1"
    message = "The body of the request could not be read as JSON. Send an object such as {example}."


class MissingParameter(Problem):
    code = "400.2"
    message = "The request lacks '{field}'. Add it and send it again."


class NamelessTablet(Problem):
    code = "400.2"
    message = "The tablet needs a name: write what the office calls it, such as 'Tablet 7'."


class NoSubmissionXml(Problem):
    code = "400.7"
    message = "The upload has no part named 'xml_submission_file'. Send the form's XML under that name."


class UnexpectedValue(Problem):
    code = "400.8"
    message = "The {field} cannot be '{value}': {reason}"


class PictureNotUsable(Problem):
    code = "400.6"
    message = (
        "A picture is wanted here: PNG, JPEG, WebP or GIF. This is none of them, or its Content-Type says otherwise."
    )


class UnknownReference(Problem):
    code = "400.14"
    message = "There is no {field} {value}. Nothing was changed."


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


class RowsUnreadable(Problem):
    code = "400.18"
    message = "These rows cannot be read at '{near}'. Write them like this: meeting/adm2 eq 'IQ-NI-03'"


class FilterUnreadable(Problem):
    code = "400.18"
    message = (
        "The $filter could not be read near '{near}'. Write it as in: __system/submissionDate ge 2026-01-31 and "
        "__system/reviewState ne 'rejected'."
    )


class OrderUnreadable(Problem):
    code = "400.18"
    message = (
        "The $orderby could not be read near '{near}'. Write it as in: __system/submitterId asc, __system/updatedAt "
        "desc."
    )


class FilterTypeConflict(Problem):
    code = "400.18"
    message = (
        "In the $filter, {field} has the type {type} and cannot be compared with {value}. Write a value of that type: "
        "5, 'text', 2026-01-31, 2026-01-31T08:00:00Z, true or null."
    )


class UnknownProperty(Problem):
    code = "400.23"
    message = "The project has no property '{property}'. Register it first."


class UnreadableForm(Problem):
    code = "400.91"
    message = "The form definition could not be read: {reason}. Nothing was published."


class FormNotFit(Problem):
    code = "400.92"
    message = "The form is not fit for tablets, and nothing was published. {error}"


class BrokenUpload(Problem):
    code = "400.93"
    message = (
        "The upload broke off or was damaged on the way, and nothing of it was stored. Nothing is lost: keep it on the "
        "tablet and send it again."
    )


class RequestNotUnderstood(Problem):
    code = "400.94"
    message = "The server could not make sense of this request ({reason})."


class NotThatOld(Problem):
    code = "400.95"
    message = "'{age}' is no age. Write a number and d, w, m or y: 24m is 24 months."


class PeriodNotPossible(Problem):
    code = "400.912"
    message = "From {first} to {last} cannot be asked for: the first day must come first, and {most} days are most."


class NobodyNamed(Problem):
    code = "400.96"
    message = "'{value}' cannot name a person: {reason}"


class NotFound(Problem):
    code = "404.1"
    message = "There is nothing here by that name, or it is not for you to see. Check the address."


class MediaNotNamed(Problem):
    code = "404.1"
    message = (
        "The form has no media file '{name}'. It names these: {names}. Correct the name, or publish the form anew."
    )


class SeveralProjects(Problem):
    code = "404.91"
    message = "This server has more than one project. Use the whole address of yours, which is in its QR code."


class MethodNotAllowed(Problem):
    code = "405.91"
    message = "This address does not take {method}. It takes {allowed}."


class InsufficientRights(Problem):
    code = "403.1"
    message = "This account may not do that. Ask an administrator of this server."


class StalePage(Problem):
    code = "403.93"
    message = (
        "This page was open too long, or another sign-in came between. Nothing was changed. Go back, load the page "
        "again and repeat what you did."
    )


class PropertyExists(Problem):
    code = "409.3"
    message = "The project has a property '{value}' already."


class AlreadySealed(Problem):
    code = "409.4"
    message = "This project is encrypted already. That cannot be undone, nor done twice."


class SealingUnderWay(Problem):
    code = "409.5"
    message = "The project was encrypted at this very moment. Publish the form again."


class FormVersionConflict(Problem):
    code = "409.6"
    message = (
        "Version '{version}' of the form '{form_id}' was published before with other content, and tablets hold it. "
        "Change the version in sheet 'settings' (such as {suggestion}) and publish again."
    )


class DemoOnRealData(Problem):
    code = "409.91"
    message = (
        "This node holds submissions from real tablets, and a demo could never be taken out again. Nothing was added. "
        "Make the demo in a folder of its own (--data FOLDER)."
    )


class UploadTooLarge(Problem):
    code = "413.91"
    message = (
        "This upload has {size} bytes, and the operator of this server allows {limit}. Keep it on the tablet and ask "
        "for the limit (max_upload_bytes) to be raised; then it can be sent."
    )


class PictureTooLarge(Problem):
    code = "413.94"
    message = "The picture is too large. {limit} bytes are the most."


class NotSupported(Problem):
    code = "501.1"
    message = "This server does not know '{feature}' yet, and will not answer as if it did. Ask again without it."


class FormsDiffer(Problem):
    code = "501.2"
    message = "Name every form of the project exactly once. Forms are not added or removed here; nothing was changed."


class DiskFull(Problem):
    """As an operator, a program or another node is told."""

    code = "507.91"
    message = (
        "The disk of this server is full, so what came was not stored. Make space on the disk of its data folder; then "
        "send it again, or repeat the command. What was stored before is safe, and is recognised."
    )


class SubmissionNotStored(DiskFull):
    """As whoever holds a tablet reads it."""

    message = (
        "The server's disk is full, so this submission was not stored. Keep it on the tablet and send it again later; "
        "tell the coordinator that the server needs space."
    )


class NoSpaceForExport(Problem):
    code = "507.92"
    message = (
        "The disk is too full for this export, so it was given up and removed. Nothing is lost: make space, or export "
        "without media."
    )


class ServerBusy(Problem):
    code = "503.91"
    message = "The server could not store this just now. Nothing is lost: keep it and send it again in a minute."


class FilterNotSupported(Problem):
    code = "501.4"
    message = (
        "The $filter uses {feature}, which this server does not know. It knows eq, ne, lt, le, gt, ge, and, or, not, "
        "null, now(), and year, month, day, hour, minute and second of a date or time."
    )


class FilterFieldUnknown(Problem):
    code = "501.5"
    message = (
        "This table has no field {field} to filter or sort by. It has {allowed}, and the answers by their path, as in "
        "meeting/place."
    )


class BlobStoreAway(Problem, OSError):  # like a disk that fails: who tries again later treats both alike
    code = "503.92"
    message = (
        "The server cannot reach its store of photos and files just now. Nothing is lost: keep it and send it, or ask "
        "for it, again in a few minutes."
    )


class NoDrafts(Problem):
    code = "501.91"
    message = "This server keeps no drafts: a form is published at once. Add ?publish=true to the address."

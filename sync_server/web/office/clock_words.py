"""Words about clocks: by how much one is off, and why another time is proposed."""

from flask_babel import format_decimal, gettext
from flask_babel import lazy_gettext as _l

from sync_server.core.clock_reading import RIGHT_SECONDS, Reason

_MINUTE, _HOUR, _DAY, _YEAR = 60, 3_600, 86_400, 365 * 86_400

REASONS = {
    Reason.MEASURED: _l("The tablet said its own time when it sent, and that was off by this much."),
    Reason.AHEAD: _l("The clock was ahead: forms of these days would have come before they were finished."),
    Reason.LOST: _l(
        "The clock had lost the time or was set wrong: the forms are of between the two times at which it sent."
    ),
}


def say_length(seconds: float) -> str:
    """Say a time in its largest unit."""
    size = abs(seconds)
    if size >= _YEAR:
        return str(gettext("%(number)s y", number=_round(size / _YEAR)))
    if size >= _DAY:
        return str(gettext("%(number)s d", number=_round(size / _DAY)))
    if size >= _HOUR:
        return str(gettext("%(number)s h", number=_round(size / _HOUR)))
    return str(gettext("%(number)s min", number=_round(size / _MINUTE)))


def say_offset(seconds: float) -> str:
    """Say whether a clock is ahead or behind, and by how much."""
    if abs(seconds) <= RIGHT_SECONDS:
        return str(gettext("right"))
    if seconds > 0:
        return str(gettext("%(length)s ahead", length=say_length(seconds)))
    return str(gettext("%(length)s behind", length=say_length(seconds)))


def _round(number: float) -> str:
    return str(format_decimal(round(number, 1)))

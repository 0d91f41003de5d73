"""What a check says: how it stands, what was found, what to do."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """`fine`: nothing to do. `look`: look when there is time. `act`: now, or work stops or is lost."""

    FINE = "fine"
    LOOK = "look"
    ACT = "act"


@dataclass(frozen=True, slots=True)
class Finding:
    """One point. `url` is an address that a tablet may open, to be shown as a QR code."""

    topic: str
    verdict: Verdict
    found: str
    advice: str = ""
    url: str = ""


def fine(topic: str, found: str, *, url: str = "") -> Finding:
    return Finding(topic, Verdict.FINE, found, url=url)


def look(topic: str, found: str, advice: str, *, url: str = "") -> Finding:
    return Finding(topic, Verdict.LOOK, found, advice, url)


def act(topic: str, found: str, advice: str, *, url: str = "") -> Finding:
    return Finding(topic, Verdict.ACT, found, advice, url)

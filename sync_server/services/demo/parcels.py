"""What the demo's tablets send, and when: ordinary submissions, corrections, and a few that wait for a person."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any
from uuid import UUID

from sync_server.services.demo.answers import ANSWERS, PHOTO, SHARES, Lists, Sitting
from sync_server.services.demo.concerns import Concerns
from sync_server.services.demo.filling import BlankForm
from sync_server.services.demo.pictures import draw_picture

DAYS = 30
FOLLOW_UP = "cpf_concern_followup"
IRAQ = timezone(timedelta(hours=3))
DAMAGED = b'<?xml version="1.0"?><data id="cpf_attendance"><meta><instanceID>uuid:0'

# The free text of each form, which a correction changes.
_TEXT = {
    "cpf_attendance": "/g_check/minutes",
    "cpf_concern": "/g_concern/description",
    "cpf_concern_followup": "/g_fu/fu_actions",
    "cpf_training_eval": "/g_main/improve",
}


@dataclass(frozen=True, slots=True)
class Parcel:
    """One upload: a filled form, its photos, and how it comes in."""

    form_id: str
    instance_id: str
    xml: bytes
    files: Mapping[str, bytes]
    received_at: datetime
    tablet: int
    is_revoked: bool = False


@dataclass(frozen=True, slots=True)
class _Draft:
    """A form that is being filled; the same draft with other answers is its correction or its variant."""

    form_id: str
    instance_id: str
    answers: Mapping[str, Any]
    received_at: datetime
    tablet: int
    deprecated_id: str = ""
    lacks_photo: bool = False

    def corrected(self, instance_id: str, text: str, *, after: timedelta) -> "_Draft":
        answers = {**self.answers, _TEXT[self.form_id]: text}
        return replace(
            self,
            instance_id=instance_id,
            deprecated_id=self.instance_id,
            answers=answers,
            received_at=self.received_at + after,
        )

    def send(self, blanks: Mapping[str, BlankForm]) -> Parcel:
        chance = random.Random(self.deprecated_id or self.instance_id)  # noqa: S311 a demo, no secret
        answers = {path: _name_photo(value, self.instance_id) for path, value in self.answers.items()}
        pictures = [str(name) for name in answers.values() if str(name).endswith(".png")]
        return Parcel(
            form_id=self.form_id,
            instance_id=self.instance_id,
            xml=blanks[self.form_id].fill(
                {**answers, "/meta/instanceID": self.instance_id, "/meta/deprecatedID": self.deprecated_id},
                chance=chance,
            ),
            files={} if self.lacks_photo else {name: draw_picture(chance) for name in pictures},
            received_at=self.received_at,
            tablet=self.tablet,
        )


def make_parcels(
    blanks: Mapping[str, BlankForm], lists: Lists, concerns: Concerns, *, count: int, seed: int, now: datetime
) -> Iterator[Parcel]:
    """Fill `count` forms over the last month; every fifteenth is corrected later, every tenth photo has not come.

    What they say of concerns is noted in `concerns`.
    """
    for number in range(count):
        draft = _draft(blanks, lists, f"{seed}/{number}", now, concerns)
        concerns.note(draft.form_id, draft.instance_id, draft.answers, draft.received_at)
        yield replace(draft, lacks_photo=number % 10 == 3).send(blanks)
        if number % 15 == 4:
            edit = draft.corrected(_uuid(f"{seed}/{number}/edit"), "تم التصحيح · ڕاستکراوە", after=_HOUR)
            concerns.note(edit.form_id, draft.instance_id, edit.answers, edit.received_at)
            yield edit.send(blanks)


def make_clash(
    blanks: Mapping[str, BlankForm], lists: Lists, concerns: Concerns, seed: int, now: datetime
) -> Iterator[Parcel]:
    """Let two tablets follow up one concern on the same day and disagree; nothing while there is no concern."""
    one = _draft(blanks, lists, f"{seed}/clash", now, concerns.untouched(), form_id=FOLLOW_UP)
    if one.form_id == FOLLOW_UP:
        said = {path: value for path, value in one.answers.items() if not path.startswith(("/g_ref", "/g_res"))}
        closed = {"/g_res/date_closed": said["/g_fu/fu_date"], "/g_res/close_why": None, "/next_review": None}
        resolved = {**said, "/g_fu/new_status": "resolved", "/g_ref": None, **closed}
        referred = {**said, "/g_fu/new_status": "referred", "/g_res": None}
        yield replace(one, answers=resolved).send(blanks)
        yield replace(one, instance_id=_uuid(f"{seed}/clash/b"), answers=referred, tablet=1 - one.tablet).send(blanks)


def make_oddities(blanks: Mapping[str, BlankForm], lists: Lists, seed: int, now: datetime) -> Iterator[Parcel]:
    """Make one of each thing that waits for a person, so that a demo shows what to do about it."""
    names = ("variant", "fork", "orphan", "revoked", "old")
    variant, fork, orphan, revoked, old = (_draft(blanks, lists, f"{seed}/{name}", now, Concerns()) for name in names)
    yield variant.send(blanks)
    other_text = variant.corrected(variant.instance_id, "نسخة أخرى من الجهاز نفسه", after=_HOUR)
    yield replace(other_text, deprecated_id="").send(blanks)

    yield fork.send(blanks)
    yield fork.corrected(_uuid(f"{seed}/fork/a"), "صححه الميسر الأول", after=_HOUR).send(blanks)
    yield fork.corrected(_uuid(f"{seed}/fork/b"), "ئاسانکاری دووەم ڕاستی کردەوە", after=2 * _HOUR).send(blanks)

    yield orphan.corrected(_uuid(f"{seed}/orphan/edit"), "تصحيح وصل قبل أصله", after=_HOUR).send(blanks)
    yield replace(revoked.send(blanks), is_revoked=True)

    version = blanks[old.form_id].definition.version.encode()
    parcel = old.send(blanks)
    yield replace(parcel, xml=parcel.xml.replace(b'version="%s"' % version, b'version="2025010101"', 1))


_HOUR = timedelta(hours=1)


def _draft(
    blanks: Mapping[str, BlankForm], lists: Lists, key: str, now: datetime, concerns: Concerns, form_id: str = ""
) -> _Draft:
    chance = random.Random(key)  # noqa: S311 a demo, no secret
    known = [form_id for form_id in SHARES if form_id in blanks]
    drawn = chance.choices(known, weights=[SHARES[form_id] for form_id in known])[0]
    ended = _working_hour(chance, now)
    received = ended + timedelta(minutes=chance.choice((2, 9, 50, 700, 1900)))  # when there was a network again
    if received > now - timedelta(hours=4):
        received = ended + timedelta(minutes=chance.randint(1, 9))
    started = ended - timedelta(minutes=chance.randint(6, 45))
    tablet = chance.randrange(2)
    started, ended = started.astimezone(IRAQ), ended.astimezone(IRAQ)
    lists = replace(lists, concerns=concerns.open_at(started))
    form_id = form_id or drawn
    if form_id == FOLLOW_UP and not lists.concerns:
        form_id = "cpf_concern"  # nothing to follow up yet
    sitting = Sitting(chance, lists, ended.date())
    answers = {
        **ANSWERS[form_id](sitting),
        "/start": started.isoformat(timespec="milliseconds"),
        "/end": ended.isoformat(timespec="milliseconds"),
        "/today": ended.date(),
        "/deviceid": f"collect:demo-{tablet}",
        "/username": "",
    }
    return _Draft(form_id, _uuid(key), answers, received, tablet)


def _working_hour(chance: random.Random, now: datetime) -> datetime:
    """Choose a moment of the last month, more often a recent one, never one that is still to come."""
    days = int(DAYS * chance.random() ** 1.6)
    if days == 0:
        return (now - timedelta(hours=4, minutes=chance.randint(10, 300))).replace(second=0, microsecond=0)
    day = now - timedelta(days=days, hours=5)
    return day.replace(hour=chance.randint(6, 14), minute=chance.randrange(60), second=0, microsecond=0)


def _uuid(key: str) -> str:
    return f"uuid:{UUID(int=random.Random(f'id {key}').getrandbits(128), version=4)}"  # noqa: S311 a demo, no secret


def _name_photo(value: Any, instance_id: str) -> Any:
    return f"{instance_id[-12:]}.png" if value == PHOTO else value

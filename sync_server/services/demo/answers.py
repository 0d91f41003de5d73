"""What a facilitator of a community policing forum answers: for each shipped form the answers that must fit together.

Everything else (any choice, any small number) is left to demo/filling.py.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sync_server.services.demo import sentences
from sync_server.services.demo.people import choose_language, make_person

Row = Mapping[str, str]
PHOTO = "photo.png"  # a photo's answer until its file is named


@dataclass(frozen=True, slots=True)
class Lists:
    """What the tablets have of the entity lists when they fill a form."""

    forums: Sequence[Row] = ()
    participants: Sequence[Row] = ()
    concerns: Sequence[Row] = ()
    trainings: Sequence[Row] = ()

    def choose_forum(self, chance: random.Random) -> Row:
        established = [forum for forum in self.forums if forum.get("established")]
        return chance.choice(established or self.forums or [{}])


@dataclass(frozen=True, slots=True)
class Sitting:
    """The circumstances in which one form is filled."""

    chance: random.Random
    lists: Lists
    day: date

    def say(self, texts: Mapping[str, Sequence[str]], language: str) -> str:
        return self.chance.choice(texts[language])

    def soon(self) -> str:
        return str(self.day + timedelta(days=self.chance.randint(7, 45)))


def _attendance(at: Sitting) -> dict[str, Any]:
    chance, language, forum = at.chance, choose_language(at.chance), at.lists.choose_forum(at.chance)
    listed = [p["name"] for p in at.lists.participants if p.get("forum_id") == forum.get("name")]
    present = chance.sample(listed, min(len(listed), chance.randint(3, 12)))
    new = [_new_participant(at, language, forum) for _ in range(chance.choice((0, 0, 1, 2, 3)))]
    women, minors = chance.randint(0, 6), chance.choice((0, 0, 0, 2))
    men = max(len(present) + len(new) - women - minors, 1)
    hour = chance.randint(9, 15)
    return {
        **_forum(at, "/g_meeting", forum),
        "/g_meeting/meeting_date": at.day,
        "/g_details/time_start": f"{hour:02}:00:00.000+03:00",
        "/g_details/time_end": f"{hour + 2:02}:30:00.000+03:00",
        "/g_details/duration_h": "2.5",
        "/g_details/venue": at.say(sentences.VENUES, language),
        "/g_details/topics": " ".join(chance.sample(("returns", "crime", "services", "documents", "ssp"), 2)),
        "/g_details/topic_other": None,
        "/gps": "" if chance.random() < 0.6 else _point(chance),
        "/g_count/n_women": women,
        "/g_count/n_men": men,
        "/g_count/n_minors": minors,
        "/g_count/n_total": women + men + minors,
        "/g_consent/consent_read": "yes",
        "/g_present/present": " ".join(present),
        "/g_present/any_visitor": "no",
        "/g_present/present_visitor": None,
        "/g_present/n_reg": len(present),
        "/new_p": new,
        "/n_listed": len(present) + len(new),
        "/g_check/mismatch_reason": None if len(present) + len(new) == women + men + minors else "recount",
        "/g_check/n_concerns": chance.choice((0, 0, 1, 2)),
        "/g_check/minutes": at.say(sentences.MINUTES, language),
        "/actions": [_action(at, language) for _ in range(chance.choice((0, 1, 1, 2)))],
        "/sheet_photo": PHOTO if chance.random() < 0.3 else "",
        "/meta/instanceName": f"{at.day} {forum.get('label', '')}",
    }


def _new_participant(at: Sitting, language: str, forum: Row) -> dict[str, Any]:
    person = make_person(at.chance, language)
    born = at.day.year - person.age
    return {
        "/new_p/p_consent": "yes",
        "/new_p/p_id/p_given": person.given,
        "/new_p/p_id/p_father": person.father,
        "/new_p/p_id/p_grand": person.grandfather,
        "/new_p/p_id/p_family": person.family,
        "/new_p/p_id/p_full": person.full_name,
        "/new_p/p_id/p_same": None,
        "/new_p/p_who/p_sex": person.sex,
        "/new_p/p_who/p_age": person.age,
        "/new_p/p_who/p_birth_year": born,
        "/new_p/p_who/p_org": None,
        "/new_p/p_who/p_phone_own": "none",  # any number of the right shape might be somebody's
        "/new_p/p_who/p_phone": None,
        "/new_p/p_who/p_ask_wg": "no",
        "/new_p/p_wg": None,
        "/new_p/p_forum": forum.get("name", ""),
        "/new_p/p_adm2": forum.get("adm2", ""),
        "/new_p/p_active": "1",
        "/new_p/p_label": f"{person.full_name} · {born}",
        "/new_p/p_create": "1",
        "/new_p/meta/entity/label": f"{person.full_name} · {born}",
    }


def _action(at: Sitting, language: str) -> dict[str, Any]:
    return {"/actions/a_what": at.say(sentences.ACTIONS, language), "/actions/a_due": at.soon()}


_KINDS = (
    ("crime", "c_theft"), ("services", "s_light"), ("documents", "l_id"), ("explosive", "e_found"),
    ("dispute", "d_land"),
)  # fmt: skip


def _concern(at: Sitting) -> dict[str, Any]:
    chance, language, forum = at.chance, choose_language(at.chance), at.lists.choose_forum(at.chance)
    reference = f"C-{at.day:%y%m%d}-{chance.getrandbits(16):04x}"
    entity_id = str(UUID(int=chance.getrandbits(128), version=4))
    category, kind = chance.choice(_KINDS)
    is_open = chance.random() < 0.4
    return {
        **_forum(at, "/g_where", forum),
        "/g_where/date_raised": at.day,
        "/protection": "no",
        "/g_prot": None,
        "/g_concern/g_what/category": category,
        "/g_concern/g_what/subcat": kind,
        "/g_concern/g_what/category_other": None,
        "/g_concern/g_what/severity": (severity := chance.choice((1, 2, 2, 3))),
        "/e_sev": severity,
        "/g_concern/g_dup/times_raised": 1,
        "/g_concern/g_loc/c_adm3": forum.get("adm3") or "MOSUL_CTR",
        "/g_concern/g_loc/geo_safe": "no",
        "/g_concern/c_gps": None,
        "/g_concern/g_who/n_affected": chance.choice((5, 20, 60, 300)),
        "/g_concern/description": at.say(sentences.PROBLEMS, language),
        "/g_concern/g_action/c_status": "open" if is_open else "in_progress",
        "/g_concern/g_action/initiative": None if is_open else at.say(sentences.ACTIONS, language),
        "/g_concern/g_action/c_actor": None if is_open else "municipality",
        "/g_concern/g_action/c_due": None if is_open else at.soon(),
        "/g_concern/photo": PHOTO if chance.random() < 0.4 else "",
        "/e_date": at.day,
        "/e_status": "open" if is_open else "in_progress",
        "/c_forum": forum.get("name", ""),
        "/c_adm2": forum.get("adm2", ""),
        "/c_new_id": entity_id,
        "/meta/entity/@id": entity_id,
        "/c_ref": reference,
        "/c_label": f"{reference} · {category}",
        "/meta/entity/label": f"{reference} · {category}",
        "/meta/instanceName": f"{reference} {forum.get('label', '')}",
    }


def _follow_up(at: Sitting) -> dict[str, Any]:
    chance, language = at.chance, choose_language(at.chance)
    concern = chance.choice(at.lists.concerns or [{}])
    forum = next((f for f in at.lists.forums if f["name"] == concern.get("forum_id")), {})
    is_solved = chance.random() < 0.4
    return {
        **_forum(at, "/g_pick", forum),
        "/g_pick/concern": concern.get("name", ""),
        "/c_ref": concern.get("ref", ""),
        "/c_cat": concern.get("category", ""),
        "/c_label": concern.get("label", ""),
        "/meta/entity/label": concern.get("label", ""),
        "/c_old": concern.get("status", ""),
        "/c_raised": concern.get("date_raised", ""),
        "/c_version": concern.get("__version", ""),
        "/g_fu/fu_date": at.day,
        "/g_fu/new_status": "resolved" if is_solved else "in_progress",
        "/g_fu/fu_actions": at.say(sentences.FOLLOW_UPS, language),
        "/g_ref": None,
        **(
            {"/g_res/date_closed": at.day, "/g_res/close_why": None, "/g_res/satisfaction": chance.randint(2, 5)}
            if is_solved
            else {"/g_res": None}
        ),
        "/dup_of": None,
        "/next_review": None if is_solved else at.soon(),
        "/meta/entity/@id": concern.get("name", ""),
        "/meta/entity/@baseVersion": concern.get("__version", ""),
        "/meta/instanceName": f"{concern.get('ref', '')} {at.day}",
    }


def _training(at: Sitting) -> dict[str, Any]:
    chance, language = at.chance, choose_language(at.chance)
    training = chance.choice(at.lists.trainings or [{}])
    phase = chance.choice(("pre", "post", "post"))
    after = {
        "/g_main/most_useful": at.say(sentences.LEARNED, language),
        "/g_main/improve": "",
        "/g_main/plan": at.say(sentences.ACTIONS, language),
    }
    before = dict.fromkeys(("/g_main/g_rx", "/g_main/recommend", *after))
    return {
        "/g_tr/training": training.get("name", ""),
        "/g_tr/tr_start": training.get("date_start", ""),
        "/g_tr/tr_adm2": training.get("adm2", ""),
        "/g_tr/tr_label": training.get("label", ""),
        "/g_tr/phase": phase,
        "/g_tr/eval_date": at.day,
        "/g_who/consent": "yes",
        "/g_who/id_mode": "none",
        "/g_who/participant": None,
        "/g_who/anon_code": None,
        "/g_main/know_score": (score := chance.randint(4, 7 if phase == "pre" else 10)),
        "/g_main/know_pct": score * 10,
        "/g_main/g_l3": None,
        **(after if phase == "post" else before),
        "/meta/instanceName": f"{phase} {training.get('label', '')} {at.day}",
    }


def _forum(at: Sitting, group: str, forum: Row) -> dict[str, Any]:
    return {
        "/today": at.day,
        f"{group}/adm2": forum.get("adm2") or "IQG15Q05",
        f"{group}/forum": forum.get("name", ""),
        f"{group}/forum_name": forum.get("label", ""),
        f"{group}/forum_adm3": forum.get("adm3", ""),
    }


def _point(chance: random.Random) -> str:
    """A point on the Ninewa plain, no nearer than the streets of a town."""
    return f"{chance.uniform(35.9, 36.6):.3f} {chance.uniform(42.2, 43.4):.3f} 0.0 12.0"


ANSWERS: dict[str, Callable[[Sitting], dict[str, Any]]] = {
    "cpf_attendance": _attendance,
    "cpf_concern": _concern,
    "cpf_concern_followup": _follow_up,
    "cpf_training_eval": _training,
}
SHARES = {"cpf_attendance": 40, "cpf_concern": 25, "cpf_concern_followup": 15, "cpf_training_eval": 20}

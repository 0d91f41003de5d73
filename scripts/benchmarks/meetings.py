"""Make attendance submissions in bulk, no two alike: other people, other numbers of them, other days.

The shape is that of `attendance.xml`, which JavaRosa filled. Here its people are made anew: five to fifteen, ten on
average, so that with the row of its other repeat a submission has the eleven repeat rows of the figures for Central
(9,709 submissions, 107,000 rows), and 9 kB. Four people in five agreed to be registered and so have names.
"""

from __future__ import annotations

import random
import re
from datetime import date, timedelta

from benchmarks.attendance import FRESH, TEMPLATE
from sync_server.services.demo.people import Person, choose_language, make_person
from sync_server.services.demo.sentences import ACTIONS, MINUTES, VENUES

PEOPLE = range(5, 16)
STRANGERS = 5000  # people are drawn from so many, made once
FORM_ID = "cpf_attendance"
_PERSON = re.compile(r"<new_p>.*?</new_p>", re.DOTALL)
_FIRST_DAY = date(2026, 1, 1)


class Meetings:
    """Submissions of the attendance form, each with ids of its own; the same seed makes the same ones."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        text = TEMPLATE.read_text("utf-8")
        people = _PERSON.findall(text)
        before, after = text[: text.index(people[0])], text[text.rindex(people[-1]) + len(people[-1]) :]
        self._head, self._tail = _template(before, _IN_HEAD), _template(after, _IN_TAIL)
        self._consenting, self._other = _template(people[0], _IN_PERSON), _template(people[1], _IN_PERSON)
        languages = (choose_language(self._chance) for _ in range(STRANGERS))
        self._strangers = [make_person(self._chance, language) for language in languages]

    def next_xml(self) -> tuple[str, bytes]:
        """Return an instanceID and the submission that bears it."""
        chance = self._chance
        fresh = _uuid_beginning(chance)
        day = (_FIRST_DAY + timedelta(days=chance.randrange(320))).isoformat()
        count = chance.choice(PEOPLE)
        women = chance.randrange(count + 1)
        language = choose_language(chance)
        head = {
            "day": day,
            "women": women,
            "men": count - women,
            "all": count,
            "venue": chance.choice(VENUES[language]),
        }
        tail = {
            "listed": count,
            "minutes": chance.choice(MINUTES[language]),
            "action": chance.choice(ACTIONS[language]),
        }
        people = "".join(self._person(fresh, number) for number in range(1, count + 1))
        xml = self._head % head + people + self._tail % {**tail, "fresh": fresh, "day": day}
        return f"uuid:{fresh}-000000000000", xml.encode()

    def _person(self, fresh: str, number: int) -> str:
        chance = self._chance
        person: Person = chance.choice(self._strangers)
        template = self._consenting if chance.random() < 0.8 else self._other
        return template % {
            **{"given": person.given, "father": person.father, "grand": person.grandfather, "family": person.family},
            **{"name": person.full_name, "sex": person.sex, "age": person.age, "year": 2026 - person.age},
            **{"phone": f"0770{chance.randrange(10**7):07d}", "fresh": fresh, "number": f"{number:012d}"},
        }


_IN_HEAD = {"meeting_date": "day", "n_women": "women", "n_men": "men", "n_total": "all", "venue": "venue"}
_IN_TAIL = {"n_listed": "listed", "minutes": "minutes", "a_what": "action"}
_IN_PERSON = {
    **{"p_given": "given", "p_father": "father", "p_grand": "grand", "p_family": "family", "p_full": "name"},
    **{"p_sex": "sex", "p_age": "age", "p_birth_year": "year", "p_phone": "phone", "p_label": "name", "label": "name"},
}


def _template(xml: str, blanks: dict[str, str]) -> str:
    """Make a `%` template: the texts of some elements, and the ids, become blanks."""
    xml = xml.replace("%", "%%").replace(FRESH.decode(), "%(fresh)s")
    xml = re.sub(r'(create="[01]" id="%\(fresh\)s-)\d+', r"\1%(number)s", xml)
    for element, blank in blanks.items():
        xml = re.sub(rf"(<{element}>)[^<]+(</{element}>)", rf"\1%({blank})s\2", xml)
    return xml


def _uuid_beginning(chance: random.Random) -> str:
    """Make a version 4 uuid without its last twelve digits."""
    digits = f"{chance.getrandbits(76):019x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[12:15]}-8{digits[15:18]}"

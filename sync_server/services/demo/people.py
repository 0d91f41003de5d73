"""Made-up people with names in the three scripts in which field staff key them."""

import random
from dataclasses import dataclass

# The same name in Arabic, Sorani and Latin letters.
_MEN = (
    ("محمد", "محەمەد", "Mohammed"), ("أحمد", "ئەحمەد", "Ahmed"), ("علي", "عەلی", "Ali"), ("عمر", "عومەر", "Omar"),
    ("حسن", "حەسەن", "Hassan"), ("خالد", "خالید", "Khalid"), ("إبراهيم", "ئیبراهیم", "Ibrahim"),
    ("يوسف", "یوسف", "Yousif"), ("صالح", "ساڵح", "Salih"), ("خلف", "خەلەف", "Khalaf"), ("آزاد", "ئازاد", "Azad"),
    ("دلشاد", "دڵشاد", "Dilshad"), ("خيري", "خێری", "Khairi"), ("بهنام", "بێهنام", "Behnam"),
    ("عبد الله", "عەبدوڵڵا", "Abdullah"), ("ذنون", "زەنون", "Thanoon"),
)  # fmt: skip
_WOMEN = (
    ("فاطمة", "فاتمە", "Fatima"), ("زينب", "زەینەب", "Zainab"), ("مريم", "مەریەم", "Maryam"), ("نور", "نوور", "Noor"),
    ("سارة", "سارا", "Sara"), ("أمل", "ئەمەل", "Amal"), ("نادية", "نادیە", "Nadia"), ("ليلى", "لەیلا", "Layla"),
    ("شيلان", "شێلان", "Shilan"), ("نسرين", "نەسرین", "Nasreen"), ("بيريفان", "بێریڤان", "Berivan"),
    ("ريتا", "ڕیتا", "Rita"), ("خديجة", "خەدیجە", "Khadija"), ("هدى", "هودا", "Huda"),
)  # fmt: skip
_FAMILIES = (
    ("الجبوري", "جبوری", "Al-Jubouri"), ("الحمداني", "حەمدانی", "Al-Hamdani"), ("الطائي", "تائی", "Al-Taie"),
    ("الشمري", "شەمەری", "Al-Shammari"), ("العبيدي", "عوبەیدی", "Al-Obaidi"), ("النعيمي", "نوعەیمی", "Al-Nuaimi"),
    ("السنجاري", "سنجاری", "Al-Sinjari"), ("الشبكي", "شەبەکی", "Al-Shabaki"), ("الزيباري", "زێباری", "Zebari"),
    ("الدوسكي", "دۆسکی", "Doski"), ("ميرزا", "میرزا", "Mirza"), ("بطرس", "پەترۆس", "Petros"),
)  # fmt: skip
LANGUAGES = ("ar", "ckb", "en")


@dataclass(frozen=True, slots=True)
class Person:
    given: str
    father: str
    grandfather: str
    family: str
    sex: str
    age: int

    @property
    def full_name(self) -> str:
        return f"{self.given} {self.father} {self.grandfather} {self.family}"


def choose_language(chance: random.Random) -> str:
    """Choose how a facilitator keys: mostly Arabic, often Sorani, sometimes Latin letters."""
    return chance.choices(LANGUAGES, weights=(6, 3, 1))[0]


def make_person(chance: random.Random, language: str) -> Person:
    script = LANGUAGES.index(language)
    is_woman = chance.random() < 0.45
    return Person(
        given=chance.choice(_WOMEN if is_woman else _MEN)[script],
        father=chance.choice(_MEN)[script],
        grandfather=chance.choice(_MEN)[script],
        family=chance.choice(_FAMILIES)[script],
        sex="female" if is_woman else "male",
        age=chance.randint(16, 70),
    )

"""Choose the language of a page or message: English, Arabic or Sorani Kurdish.

The address (?lang=) wins over the cookie of an earlier choice, the cookie over the browser's own languages.
"""

from dataclasses import dataclass

from flask import Request, request
from werkzeug.wrappers import Response

COOKIE = "language"
A_YEAR = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Language:
    """A language people can choose: its name in itself, and the locale whose dates are written in Iraq."""

    code: str
    name: str
    locale: str
    direction: str


LANGUAGES = {
    "en": Language("en", "English", "en_GB", "ltr"),
    "ar": Language("ar", "العربية", "ar_IQ", "rtl"),
    "ckb": Language("ckb", "کوردی", "ckb", "rtl"),
}
# Browsers and phones in Erbil say ku as often as ckb; both mean Sorani there.
_ASKED = {"ku": "ckb"}


def choose_language(asked: Request) -> Language:
    """Return the language this request wants, English when it says nothing we know."""
    for code in (asked.args.get("lang"), asked.cookies.get(COOKIE)):
        if code in LANGUAGES:
            return LANGUAGES[code]
    best = asked.accept_languages.best_match([*LANGUAGES, *_ASKED]) or "en"
    return LANGUAGES[_ASKED.get(best, best)]


def current_locale() -> str:
    """Name the locale for Flask-Babel."""
    return choose_language(request).locale


def keep_choice(asked: Request, response: Response) -> None:
    """Remember a language that was chosen by ?lang= for a year."""
    code = asked.args.get("lang")
    if code in LANGUAGES:
        response.set_cookie(COOKIE, code, max_age=A_YEAR, samesite="Lax", httponly=True, path="/")

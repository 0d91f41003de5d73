"""Say a message in the language of whoever asked: English, Arabic or Sorani Kurdish.

A message is a template with named details; the template is what is translated, the details are filled in afterwards.
Collect sends no Accept-Language and so reads English; browsers and Enketo send one.
"""

import logging
from typing import Any

from flask import current_app, request
from flask_babel import force_locale, gettext
from werkzeug.datastructures import LanguageAccept

log = logging.getLogger(__name__)

LANGUAGES = ("en", "ar", "ckb")
# Phones in Erbil say ku as often as ckb; both mean Sorani there.
_ASKED = {"ku": "ckb"}


def request_language() -> str:
    """Choose among the languages we speak by Accept-Language; English when it names none of them."""
    if "HTTP_ACCEPT_LANGUAGE" not in request.environ:
        return "en"
    return choose_language(request.accept_languages)


def choose_language(accepted: LanguageAccept) -> str:
    best = accepted.best_match([*LANGUAGES, *_ASKED]) or "en"
    return _ASKED.get(best, best)


def say(template: str, **details: Any) -> str:
    """Fill in a template, translated for this request."""
    translated = _translate(template)
    try:
        return translated.format(**details)
    except (KeyError, IndexError, ValueError):
        # A translation with a wrong placeholder must not hide the message.
        log.warning("translation does not fit language=%s template=%r", request_language(), template)
        return template.format(**details)


def _translate(template: str) -> str:
    language = request_language()
    if language == "en" or "babel" not in current_app.extensions:
        return template
    with force_locale(language):
        return str(gettext(template))

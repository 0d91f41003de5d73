"""Why a bundle was refused, in the language of the page: the reasons that stand within its Problems."""

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from sync_server.errors import Problem
from sync_server.web.office.blueprint import say

REASONS = (
    _l("it does not begin as a bundle does"),
    _l("its end is missing"),
    _l("its end makes no sense"),
    _l("it is longer or shorter than it says"),
    _l("it is shorter or longer than it was"),
    _l("it cannot be read"),
    _l("it is cut off"),
    _l("it has a part that makes no sense"),
    _l("it belongs to another bundle"),
    _l("it is not as it was signed"),
    _l("its content was altered"),
    _l("it is not signed by the node that it names"),
    _l("it is the letter of another node"),
    _l("its parts are in another order than they should"),
    _l("its batches do not follow each other"),
    _l("it is not there any more as it was when it was checked"),
    _l("this node was restored after the other last heard of it"),
    _l("it was made before the other node was restored"),
    _l("an older copy of the other node made it"),
    _l("what the two nodes share was changed since"),
    _l("later word of the other node came before it"),
)


def say_bundle(problem: Problem) -> str:
    """Say a Problem with its reason; one this page does not know is said as it is."""
    reason = problem.details.get("reason")
    if not reason:
        return say(problem)
    return say(type(problem)(**{**problem.details, "reason": gettext(str(reason))}))

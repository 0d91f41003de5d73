"""Set a password by the code that an administrator handed over: /reset#code, and a form to type or paste it into.

What stands behind the # never leaves the browser, so the code is in no log, no history of a proxy and no Referer; the
page has no script that could read it, and asks for it. The form carries it in its body.
"""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from sync_server.errors import Problem
from sync_server.protocols.authentication import current_node
from sync_server.protocols.needs import needs
from sync_server.services import reset_password
from sync_server.web import visitors
from sync_server.web.office.blueprint import office, say

_WHY = "the code for a new password is the proof"


@office.get(reset_password.PAGE)
@needs(anyone=_WHY)
def show_reset() -> ResponseReturnValue:
    return render_template("office/reset.html", problem="", code="")


@office.post(reset_password.PAGE)
@needs(anyone=_WHY)
def reset_by_code() -> ResponseReturnValue:
    visitors.require_own_origin()
    code = request.form.get("code", "")
    try:
        reset_password.use_reset_code(current_node(), code, request.form.get("new", ""))
    except Problem as problem:
        return render_template("office/reset.html", problem=say(problem), code=code), problem.status
    return redirect(url_for("office.show_sign_in", done="password"), 303)

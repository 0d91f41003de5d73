"""Read from a form which role is given, where, and how narrow."""

from collections.abc import Mapping

from sync_server.core.roles import ADMIN, find_role
from sync_server.core.row_scope import district_rows
from sync_server.core.scope import Grant
from sync_server.core.sensitivity import Level
from sync_server.errors import UnexpectedValue
from sync_server.web.office.role_names import ASSIGNABLE


def read_grant(form: Mapping[str, str]) -> Grant | None:
    """Read which role was chosen, where, and how narrow; None when no role was."""
    name = form.get("role", "")
    role = find_role(name) if name in ASSIGNABLE else None
    if role is None:
        return None
    if role is ADMIN:
        return Grant(ADMIN)
    districts = [code for code in form.get("districts", "").replace("،", ",").replace(",", " ").split() if code]
    rows = district_rows(districts) if districts else None
    form_id = form.get("form", "").strip() or None
    return Grant(role, _project(form.get("project", "1")), form_id, rows=rows, level=_level(form))


def _project(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 9:
        raise UnexpectedValue(field="project", value=text[:40], reason="a project is called by its number, such as 1.")
    return int(text)


def _level(form: Mapping[str, str]) -> Level | None:
    word = form.get("level", "").upper()
    return Level[word] if word in Level.__members__ else None

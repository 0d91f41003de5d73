"""Filters over a form's rows that are written once for many forms: by HXL tag in place of a question's path.

`#adm2+code eq 'IQ-NI-03'` holds for every form that has a question tagged `#adm2+code`. Of a form without such a
question, nobody with this filter sees anything: where we cannot tell whether a row is theirs, it is not.
"""

import re
from collections.abc import Iterable, Mapping

DISTRICT_TAG = "#adm2+code"
_TAG = re.compile(r"'(?:[^']|'')*'|#[a-z][a-z0-9+]*")


def district_rows(codes: Iterable[str]) -> str:
    """Write the filter for some districts, one at least."""
    quoted = [code.replace("'", "''") for code in codes]
    if not quoted:
        raise ValueError("no district")
    return " or ".join(f"{DISTRICT_TAG} eq '{code}'" for code in quoted)


def name_questions(rows: str, tagged: Mapping[str, str]) -> str | None:
    """Put a form's own paths in place of the tags; None when it lacks one: then no row of it is in sight.

    `tagged` is HXL tag to path, of questions outside of repeats: `{"#adm2+code": "/meeting/adm2"}`.
    """
    tags = {found for found in _TAG.findall(rows) if found.startswith("#")}
    if not tags <= tagged.keys():
        return None
    return _TAG.sub(lambda match: tagged[match[0]].lstrip("/") if match[0].startswith("#") else match[0], rows)

"""A form that copies an answer into a less sensitive question is warned of before tablets have it."""

import pytest
from lxml import etree

from sync_server.core.sensitive_calculations import find_quotations
from sync_server.core.sensitivity import Level

RATED = {"/case": Level.SEVERE, "/g/name": Level.HIGH, "/copy": Level.LOW, "/same": Level.SEVERE, "/g/part": Level.LOW}


def quotations(nodeset: str, calculation: str) -> list[tuple[str, str]]:
    root = etree.fromstring("<model xmlns='http://www.w3.org/2002/xforms'><bind/></model>")
    root[0].set("nodeset", f"/data{nodeset}")
    root[0].set("calculate", calculation)
    return [(found.path, found.quoted) for found in find_quotations(root, "data", RATED)]


@pytest.mark.parametrize(
    ("nodeset", "calculation", "quoted"),
    [
        ("/copy", " /data/case ", ["/case"]),
        ("/copy", "concat( ../g/name , '-', /data/copy)", ["/g/name"]),
        ("/g/part", "substr( ../name , 0, 1)", ["/g/name"]),
        ("/g/part", "if( ../../case != '', 1, 0)", ["/case"]),
        ("/same", " /data/case ", []),
        ("/copy", "concat('/data/case', 'x')", []),
        ("/meta/instanceName", "concat( /data/g/name , ' ', /data/case )", ["/case"]),
        ("/meta/instanceName", " /data/copy ", []),
    ],
)
def test_what_quotes_a_more_sensitive_question_is_found(nodeset: str, calculation: str, quoted: list[str]) -> None:
    assert quotations(nodeset, calculation) == [(nodeset, path) for path in quoted]

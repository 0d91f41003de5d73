"""Read an XPath expression as a tablet would, without one: is its grammar right, does it know the functions?

pyxform lets a missing bracket through; JavaRosa then refuses the whole form. Checking here needs no Java.
The functions are those of the ODK XForms specification and of JavaRosa 5.
"""

import re

from lxml import etree

FUNCTIONS = frozenset(
    """
    abs acos area asin atan atan2 base64-decode boolean boolean-from-string checklist coalesce concat contains cos count
    count-non-empty count-selected current date date-time decimal-date-time decimal-time digest distance enclosed-area
    ends-with exp exp10 extract-signed false floor format-date format-date-time geofence if indexed-repeat instance int
    intersects is-selected join jr:choice-name log log10 max min name node normalize-space not now number once pi
    position pow property pulldata random randomize regex round selected selected-at sin sqrt starts-with string
    string-length substr substring substring-after substring-before sum tan text today translate true uuid version
    weighted-checklist
    """.split()  # noqa: SIM905 - a list of quoted words would take ninety lines
)

_LITERAL = re.compile(r"'[^']*'|\"[^\"]*\"")
_CALL = re.compile(r"([A-Za-z_][\w.-]*(?::[A-Za-z_][\w.-]*)?)\s*\(")
_OPERATORS = frozenset(("and", "or", "mod", "div"))


def complaint_about(expression: str) -> str | None:
    """Say what is wrong with an expression, as the end of a sentence; None when nothing is."""
    if not expression.strip():
        return None
    try:
        etree.XPath(expression)
    except etree.XPathSyntaxError:
        return f"is not an expression: {expression.strip()}"
    called = dict.fromkeys(_CALL.findall(_LITERAL.sub("''", expression)))
    unknown = [name for name in called if name not in FUNCTIONS and name not in _OPERATORS and "::" not in name]
    return f"calls {', '.join(unknown)}, which tablets do not know" if unknown else None

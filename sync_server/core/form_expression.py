"""Work out an expression of a form for one row of a submission, as far as plain XPath goes.

Forms write XPath 1.0 with functions of their own (OpenRosa). What needs those, or another list, cannot be told here,
and is not guessed: who reads the answer gets None. Elements must be named without namespace, as forms name them.
"""

from lxml import etree

LONGEST = 2_000


def is_fulfilled(condition: str | None, row: etree._Element, root_name: str, path: str) -> bool | None:
    """Tell whether a condition of the entity declared at `path` holds; None when that cannot be told here.

    None as condition is never, an empty one always.
    """
    if condition is None:
        return False
    if not condition.strip():
        return True
    result = _evaluate(f"boolean({condition})", row, root_name, path)
    return result if isinstance(result, bool) else None


def evaluate(expression: str, row: etree._Element, root_name: str, path: str) -> str | None:
    """Return the text that an expression comes to; None when that cannot be told here."""
    result = _evaluate(f"string({expression})", row, root_name, path) if expression.strip() else None
    return result.strip() if isinstance(result, str) else None


def _evaluate(expression: str, row: etree._Element, root_name: str, path: str) -> object:
    """Evaluate from where the form does: three steps below the row, as meta/entity/@create stands."""
    if len(expression) > LONGEST:
        return None
    meta = etree.SubElement(row, "meta")
    here = etree.SubElement(etree.SubElement(meta, "entity"), "create")
    try:
        return here.xpath(_relative(expression, root_name, path), smart_strings=False)
    except (etree.XPathError, ValueError):
        return None
    finally:
        row.remove(meta)


def _relative(expression: str, root_name: str, path: str) -> str:
    """In a row of a repeat, a path through the repeat means this row, not all of them."""
    steps = path.split("/")[1:]
    for count in range(len(steps), 0, -1):
        around = "/".join(["", root_name, *steps[:count], ""])
        expression = expression.replace(around, "../" * (3 + len(steps) - count))
    return expression

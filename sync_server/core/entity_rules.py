"""How parallel changes of a property come together by themselves: rules that are data, written in the form.

The column `merge` of the sheet 'survey' says it beside `save_to`: `maximum` is the greatest number, or the last in the
order of the alphabet where one of them is none (ISO dates are in order); `union` the codes of all, as of a question
with several answers; `latest by last_followup` that of the furthest event date, which is another property; `count` of
how many submissions the property was given, whatever number a tablet worked out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

MAXIMUM, UNION, LATEST, COUNT = "maximum", "union", "latest", "count"


@dataclass(frozen=True, slots=True)
class Rule:
    merge: str
    by: str = ""


Rules = Mapping[str, Rule]


def read_rules(cells: Mapping[str, str]) -> dict[str, Rule]:
    """Read the rules of a list, by property; what is no rule is left out: publishing a form refuses it."""
    return {name: rule for name, cell in cells.items() if (rule := read_rule(cell))}


def read_rule(cell: str) -> Rule | None:
    """Read one rule as it is written in a form; None for what is none."""
    merge, _, by = " ".join(cell.split()).partition(" by ")
    if merge == LATEST and by:
        return Rule(merge, by)
    return Rule(merge) if merge in (MAXIMUM, UNION, COUNT) and not by else None


def merge_by_rule(rule: Rule, values: Sequence[str], dates: Sequence[str]) -> str | None:
    """Merge parallel values; None when the rule leaves them to a person. `dates` are those of rule `latest`."""
    if rule.merge == MAXIMUM:
        return _maximum(values)
    if rule.merge == UNION:
        return " ".join(sorted({code for value in values for code in value.split()}))
    if rule.merge == LATEST:
        last = {value for value, date in zip(values, dates, strict=True) if date == max(dates)}
        return last.pop() if len(last) == 1 else None
    return None


def _maximum(values: Sequence[str]) -> str:
    try:
        return max(values, key=lambda value: (float(value or "-inf"), value))
    except ValueError:
        return max(values)

"""How parallel changes of a property come together by themselves, by rules that are data of the list.

    {"severity":     {"merge": "maximum"},
     "status":       {"merge": "latest", "by": "last_followup"},
     "times_raised": {"merge": "count"}}

`maximum`: the greatest number, or the last in the order of the alphabet where one of them is none (ISO dates are in
order); `union`: the codes of all, as of a question with several answers; `latest`: that of the furthest event date;
`count`: of how many submissions the property was given, whatever number a tablet worked out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MAXIMUM, UNION, LATEST, COUNT = "maximum", "union", "latest", "count"


@dataclass(frozen=True, slots=True)
class Rule:
    merge: str
    by: str = ""


Rules = Mapping[str, Rule]


def read_rules(value: Mapping[str, Mapping[str, Any]]) -> dict[str, Rule]:
    """Read a list's rules; raise ValueError that says what is wrong, in words for who wrote them."""
    return {name: _rule(name, rule) for name, rule in value.items()}


def _rule(name: str, rule: Mapping[str, Any]) -> Rule:
    merge, by = str(rule.get("merge", "")), str(rule.get("by", ""))
    if merge not in (MAXIMUM, UNION, LATEST, COUNT):
        raise ValueError(f"'{name}': merge must be one of {MAXIMUM}, {UNION}, {LATEST}, {COUNT}, not '{merge}'")
    if (merge == LATEST) != bool(by):
        raise ValueError(f"'{name}': '{LATEST}', and it alone, says in 'by' which property holds the date")
    return Rule(merge, by)


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

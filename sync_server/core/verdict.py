"""Judge between contents that disagree, by what people have decided.

Only heads count: a decision that another one names as seen, directly or through others, is superseded. Heads that
choose differently leave the conflict open; so does a content that no head has seen, for it came later.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sync_server.core.ids import VersionId
from sync_server.core.submission_state import REVIEW, REVIEW_STATES, Decision

CHOOSE = "choose"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Which of the contents was chosen (by position, None = nobody chose), and whether that ends the conflict."""

    chosen: int | None
    is_settled: bool


class Decisions:
    """The decisions about one connected component, and who saw what."""

    def __init__(self, decisions: Iterable[Decision]) -> None:
        self._by_id = {decision.id: decision for decision in sorted(decisions, key=lambda d: d.id)}
        choices = [decision for decision in self._by_id.values() if decision.kind == CHOOSE]
        self._for_variants = [decision for decision in choices if decision.body.get("path") is None]
        self._for_fields = [decision for decision in choices if isinstance(decision.body.get("path"), str)]
        reviews = (decision for decision in self._by_id.values() if decision.kind == REVIEW)
        self._reviews = [decision for decision in reviews if decision.body.get("state") in REVIEW_STATES]

    def judge_variants(self, contents: Sequence[frozenset[VersionId]]) -> Verdict:
        """Judge between the variants of one instance, each content given as the versions that have it."""
        return self._judge(contents, self._for_variants)

    def judge_field(self, path: str, contents: Sequence[frozenset[VersionId]]) -> Verdict:
        """Judge between the values of one field, each given as the versions that have it."""
        return self._judge(contents, [d for d in self._for_fields if _covers(d.body["path"], path)])

    def find_reviews(self, versions: frozenset[VersionId]) -> tuple[frozenset[str], frozenset[str]]:
        """Return what the reviews that stand say, and all ids their authors saw.

        A review is about what its author saw, so one that saw none of these versions (yet) says nothing of them.
        """
        if not self._reviews:
            return frozenset(), frozenset()
        seen_by = {decision.id: self._seen(decision.id) for decision in self._reviews}
        heads = _heads({id: seen for id, seen in seen_by.items() if seen & versions})
        said = frozenset(self._by_id[id].body["state"] for id in heads)
        return said, frozenset().union(*(seen_by[id] for id in heads))

    @property
    def has_fields(self) -> bool:
        """Tell whether any decision is about fields: finding out who has which value is work."""
        return bool(self._for_fields)

    def _judge(self, contents: Sequence[frozenset[VersionId]], choices: Sequence[Decision]) -> Verdict:
        choice_of = {d.id: index for d in choices for index, ids in enumerate(contents) if d.body.get("version") in ids}
        if not choice_of:
            return Verdict(None, is_settled=False)
        seen_by = {id: self._seen(id) for id in choice_of}
        heads = _heads(seen_by)
        seen = frozenset().union(*(seen_by[id] for id in heads))
        chosen = {choice_of[id] for id in heads}
        is_all_seen = all(index in chosen or ids & seen for index, ids in enumerate(contents))
        return Verdict(choice_of[max(heads)], is_settled=len(chosen) == 1 and is_all_seen)

    def _seen(self, id: str) -> frozenset[str]:
        """Return all ids that the author of a decision saw, what earlier authors saw with them."""
        seen: set[str] = set()
        waiting = [id]
        while waiting:
            decision = self._by_id.get(waiting.pop())
            unseen = decision.parents - seen if decision else frozenset()
            seen |= unseen
            waiting.extend(unseen)
        return frozenset(seen)


def _heads(seen_by: dict[str, frozenset[str]]) -> list[str]:
    superseded = {other for id, seen in seen_by.items() for other in seen if other != id}
    # Decisions that name each other in a ring can only be forged: then all of them count, and so none settles.
    return [id for id in seen_by if id not in superseded] or list(seen_by)


def _covers(decided: str, path: str) -> bool:
    return decided in ("/", path) or path.startswith(decided + "/")

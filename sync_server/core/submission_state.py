"""The values that go into and come out of resolving a submission."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sync_server.core.ids import InstanceId, VersionId

VARIANT, FIELD, ATTACHMENT, REVIEW = "variant", "field", "attachment", "review"

RECEIVED, APPROVED, EDITED, HAS_ISSUES, REJECTED = "received", "approved", "edited", "hasIssues", "rejected"
REVIEW_STATES = (REJECTED, HAS_ISSUES, EDITED, APPROVED, RECEIVED)
"""What a review can say, in ODK Central's words, the most cautious first."""


@dataclass(frozen=True, slots=True)
class Version:
    """One received submission version, identified by the sha256 of its bytes.

    `attachments` holds (name, sha256); the same version with more of them is the same version, further on.
    """

    id: VersionId
    instance_id: InstanceId
    deprecated_id: InstanceId | None
    xml: bytes
    attachments: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decided, and in `parents` the ids of the versions and decisions that person saw.

    Kind `choose`: body `{"version": id}` settles variants; with `"path"` also given, the fields at and below that path.
    Kind `review`: body `{"state": one of REVIEW_STATES}`.
    """

    id: str
    kind: str
    parents: frozenset[str]
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True, order=True)
class Conflict:
    """Contents that disagree until a person decides.

    `versions` holds the provisional winner first, then the alternatives, greatest id first.
    `path`: variant = the instanceID; field = its path (`/people[2]/name`; `/` = the document); attachment = file name;
    review = what the reviews say ("rejected, approved"), the provisional one first, and there are no versions.
    """

    kind: str
    path: str
    versions: tuple[VersionId, ...]


@dataclass(frozen=True, slots=True)
class SubmissionState:
    """What one submission is now: `current`'s document, with the paths in `sources` taken from other versions.

    `edits` counts the edit instances, the root not among them. `waits_for` is the original that has not arrived yet.
    `review` is what people's reviews come to, None when there is none.
    """

    root_id: InstanceId
    current: VersionId
    sources: Mapping[str, VersionId]
    conflicts: tuple[Conflict, ...]
    waits_for: InstanceId | None
    instance_ids: tuple[InstanceId, ...]
    versions: tuple[VersionId, ...]
    edits: int
    attachments: Mapping[str, str]
    review: str | None = None

    @property
    def review_state(self) -> str | None:
        """Central's reviewState: None for received, and "edited" after any edit until somebody has looked at it."""
        if self.review is None:
            return EDITED if self.edits else None
        return None if self.review == RECEIVED else self.review

    def to_json(self) -> dict[str, Any]:
        """Return the state as plain JSON values; equal states give equal values in equal order.

        Without a review there is no word of one, so that states from before reviews existed are written as they were.
        """
        written = {
            "attachments": dict(sorted(self.attachments.items())),
            "conflicts": [{"kind": c.kind, "path": c.path, "versions": list(c.versions)} for c in self.conflicts],
            "current": self.current,
            "edits": self.edits,
            "instance_ids": list(self.instance_ids),
            "root_id": self.root_id,
            "sources": dict(sorted(self.sources.items())),
            "versions": list(self.versions),
            "waits_for": self.waits_for,
        }
        return written if self.review is None else {**written, "review": self.review}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "SubmissionState":
        """Return the state that `to_json` wrote."""
        return cls(
            root_id=InstanceId(value["root_id"]),
            current=VersionId(value["current"]),
            sources=dict(value["sources"]),
            conflicts=tuple(Conflict(c["kind"], c["path"], tuple(c["versions"])) for c in value["conflicts"]),
            waits_for=None if value["waits_for"] is None else InstanceId(value["waits_for"]),
            instance_ids=tuple(value["instance_ids"]),
            versions=tuple(value["versions"]),
            edits=value["edits"],
            attachments=dict(value["attachments"]),
            review=value.get("review"),
        )

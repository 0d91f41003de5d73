"""What travels between nodes: one frozen dataclass for each kind of item (docs/replication.md, "Items").

Names hold on every node: projects, people and tablets go by their uid, a version by the sha256 of its bytes. What can
be worked out from the bytes (a submission's id, its instanceID, its form) is not said beside them, so nobody can say it
wrong. An item names itself (`name`), so that a node can be asked whether it lacks it.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from sync_server.core.ids import sha256_hex

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """A person or a tablet, for nodes that do not know them: a name without any right."""

    uid: str
    type: str
    name: str
    node: str  # where the account comes from


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeItem:
    """A node and its public key, vouched for by who sends it: its decisions can be checked then."""

    kind: ClassVar[str] = "node"
    id: str
    node_name: str
    public_key: bytes

    @property
    def name(self) -> str:
        return f"{self.kind}:{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectItem:
    """A project as its home says it is."""

    kind: ClassVar[str] = "project"
    project: str
    title: str
    description: str | None
    is_archived: bool

    @property
    def name(self) -> str:
        return f"{self.kind}:{self.project}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountItem:
    """A person or a tablet with what it may do in one project; from the project's home only.

    `password_hash` is None where it stays at home (two-factor sign-in, no password yet). `grants` are all it has in the
    project: {"role": system name, "form_id", "rows", "level"}; with none, `who.name` is empty and only `uid` tells.
    """

    kind: ClassVar[str] = "account"
    project: str
    who: Who
    created_at: datetime | None = None
    deleted_at: datetime | None = None
    email: str | None = None
    password_hash: str | None = field(default=None, repr=False)
    token_hash: str | None = field(default=None, repr=False)
    revoked_at: datetime | None = None
    grants: tuple[Json, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.kind}:{self.project}/{self.who.uid}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaFile:
    """A media file of a form version, by name and hash; its bytes go by the media lane."""

    name: str
    sha256: str
    md5: str
    size: int
    type: str
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FormVersionItem:
    """A published form version with its frozen bytes and the media it has now."""

    kind: ClassVar[str] = "form_version"
    project: str
    form_id: str
    version: str
    title: str
    xml: bytes = field(repr=False)
    source_name: str | None = None
    source: bytes | None = field(default=None, repr=False)
    source_sha256: str | None = None
    annotations: Json = field(default_factory=dict)
    warnings: tuple[Any, ...] = ()
    published_at: datetime
    published_by: Who | None = None
    media: tuple[MediaFile, ...] = ()

    @property
    def sha256(self) -> str:
        return sha256_hex(self.xml)

    @property
    def name(self) -> str:
        return f"{self.kind}:{self.project}/{self.form_id}/{self.sha256}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FormItem:
    """Which version of a form is current at its home, and the media that version has now; from the home only."""

    kind: ClassVar[str] = "form"
    project: str
    form_id: str
    state: str
    created_at: datetime
    current: str  # sha256 of the version's XML
    media: tuple[MediaFile, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.kind}:{self.project}/{self.form_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionItem:
    """One received version: its bytes, and with those its id, instanceID, form and form version.

    Of a version from which a person was erased, `erased_sha256` is the id it was received under.
    """

    kind: ClassVar[str] = "submission"
    project: str
    xml: bytes = field(repr=False)
    erased_sha256: str | None = None

    @property
    def sha256(self) -> str:
        return self.erased_sha256 or sha256_hex(self.xml)

    @property
    def name(self) -> str:
        return f"{self.kind}:{self.project}/{self.sha256}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptItem:
    """That a node received a version. `version` empty: the submission item last before this one in the batch."""

    kind: ClassVar[str] = "receipt"
    project: str
    version: str
    id: str
    received_at: datetime
    door: str
    device_id: str | None
    actor: Who | None
    form_state: str
    is_revoked: bool
    held_for: str | None
    clock_offset_seconds: float | None
    is_new: bool
    node: str

    @property
    def name(self) -> str:
        return f"{self.kind}:{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachmentItem:
    """That a file belongs to a version; its bytes go by the media lane. `version` as in ReceiptItem."""

    kind: ClassVar[str] = "attachment"
    project: str
    version: str
    file_name: str
    sha256: str
    size: int
    type: str

    @property
    def name(self) -> str:
        return f"{self.kind}:{self.project}/{self.version}/{self.sha256}/{self.file_name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionItem:
    """A decision with what its node signed. `words` are the parts of its body and reason that can name somebody.

    Erasing a person blanks the words and forgets the salt; then `words` and `salt` are None and `words_sha256` alone
    still proves that the signature is about this decision.
    """

    kind: ClassVar[str] = "decision"
    project: str
    id: str
    decision_kind: str
    form_id: str
    subject: str
    parents: tuple[str, ...]
    body: Json  # without the words
    words: Json | None = field(repr=False)
    salt: bytes | None
    words_sha256: str
    author: Who | None
    decided_at: datetime
    node: str
    signature: bytes

    @property
    def name(self) -> str:
        return f"{self.kind}:{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawalItem:
    """The order to remove a submission that left the receiver's scope; only what the sender has itself is listed.

    `versions` are sha256; the receiver removes nothing when it holds a version or receipt that is not listed. Of an
    entity (core/entity_root.py) what was decided about it is removed: `receipts` are the ids of those decisions.
    """

    kind: ClassVar[str] = "withdrawal"
    project: str
    id: str
    form_id: str
    root_id: str
    versions: tuple[str, ...]
    receipts: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.kind}:{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawnItem:
    """The receipt of a withdrawal: what went. Its sender no longer has the submission."""

    kind: ClassVar[str] = "withdrawn"
    project: str
    id: str
    form_id: str
    root_id: str
    removed: Json
    done_at: datetime

    @property
    def name(self) -> str:
        return f"withdrawal:{self.id}"


Item = (
    NodeItem | ProjectItem | AccountItem | FormVersionItem | FormItem | SubmissionItem | ReceiptItem | AttachmentItem
    | DecisionItem | WithdrawalItem | WithdrawnItem
)  # fmt: skip
KINDS: dict[str, type[Item]] = {
    item.kind: item
    for item in (
        NodeItem, ProjectItem, AccountItem, FormVersionItem, FormItem, SubmissionItem, ReceiptItem, AttachmentItem,
        DecisionItem, WithdrawalItem, WithdrawnItem,
    )
}  # fmt: skip

"""A form's life on a node, step by step at random: versions, submissions, edits, variants, what is held and let in.

Receipts come with times of their own, so a place in page order is not the order of arrival.
"""

import random
from collections.abc import Iterable

from sync_server.errors import Problem
from sync_server.node import Node
from sync_server.services.form_state import set_form_state
from sync_server.services.review_submission import accept_submission
from tests.support.random_forms import changed_questions, random_answers, random_questions
from tests.support.samples import publish, send

VERSIONS = 10
MINUTES = 60 * 24 * 40


class RandomLife:
    """One form on one node. `step` does one thing that may happen; the same seed does the same things."""

    def __init__(self, node: Node, form_id: str, seed: int) -> None:
        self.node = node
        self.form_id = form_id
        self._chance = random.Random(seed)
        self._versions: list[dict[str, str]] = []
        self._instances: list[str] = []
        self._sent: list[bytes] = []
        self._number = 0
        self._is_closed = False
        if self._chance.random() < 0.9:  # else submissions come before their form
            self._publish()

    def step(self) -> None:
        """Do one thing; new submissions are what happens most."""
        happens = [self._send_new] * 10 + [self._edit] * 4 + [self._send_variant] * 2 + [self._resend] * 2
        happens += [self._publish] * 2 + [self._send_revoked, self._send_sealed, self._edit_unknown, self._accept]
        self._chance.choice([*happens, self._close_or_open])()

    def _publish(self) -> None:
        if len(self._versions) < VERSIONS:
            before = self._versions[-1] if self._versions else {}
            made = changed_questions(self._chance, before) if before else random_questions(self._chance)
            self._versions.append(made)
            publish(self.node, str(len(self._versions)), made, form_id=self.form_id)

    def _send_new(self) -> None:
        self._send(self._document(self._new_instance()))

    def _send_revoked(self) -> None:
        self._send(self._document(self._new_instance()), is_revoked=True)

    def _send_sealed(self) -> None:
        self._send(
            self._document(self._new_instance(), answers="<encryptedXmlFile>s.enc</encryptedXmlFile>", sealed=True)
        )

    def _edit(self) -> None:
        if self._instances:
            edited = self._chance.choice(self._instances)
            self._send(self._document(self._new_instance(), edits=edited), is_revoked=self._chance.random() < 0.1)

    def _edit_unknown(self) -> None:
        """The original may come later: it is one of those that will be sent next."""
        coming = self._instance(self._number + self._chance.randint(2, 6))
        self._send(self._document(self._new_instance(), edits=coming))

    def _send_variant(self) -> None:
        if self._instances:
            self._send(self._document(self._chance.choice(self._instances)))

    def _resend(self) -> None:
        if self._sent:
            self._send(self._chance.choice(self._sent))

    def _accept(self) -> None:
        if self._instances:
            try:
                accept_submission(
                    self.node, None, self._chance.choice(self._instances), reason="it is true", form_id=self.form_id
                )
            except Problem:
                pass  # it does not wait to be accepted

    def _close_or_open(self) -> None:
        if self._versions:
            self._is_closed = not self._is_closed
            set_form_state(self.node, None, self.form_id, "closed" if self._is_closed else "open")

    def _new_instance(self) -> str:
        self._number += 1
        self._instances.append(self._instance(self._number))
        return self._instances[-1]

    def _instance(self, number: int) -> str:
        """Ids that a language would put in another order than their bytes are in."""
        beginning = ("uuid:", "UUID:", "uuid:-", "Ä", "z")[(number * 7) % 5]
        return f"{beginning}{self.form_id}-{number:04d}"

    def _document(self, instance: str, *, edits: str = "", answers: str | None = None, sealed: bool = False) -> bytes:
        number = self._chance.randrange(len(self._versions)) if self._versions else 0
        version = str(number + 1) if self._chance.random() < 0.95 else "never published"
        if answers is None:
            answers = random_answers(self._chance, self._versions[number]) if self._versions else "<a>1</a>"
        deprecated = f"<deprecatedID>{edits}</deprecatedID>" if edits else ""
        seal = ' encrypted="yes"' if sealed else ""
        return (
            f'<data id="{self.form_id}" version="{version}"{seal}>{answers}'
            f"<meta><instanceID>{instance}</instanceID>{deprecated}</meta></data>"
        ).encode()

    def _send(self, xml: bytes, *, files: Iterable[tuple[str, bytes]] = (), is_revoked: bool = False) -> None:
        self._sent.append(xml)
        # Several at the very same time, as a tablet empties its box: then the ids decide.
        minutes = self._chance.randrange(MINUTES) if self._chance.random() < 0.7 else 60
        device = self._chance.choice((None, "collect:a", "collect:b"))
        send(self.node, xml, files, minutes=minutes, is_revoked=is_revoked, device_id=device)

"""Clients that send submissions with files to a live server and remember what was acknowledged."""

import hashlib
import random
import threading
import uuid
from dataclasses import dataclass, field

import requests

from tests.support.samples import visit

ACKNOWLEDGED = (201, 202)


@dataclass
class Acknowledged:
    """What a tablet would have forgotten by now."""

    files: dict[str, dict[str, str]] = field(default_factory=dict)  # instance → name → sha256
    answers: list[int] = field(default_factory=list)


class Sender(threading.Thread):
    """Sends one submission after the other until told to stop; a lost answer makes it send the same again."""

    def __init__(self, submission_url: str, seed: int) -> None:
        super().__init__(daemon=True)
        self.acknowledged = Acknowledged()
        self._url = submission_url
        self._chance = random.Random(seed)
        self._stop_now = threading.Event()

    def run(self) -> None:
        with requests.Session() as session:
            while not self._stop_now.is_set():
                self._send_until_acknowledged(session)

    def finish(self) -> None:
        self._stop_now.set()
        self.join(60)

    def _send_until_acknowledged(self, session: requests.Session) -> None:
        instance = str(uuid.UUID(int=self._chance.getrandbits(128)))
        files = {f"{n}.jpg": self._chance.randbytes(self._chance.choice((100, 40_000, 400_000))) for n in range(2)}
        xml = visit(instance, photo="0.jpg")
        while not self._stop_now.is_set():
            status = post(session, self._url, xml, files)
            if status is not None:
                self.acknowledged.answers.append(status)
            if status in ACKNOWLEDGED:
                hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
                self.acknowledged.files[f"uuid:{instance}"] = hashes
                return
            self._stop_now.wait(0.02)


def post(session: requests.Session, url: str, xml: bytes, files: dict[str, bytes]) -> int | None:
    """POST as Collect does; None when the connection was cut."""
    parts = [("xml_submission_file", ("visit.xml", xml, "text/xml"))]
    parts += [(name, (name, content, "image/jpeg")) for name, content in files.items()]
    try:
        return session.post(url, files=parts, headers={"X-OpenRosa-Version": "1.0"}, timeout=60).status_code
    except requests.RequestException:
        return None

"""Make the attendance submissions that the load generator sends, as Collect puts them on the wire.

`attendance.xml` was filled by JavaRosa, the engine inside Collect, from the form `cpf_attendance`: eleven
repeat rows, synthetic people. Its twelve ids share the prefix `{fresh}`, so that a request costs one join and every
submission has ids that nobody sent before.
"""

from __future__ import annotations

import random
from pathlib import Path

TEMPLATE = Path(__file__).with_name("attendance.xml")
FRESH = b"{fresh}"
FRESH_LENGTH = 23  # xxxxxxxx-xxxx-4xxx-yxxx: a version 4 uuid without its last twelve digits
BOUNDARY = b"8f0c2a4e-6d1b-4c7a-9f35-1e2d3c4b5a69"
FILE_NAME = b"CPF meeting and attendance_2026-11-23_07-19-34.xml"


class Submissions:
    """Bodies of POST /submission, each with instanceID and entity ids of its own."""

    def __init__(self, seed: int, template: Path = TEMPLATE) -> None:
        self._random = random.Random(seed)
        self._parts = multipart(template.read_bytes()).split(FRESH)
        self.length = sum(map(len, self._parts)) + FRESH_LENGTH * (len(self._parts) - 1)

    def next_body(self) -> bytes:
        digits = f"{self._random.getrandbits(76):019x}"
        fresh = f"{digits[:8]}-{digits[8:12]}-4{digits[12:15]}-8{digits[15:18]}"
        return fresh.encode().join(self._parts)


def multipart(xml: bytes) -> bytes:
    head = b'Content-Disposition: form-data; name="xml_submission_file"; filename="' + FILE_NAME + b'"\r\n'
    length = len(xml) + xml.count(FRESH) * (FRESH_LENGTH - len(FRESH))
    kind = b"Content-Type: text/xml\r\nContent-Length: %d\r\n\r\n" % length
    return b"--" + BOUNDARY + b"\r\n" + head + kind + xml + b"\r\n--" + BOUNDARY + b"--\r\n"

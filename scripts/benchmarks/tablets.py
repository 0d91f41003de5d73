"""Tablets that send attendance submissions, some with a photo, over HTTP as Collect does, until each is acknowledged.

Photos are random bytes: like JPEG they do not get smaller by packing. The attendance form asks for none, but a node
keeps whatever file comes with a submission.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import requests

from benchmarks.registrations import Registrations

ACKNOWLEDGED = (201, 202)
TABLETS = 8
HEADERS = {"X-OpenRosa-Version": "1.0", "User-Agent": "org.odk.collect.android/v2026.3.3 bench"}


@dataclass(frozen=True, slots=True)
class Sent:
    """What was sent: so many submissions and photos, and how many bytes each were."""

    submissions: int
    photos: int
    xml_bytes: int
    photo_bytes: int


def send(url: str, *, submissions: int, photos: int, sizes: tuple[int, int], seed: int) -> Sent:
    """Send so many submissions to a tablet's door, the photos spread among them, with eight tablets at once."""
    made = list(_make(submissions, photos, sizes, seed))
    with ThreadPoolExecutor(TABLETS) as tablets:
        for tablet in [tablets.submit(_send_all, url, made[number::TABLETS]) for number in range(TABLETS)]:
            tablet.result()
    taken = [photo for _, photo in made if photo]
    return Sent(len(made), len(taken), sum(len(xml) for xml, _ in made), sum(map(len, taken)))


def _make(submissions: int, photos: int, sizes: tuple[int, int], seed: int) -> Iterator[tuple[bytes, bytes]]:
    registrations, chance = Registrations(seed), random.Random(seed)
    with_photo = set(chance.sample(range(submissions), min(photos, submissions)))
    for number in range(submissions):
        photo = chance.randbytes(chance.randint(*sizes)) if number in with_photo else b""
        yield registrations.next_xml()[1], photo


def _send_all(url: str, uploads: list[tuple[bytes, bytes]]) -> None:
    with requests.Session() as session:
        for xml, photo in uploads:
            parts = [("xml_submission_file", ("attendance.xml", xml, "text/xml"))]
            parts += [("photo.jpg", ("photo.jpg", photo, "image/jpeg"))] if photo else []
            answer = session.post(url, files=parts, headers=HEADERS, timeout=120)
            if answer.status_code not in ACKNOWLEDGED:
                raise RuntimeError(f"a submission was answered {answer.status_code}: {answer.text[:500]}")

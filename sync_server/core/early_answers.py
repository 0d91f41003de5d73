"""What can be asked and answered before a request takes up a thread: plain values between the server and the doors."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that was read whole. Names of headers as in WSGI, without HTTP_; `read` gives its first bytes."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    address: str
    length: int
    read: Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Answer:
    status: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


EarlyAnswer = Callable[[Asked], Answer | None]
"""Called in the one thread that reads every connection: quick, and never waiting for anything."""

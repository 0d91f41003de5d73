"""ODK Central's header X-Extended-Metadata, by which a client asks for more of each thing."""

from flask import request


def is_extended() -> bool:
    return request.headers.get("X-Extended-Metadata", "").lower() == "true"

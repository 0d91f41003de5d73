"""Parse what is sent as JSON, but for what JSON can write and no database and no answer can: NUL, half a character."""

import json
import re
from typing import Any

# Such a character is always an escape: raw, it is no JSON, or no UTF-8.
_CAN_HAVE_ONE = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_NUL, _REPLACEMENT = "\0", "\ufffd"


def parse_json(sent: bytes) -> Any:
    """Parse a body; raise ValueError for what is none, also when it is too deep to be read."""
    try:
        parsed = json.loads(sent.decode("utf-8-sig"))
        return _mend(parsed) if _CAN_HAVE_ONE.search(sent) else parsed
    except RecursionError as error:
        raise ValueError("brackets in brackets, a thousand deep") from error


def _mend(value: Any) -> Any:
    if isinstance(value, str):
        return _mend_text(value)
    if isinstance(value, list):
        return [_mend(each) for each in value]
    if isinstance(value, dict):
        return {_mend_text(name): _mend(each) for name, each in value.items()}
    return value


def _mend_text(text: str) -> str:
    whole = text.replace(_NUL, _REPLACEMENT)
    return whole if whole.isascii() else whole.encode("utf-16", "surrogatepass").decode("utf-16", "replace")

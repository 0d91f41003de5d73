"""Draw a QR code for the terminal."""

import sys
from io import StringIO

import segno


def draw_code(code: segno.QRCode) -> str:
    """Draw two rows of modules to a line, or full blocks where letters fail."""
    drawing = StringIO()
    code.terminal(out=drawing, border=2, compact=_can_say("▀▄█"))
    return drawing.getvalue().rstrip("\n")


def _can_say(letters: str) -> bool:
    try:
        letters.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True

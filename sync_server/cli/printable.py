"""Write what strangers called their things, on a terminal."""

import unicodedata

_COMMANDS = ("Cc", "Cf", "Cs")  # controls, unseen signs that turn the order of letters, halves of letters


def printable(text: str) -> str:
    """Replace whatever would command the terminal, or make it show another name than is there."""
    return "".join("\ufffd" if unicodedata.category(letter) in _COMMANDS else letter for letter in text)

"""Refuse passwords that are quickly guessed: by how long guessing takes (zxcvbn), not by which signs they have."""

from sync_server.account_errors import PasswordTooEasy, PasswordTooLong, PasswordTooShort

SHORTEST = 10  # as ODK Central
LONGEST = 1000
# 0 to 4; 3 withstands whoever stole the hashes for a while: 10^8 guesses at least.
LEAST_SCORE = 3
# zxcvbn's work grows faster than the password; what comes after these adds nothing that is needed.
_LOOKED_AT = 72
_WORDS_LOOKED_AT = 20


def require_strength(password: str, *about: str) -> None:
    """Raise PasswordTooShort, PasswordTooLong or PasswordTooEasy; `about` is the person's name and e-mail."""
    if len(password) < SHORTEST:
        raise PasswordTooShort(length=SHORTEST)
    if len(password) > LONGEST:
        raise PasswordTooLong(length=LONGEST)
    from zxcvbn import zxcvbn  # here: its word lists take memory, and most processes set no password

    found = zxcvbn(password[:_LOOKED_AT], user_inputs=_words(about))
    if found["score"] < LEAST_SCORE:
        raise PasswordTooEasy


def _words(about: tuple[str, ...]) -> list[str]:
    """Take names and addresses apart, each part and the whole, within reason."""
    whole = [text[:_LOOKED_AT].casefold() for text in about if text]
    parts = [part for text in whole for part in text.replace("@", " ").replace(".", " ").split()]
    return [*whole, *parts][:_WORDS_LOOKED_AT]

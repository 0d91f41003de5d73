"""What keeps a person, a tablet or a program from coming in, or an account from being changed.

Problems like those of errors.py: codes as ODK Central's where it has one, ours from .91 on.
"""

from sync_server.errors import Problem


class PasswordTooShort(Problem):
    code = "400.21"
    message = "The password is too short. Choose one of {length} characters or more."


class PasswordTooEasy(Problem):
    code = "400.121"
    message = (
        "This password is too easy to guess. Take four words that have nothing to do with each other, or let a "
        "password manager make one; leave out names, places, dates and what stands in your e-mail."
    )


class PasswordTooLong(Problem):
    code = "400.122"
    message = "The password is too long. Choose one of {length} characters or fewer."


class NoSession(Problem):
    code = "404.1"
    message = "This request belongs to no session. Sign in first."


class NoSuchPreference(Problem):
    code = "404.1"
    message = "There is no preference '{name}' to delete."


class AccountExists(Problem):
    code = "409.3"
    message = "There is an account with the e-mail {email} already. Change its password instead, or use another e-mail."


class UnknownToken(Problem):
    code = "403.91"
    message = (
        "This server does not know this tablet. Nothing is lost: keep the forms on the tablet, and ask the coordinator "
        "for the tablet's QR code to scan it again."
    )


class RevokedToken(Problem):
    code = "403.92"
    message = (
        "This tablet's access was ended, so it gets no more forms. What it still sends is kept. Ask the coordinator "
        "for a new QR code."
    )


class ResetCodeOver(Problem):
    code = "403.121"
    message = (
        "This code was used before, is older than a day, or was never given. Ask an administrator of this server for a "
        "new one."
    )


class AuthenticationFailed(Problem):
    code = "401.2"
    message = "The user name or the password is not right. Check both and try again."


class WrongCode(AuthenticationFailed):
    code = "401.121"
    message = (
        "This code is not right, or was used before. Wait for the next one in your app, or use a recovery code; check "
        "that the phone's clock is right."
    )


class CodeNeeded(Problem):
    code = "401.122"
    message = "This account signs in with a code from an app as well. Send it beside the password, as 'code'."


class SessionNeeded(Problem):
    code = "401.123"
    message = (
        "This account has two-factor sign-in, so its password alone opens nothing. Sign in with the code, or give the "
        "program an account of its own with no more than it needs."
    )


class TwoFactorMissing(Problem):
    code = "401.124"
    message = (
        "Accounts with this role must sign in with a code as well, and this one does not yet. Sign in once on this "
        "server's pages with a browser, and set it up there."
    )


class HttpsOnly(Problem):
    code = "401.3"
    message = (
        "This way of signing in is only safe over https, which this address is not. Use an https address, or let an "
        "administrator turn on Digest for the account."
    )


class LoginRequired(Problem):
    code = "401.4"
    message = "Sign in to see this: enter the user name and the password you were given."


class LastAdministrator(Problem):
    code = "409.121"
    message = "This is the last administrator of this server, and nobody could let another in. Name another one first."


class TooManyAttempts(Problem):
    code = "429.91"
    message = "Too many wrong passwords. Wait {minutes} min, then try again."

    @property
    def seconds(self) -> int:
        return 60 * int(self.details["minutes"])

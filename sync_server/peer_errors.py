"""Problems between nodes: pairing, what a peer sends, and projects that another node leads."""

from sync_server.errors import Problem


class BatchUnreadable(Problem):
    code = "400.97"
    message = (
        "What the other node sent could not be read: {reason}. Nothing of it was taken, and nothing is lost: it is "
        "sent again."
    )


class LedElsewhere(Problem):
    code = "409.92"
    message = "This project is led by {home}. Do this there: it comes here with the next synchronisation."


class CodeAtHome(Problem):
    code = "409.94"
    message = (
        "This tablet was added at {home}, and its code can be shown there only. It works here as well: let the tablet "
        "scan the code there, or add the tablet here anew."
    )


class PeerAway(Problem):
    code = "503.93"
    message = "The other node could not be reached: {reason}. Nothing is lost: this node tries again by itself."


class ProtocolUnknown(Problem):
    code = "400.98"
    message = (
        "The other node speaks version {theirs} of the replication protocol, this one {ours}. Update the older one."
    )


class CursorElsewhere(Problem):
    code = "409.93"
    message = "This batch does not follow what was taken before (feed {epoch}, change {seq}). It is sent from there."


class PeerStopped(Problem):
    code = "403.94"
    message = (
        "This machine is a copy of another that synchronises under the same name, so nothing of it was taken. Nothing "
        "is lost. If both are to go on, give this one an identity of its own: sync-server pair renew."
    )


class PeerRevoked(Problem):
    code = "403.95"
    message = "The other node ended the pairing with this one. Ask its administrator for a new code."


class PairingRefused(Problem):
    code = "403.96"
    message = "The code was not accepted: {reason}. Ask the administrator of the other node for a new one."

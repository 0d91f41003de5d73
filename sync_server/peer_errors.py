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


class ErasedAtHome(Problem):
    code = "409.912"
    message = (
        "Part of this was received elsewhere, and this project is led by {home}. Erase it there: it goes from here "
        "with the next synchronisation."
    )


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


class RoundUnderWay(Problem):
    code = "409.97"
    message = "This node is synchronising with {name} already, from another process. Wait until that is done."


class PairingEnded(Problem):
    code = "409.98"
    message = "The pairing with {name} has ended, so nothing goes there or comes from there any more."


class FilesMissing(Problem):
    code = "409.99"
    message = (
        "{count} file(s) are still on their way: the node that should have them did not give them. They are asked for "
        "again with the next synchronisation."
    )


class AddressRefused(Problem):
    code = "400.99"
    message = "{url} cannot be the other node's address: {reason}"


class AlreadyJoined(Problem):
    code = "409.911"
    message = "Project {project} is led by {home} already: it cannot join a second node."


class JoinUnclear(Problem):
    code = "409.95"
    message = (
        "Several projects here could be the one that joins: {projects}. Say which (--join and its number), or --join "
        "new to begin an empty one."
    )


class NameTaken(Problem):
    code = "409.96"
    message = "A node called {name} is paired already. End that first (sync-server pair revoke), or have it replaced."


class IdentityRenewed(Problem):
    code = "503.94"
    message = "This node was given a new identity while it was running. Start the server again; nothing is lost."


class PeerUnknown(Problem):
    code = "401.93"
    message = (
        "The other node does not know this one, or knows it by another key. Ask its administrator for a code, and pair "
        "the two with it."
    )


class SessionOver(Problem):
    code = "401.94"
    message = (
        "This session between two nodes is over. It begins anew with a greeting, which the program does by itself."
    )


class PeerIsAnother(Problem):
    code = "502.91"
    message = (
        "At {address} another node answers than the one this one was paired with, so nothing was sent. Check the "
        "address; if that node was set up anew, pair again."
    )


class PeerRefused(Problem):
    code = "502.92"
    message = "The other node refused this: {reason}"


class RequestTooLarge(Problem):
    code = "413.95"
    message = "A request between nodes may have {limit} bytes, and this one has {size}. Nothing of it was taken."


class BundleDamaged(Problem):
    code = "400.910"
    message = (
        "The bundle {file} is damaged or not complete: {reason}. Nothing of it was taken. Copy it once more with all "
        "its volumes, or let the other node make it again."
    )


class BundleVolumeMissing(Problem):
    code = "400.913"
    message = (
        "Of the bundle {file} the volume .{number} is missing. Nothing of it was taken. Copy all its volumes, and take "
        "them together."
    )


class BundleEndMissing(Problem):
    code = "400.914"
    message = (
        "{file} is a volume of a bundle whose last volume, which has no number, is missing. Nothing of it was taken. "
        "Copy all its volumes, and take them together."
    )


class BundleForAnother(Problem):
    code = "403.97"
    message = "{file} was made for another node, and only that one can open it. Nothing of it was taken."


class BundleFromStranger(Problem):
    code = "403.98"
    message = (
        "{file} comes from a node that this one is not paired with, or that has another key by now. Nothing of it was "
        "taken. Pair the two nodes first."
    )


class BundleOutdated(Problem):
    code = "409.913"
    message = (
        "{file} is outdated: {reason}. Nothing of it was taken. Carry {file}.ack back to {name}, if it is there, and "
        "let a new bundle be made."
    )


class BundleMissing(Problem):
    code = "409.914"
    message = (
        "Before {file} another bundle of {name} has to be taken: this one begins after change {since}, and here is "
        "only what came up to change {seq}. Nothing of it was taken. Take the one before first, or carry {file}.ack "
        "back: the next bundle then begins where it should."
    )


class BundleTooNew(Problem):
    code = "400.911"
    message = "{file} was made by a newer version of this program. Nothing of it was taken. Update this node first."


class BundleUnreadable(Problem):
    code = "503.95"
    message = (
        "{file} could not be read to its end: {reason}. Was the stick pulled out? What was taken is stored; put it in "
        "again and repeat it."
    )


class BundleUnwritable(Problem):
    code = "500.126"
    message = (
        "The bundle could not be written to {file}: {reason}. No bundle is there under this name. Repeat it when "
        "that is mended: whole volumes that are there are used."
    )


class BundleNoRoom(Problem):
    code = "507.95"
    message = (
        "The bundle needs {needed} bytes, and in {folder} only {free} are free. No bundle was written. Make room there "
        "or take a larger stick, and repeat it."
    )


class NoRoomToTake(Problem):
    code = "507.96"
    message = (
        "To take {file} this node needs {needed} bytes, and its disk has not so much to spare. Nothing of it was "
        "taken. Make room on the disk of the data folder, and repeat it."
    )


class TooManyFiles(Problem):
    code = "413.96"
    message = "More than {most} files came at once. Nothing was taken. Take them in several goes."


class NothingHeardYet(Problem):
    code = "409.915"
    message = (
        "This node has heard nothing of {name} yet, so a bundle for it would be refused. Take a bundle of {name} "
        "first, or synchronise once."
    )


class StillMarking(Problem):
    code = "503.96"
    message = (
        "This node was upgraded or restored, and is still looking through what it holds. Ask again in a few minutes; "
        "until then everything else goes on as ever."
    )


class PeerTooOld(Problem):
    code = "501.92"
    message = "The program of {name} does not know this yet. Update it there; synchronising goes on as it is."


class ComparedFromHub(Problem):
    code = "409.916"
    message = "{name} is an office that calls this node and cannot be called. Compare there, with this node."


class NotSharedWith(Problem):
    code = "409.917"
    message = (
        "Project {project} is shared with no node called {name}. Those there are stand on the page Centre, and are "
        "listed by sync-server pair list."
    )


class ComparisonUnderWay(Problem):
    code = "409.918"
    message = "Somebody else is comparing the nodes just now. Ask again in half a minute."


class PairingFileRefused(Problem):
    code = "400.912"
    message = "{file} cannot be used to pair: {reason}. Nothing was changed."


class PairingFileUnwritable(Problem):
    code = "500.127"
    message = (
        "{file} could not be written: {reason}. No such file is there. Repeat the command when that is mended, or name "
        "another place."
    )


class StillWorkingIn(Problem):
    code = "503.97"
    message = "The other node is still working in what it received. Nothing is lost: ask again in a few minutes."


class NoAddress(Problem):
    code = "409.919"
    message = (
        "{name} was paired by stick, and this node knows no address of it. Carry bundles, or give it an address: "
        "sync-server pair address."
    )

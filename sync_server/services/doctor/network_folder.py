"""Is the data folder on a network share? SQLite's locks do not hold there. Known where the system lists its mounts."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from sync_server.services.doctor.finding import Finding, act
from sync_server.services.doctor.scene import Scene

MOUNTS = Path("/proc/self/mounts")
SHARES = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "afs", "davfs", "fuse.davfs2")


def check_network_folder(scene: Scene) -> Iterator[Finding]:
    try:
        mounts = MOUNTS.read_text("utf-8", errors="replace")
    except OSError:
        return
    kind = find_kind(mounts, PurePosixPath(scene.settings.data.resolve()))
    if kind in SHARES and scene.settings.is_sqlite:
        found = f"It is on a network share ({kind}), where SQLite's locks do not hold."
        yield act("data folder", found, "Stop the server and move the folder to a disk of this machine.")


def find_kind(mounts: str, folder: PurePosixPath) -> str:
    """Return the kind of file system of the longest mount point above the folder."""
    best, kind = -1, ""
    for line in mounts.splitlines():
        _device, point, found, *_ = line.split()
        depth = len(PurePosixPath(point.replace("\\040", " ")).parts)
        if depth >= best and folder.is_relative_to(point.replace("\\040", " ")):
            best, kind = depth, found
    return kind

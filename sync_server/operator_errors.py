"""What keeps a node from starting or a command from doing its work, said to the person at the machine.

Problems like those of errors.py, with codes from 500.100 on; hardly any of them is ever sent to a client.
"""

from sync_server.errors import Problem


class ImpossibleSetting(Problem):
    code = "500.91"
    message = "The setting {name} cannot be {value}: {reason}"


class DataMissing(Problem):
    code = "500.92"
    message = (
        "The folder {folder} belongs to a node whose database is gone. Restore the database from a back-up, or choose "
        "an empty folder to begin a new node. Nothing was changed."
    )


class DatabaseTooNew(Problem):
    code = "500.93"
    message = "The database was made by a newer version of this program (revision {revision}). Install that version."


class SealBroken(Problem):
    code = "500.94"
    message = (
        "The token cannot be shown: the database was sealed with the key of another node. Put the file node.key back "
        "beside the database, or revoke this device and add it anew."
    )


class AddressTaken(Problem):
    code = "500.95"
    message = (
        "Cannot listen on {host} port {port}: {reason}. Is the server running already? "
        "Stop it first, or choose another port with --port."
    )


class FolderUnusable(Problem):
    code = "500.96"
    message = (
        "The data folder {folder} cannot be used: {reason}. Give this account the right to write there, or choose "
        "another folder with --data."
    )


class DatabaseUnusable(Problem):
    code = "500.97"
    message = (
        "The database cannot be used: {reason}. Check that it runs, that its address is right, that this account may "
        "write to it, and that the disk is not full; then try again."
    )


class NoNodeHere(Problem):
    code = "500.98"
    message = (
        "There is no node in the folder {folder}, so there is nothing to show. Name the right folder with --data or "
        "SYNC_DATA; `sync-server serve` begins a new node."
    )


class BackupFolderMissing(Problem):
    code = "500.110"
    message = (
        "The folder for back-ups, {folder}, is not there, so no back-up was made. Plug in the disk, or name another "
        "folder (setting backup_folder)."
    )


class BackupNotSealed(Problem):
    code = "500.111"
    message = (
        "A back-up holds everything about everyone, and is only written encrypted. Set a passphrase "
        "(SYNC_BACKUP_PASSPHRASE_FILE) or a public key (SYNC_BACKUP_PUBLIC_KEY), and keep it where this machine is not."
    )


class WrongBackupSecret(Problem):
    code = "500.112"
    message = (
        "This passphrase or private key does not open the back-up of {made_at}. Nothing was touched. Use the one that "
        "was set when it was made."
    )


class BackupDamaged(Problem):
    code = "500.113"
    message = (
        "The back-up is damaged at {name}, and nothing was touched. Try an older one, or a copy of it on another disk."
    )


class NoBackupHere(Problem):
    code = "500.114"
    message = (
        "There is no back-up in {folder}. Name a file that ends in .backup, or a folder with the back-ups of one node."
    )


class FolderNotEmpty(Problem):
    code = "500.115"
    message = (
        "The folder {folder} is not empty, and a restore never writes over what is there. Nothing was touched. Name a "
        "new folder with --data."
    )


class OtherDatabase(Problem):
    code = "500.116"
    message = (
        "This back-up needs {needed}, and the setting database_url names something else or a database in use. Nothing "
        "was touched. For PostgreSQL name an empty database; for SQLite leave it empty."
    )


class DatabaseToolMissing(Problem):
    code = "500.117"
    message = (
        "{tool} is not installed, or is older than the database server (version {version}). Install PostgreSQL's "
        "client programs of the server's version or later."
    )


class DatabaseToolFailed(Problem):
    code = "500.118"
    message = "{tool} failed: {reason}"


class RestoreUnfinished(Problem):
    code = "500.119"
    message = (
        "A restore into the folder {folder} is under way or was broken off. Wait for its end; if it was broken off, "
        "delete the folder and restore again."
    )


class SegmentDamaged(Problem):
    code = "500.122"
    message = (
        "A file of this form's tables is damaged or missing ({blob}). The submissions themselves are whole, and the "
        "file is being made again from them: try again in a minute."
    )


class BlobStoreRefused(Problem):
    code = "500.120"
    message = "The store of files, {url}, cannot be used: {reason} ({code})."


class BlobStoreNotInstalled(Problem):
    code = "500.121"
    message = (
        "The files of this node are to be in S3 (setting blob_url), and what speaks S3 is not installed. Install it "
        "with: pip install 'sync-server[s3]'"
    )


class NamesNotInstalled(Problem):
    code = "500.132"
    message = (
        "This node is to answer to a name on its network (setting mdns_name), and what answers is not installed. "
        "Install it with: pip install 'sync-server[mdns]'"
    )


class JournalDamaged(Problem):
    code = "500.125"
    message = (
        "The journal of erasures {file} cannot be read at line {line}. Nothing was restored: without it, what was "
        "erased would come back. Name another copy with --erasures, from the data folder or beside the back-ups."
    )


class NoTabletFolder(Problem):
    code = "500.130"
    message = (
        "There are no filled forms of ODK Collect in {folder}. Copy the folder "
        "Android/data/org.odk.collect.android/files from the tablet (KoboCollect: org.koboc.collect.android; before "
        "2021: odk), or its folder instances, and name the copy."
    )


class SeveralTabletProjects(Problem):
    code = "500.131"
    message = (
        "Several projects of ODK Collect are in {folder}, and some may be another organisation's. Nothing was taken. "
        "See what is in them with --list, and name the folder of the one you mean: {projects}"
    )


class NoSpaceForBackup(Problem):
    code = "507.93"
    message = (
        "The disk has not enough room for the copy of the database from which a back-up is made ({size} bytes). Make "
        "space, then try again."
    )


class NoSpaceForUpgrade(Problem):
    code = "507.94"
    message = (
        "This program is newer than the data. Before it changes them it keeps a copy of the database, for which the "
        "disk has no room ({size} bytes). Nothing was changed: make space and start again, or go on with the program "
        "you had."
    )

"""Every setting of a node: name, default, help.

One table feeds the environment (`SYNC_` + the name in capitals), the TOML file, the command's flags, `--help` and
docs/settings.md. A secret may also come from a file whose path is in `SYNC_…_FILE`. A flag wins over the
environment, the environment over the TOML file, the file over the default. An impossible value stops the start.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from sync_server.operator_errors import ImpossibleSetting

TWO_FACTOR_ROLES = ("admin", "manager", "coordinator", "mne", "protection", "viewer")
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


def _setting(default: Any, help_text: str, *, is_secret: bool = False) -> Any:
    return field(default=default, metadata={"help": help_text, "secret": is_secret}, repr=not is_secret)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    data: Path = _setting(Path("data"), "Folder of this node: database, files and keys. Back it up; never share it.")
    host: str = _setting("127.0.0.1", "Address to listen on. 0.0.0.0 lets tablets on the local network in.")
    port: int = _setting(8080, "Port to listen on.")
    database_url: str = _setting(
        "", "PostgreSQL, as postgresql+psycopg://user@host/name. Empty: SQLite in the data folder.", is_secret=True
    )
    node_key: str = _setting(
        "", "Key of this node, when several machines serve it: what is in node.key of the first.", is_secret=True
    )
    blob_url: str = _setting(
        "", "Where photos and files are kept, such as s3://bucket/node. Empty: in the data folder."
    )
    s3_endpoint: str = _setting("", "Address of an S3 that is not Amazon's, such as https://minio.example.org.")
    s3_region: str = _setting("", "Region of the bucket. Empty: as the environment says, else us-east-1.")
    s3_access_key: str = _setting(
        "", "Access key for S3. Empty: credentials of the environment or of the machine's role.", is_secret=True
    )
    s3_secret_key: str = _setting("", "Secret key for S3, with s3_access_key.", is_secret=True)
    s3_encryption: str = _setting(
        "", "Encryption there: AES256, aws:kms or aws:kms:KEY. Empty: as the bucket is set up."
    )
    s3_copies_bytes: int = _setting(5_000_000_000, "Disk space for copies of what is read from S3 again and again.")
    public_url: str = _setting(
        "", "Address under which tablets reach this node, such as https://hub.example.org. Empty: from the request."
    )
    mdns_name: str = _setting(
        "", "Name under which this node answers on its network, such as sync-hub for sync-hub.local. Empty: none."
    )
    node_name: str = _setting("", "What people call this node, such as 'Mosul office'. Empty: the machine's name.")
    admin_email: str = _setting("", "E-mail of the first administrator. Empty: admin@localhost.")
    admin_password: str = _setting(
        "", "Password of the first administrator. Empty: one is made and printed once.", is_secret=True
    )
    forms: Path | None = _setting(None, "Folder of forms to publish at start. Empty: the forms that come along.")
    timezone: str = _setting("Asia/Baghdad", "Local time zone, for people; everything is stored in UTC.")
    threads: int = _setting(64, "Requests answered at the same time by one process.")
    processes: int = _setting(1, "Serving processes. More than one needs PostgreSQL.")
    chunk_bytes: int = _setting(
        5_000_000, "Size at which tablets split an upload into several; a broken upload repeats only its part."
    )
    max_upload_bytes: int = _setting(0, "Largest upload accepted, in bytes. 0: no limit but the disk.")
    min_free_bytes: int = _setting(
        200_000_000, "Free disk space below which uploads are turned away, so that the database can always finish."
    )
    require_two_factor: str = _setting(
        "", "Roles that must sign in with a code as well, such as 'admin,mne'. Empty: only who turned it on."
    )
    smtp_host: str = _setting("", "Mail server through which codes for a new password are sent. Empty: no e-mail.")
    smtp_port: int = _setting(587, "Port of the mail server.")
    smtp_tls: str = _setting("starttls", "How the mail server is spoken to: starttls, tls (often port 465) or none.")
    smtp_user: str = _setting("", "Name with which to sign in at the mail server. Empty: without.")
    smtp_password: str = _setting("", "Password with which to sign in at the mail server.", is_secret=True)
    smtp_from: str = _setting("", "Sender of the e-mails, such as sync@example.org.")
    backup_folder: Path | None = _setting(
        None, "Folder for back-ups, such as one on a USB disk; while it is not there none is made. Empty: no schedule."
    )
    backup_passphrase: str = _setting("", "Passphrase that opens the back-ups.", is_secret=True)
    backup_public_key: str = _setting(
        "", "Public key to which back-ups are sealed in place of a passphrase; `backup --new-key` makes one."
    )
    backup_hours: int = _setting(24, "Hours from one scheduled back-up to the next.")
    backup_keep_days: int = _setting(7, "Back-ups kept: the newest of this many days.")
    backup_keep_weeks: int = _setting(5, "Back-ups kept: the newest of this many weeks.")
    warehouse_memory_mb: int = _setting(
        200, "Megabytes of memory for reading and building the tables of exports; beyond it the disk is used."
    )
    export_cache_mb: int = _setting(
        1000, "Megabytes of disk for parts of exports, so that the next export makes only what is new."
    )
    sync_minutes: int = _setting(
        15, "Minutes from one synchronisation with the centre to the next. 0: only when somebody asks for one."
    )
    sync_quiet_seconds: int = _setting(
        60, "Seconds without anything new after which what waits is sent, without waiting for its turn."
    )
    sync_quiet_hours: str = _setting(
        "", "Hours in which nothing is synchronised unless somebody asks, such as 22:00-05:00. Empty: none."
    )
    sync_kbit: int = _setting(0, "Largest speed of synchronising, in kilobits a second. 0: as fast as the line.")
    sync_proxy: str = _setting(
        "",
        "Proxy through which the centre is reached, such as http://proxy:3128. Empty: as the environment says.",
        is_secret=True,
    )
    sync_ca_file: str = _setting(
        "", "File of certificates to trust when the centre's is not from a public authority. Empty: the public ones."
    )
    trusted_proxies: int = _setting(0, "How many reverse proxies in front set X-Forwarded-For, -Proto and -Host.")
    log_level: str = _setting("INFO", "What `serve` logs: DEBUG, INFO, WARNING or ERROR.")

    @classmethod
    def load(
        cls,
        flags: Mapping[str, Any] | None = None,
        *,
        environ: Mapping[str, str] = os.environ,
        file: Path | None = None,
    ) -> "Settings":
        """Read the settings; raise ImpossibleSetting, naming the setting, when one cannot be."""
        toml = _read_toml(file or (Path(environ["SYNC_CONFIG"]) if environ.get("SYNC_CONFIG") else None))
        given = {**toml, **_from_environ(environ), **{k: v for k, v in (flags or {}).items() if v is not None}}
        unknown = sorted(set(given) - {f.name for f in fields(cls)})
        if unknown:
            raise ImpossibleSetting(name=unknown[0], value=given[unknown[0]], reason="there is no such setting.")
        settings = cls(**{name: _convert(name, value) for name, value in given.items()})
        settings._check()
        return settings

    @property
    def effective_database_url(self) -> str:
        return self.database_url or f"sqlite:///{(self.data / 'sync.db').as_posix()}"

    @property
    def is_sqlite(self) -> bool:
        return self.effective_database_url.startswith("sqlite")

    def _check(self) -> None:
        _require(0 < self.port < 65536, "port", self.port, "a port is a number from 1 to 65535.")
        _require(self.threads > 0, "threads", self.threads, "at least one is needed.")
        _require(self.processes > 0, "processes", self.processes, "at least one is needed.")
        _require(self.processes == 1 or not self.is_sqlite, "processes", self.processes, "SQLite is served by one.")
        for name in ("max_upload_bytes", "min_free_bytes", "trusted_proxies"):
            _require(getattr(self, name) >= 0, name, getattr(self, name), "it must not be negative.")
        _require(self.export_cache_mb >= 0, "export_cache_mb", self.export_cache_mb, "it must not be negative.")
        memory = self.warehouse_memory_mb
        _require(memory >= 100, "warehouse_memory_mb", memory, "with less than 100 no table is built.")
        _require(self.chunk_bytes >= 10_000, "chunk_bytes", self.chunk_bytes, "a form alone has more; 10000 is least.")
        _require(not self.public_url or _is_address(self.public_url), "public_url", self.public_url, _AN_ADDRESS)
        _require(self.forms is None or self.forms.is_dir(), "forms", self.forms, "there is no such folder.")
        _require(_is_database(self.database_url), "database_url", "what it is (not shown here)", _A_DATABASE)
        levels = ("DEBUG", "INFO", "WARNING", "ERROR")
        _require(self.log_level in levels, "log_level", self.log_level, f"choose one of {', '.join(levels)}.")
        try:
            ZoneInfo(self.timezone)
        except (KeyError, ValueError) as error:
            raise ImpossibleSetting(name="timezone", value=self.timezone, reason="no such time zone.") from error

        self._check_name()
        self._check_backup()
        self._check_mail()
        self._check_sync()
        roles = {role for role in self.require_two_factor.split(",") if role}
        unknown = sorted(roles - set(TWO_FACTOR_ROLES))
        known = f"choose among {', '.join(TWO_FACTOR_ROLES)}, with commas between."
        _require(not unknown, "require_two_factor", self.require_two_factor, known)

    def _check_name(self) -> None:
        is_label = re.fullmatch("|[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", self.mdns_name) is not None
        told = "write it as sync-hub: small letters, digits and hyphens; .local is added."
        _require(is_label, "mdns_name", self.mdns_name, told)
        _require(not self.mdns_name or self.processes == 1, "mdns_name", self.mdns_name, "one serving process only.")

    def _check_sync(self) -> None:
        for name in ("sync_minutes", "sync_quiet_seconds", "sync_kbit"):
            _require(getattr(self, name) >= 0, name, getattr(self, name), "it must not be negative.")
        is_hours = not self.sync_quiet_hours or re.fullmatch(f"{_HOUR}-{_HOUR}", self.sync_quiet_hours) is not None
        _require(is_hours, "sync_quiet_hours", self.sync_quiet_hours, "write it as 22:00-05:00.")
        is_proxy = not self.sync_proxy or _is_address(self.sync_proxy)
        _require(is_proxy, "sync_proxy", "what it is (not shown here)", "write it as http://proxy:3128.")
        is_file = not self.sync_ca_file or Path(self.sync_ca_file).is_file()
        _require(is_file, "sync_ca_file", self.sync_ca_file, "there is no such file.")

    def _check_mail(self) -> None:
        _require(0 < self.smtp_port < 65536, "smtp_port", self.smtp_port, "a port is a number from 1 to 65535.")
        kinds = ("starttls", "tls", "none")
        _require(self.smtp_tls in kinds, "smtp_tls", self.smtp_tls, f"choose one of {', '.join(kinds)}.")
        _require(not self.smtp_host or "@" in self.smtp_from, "smtp_from", self.smtp_from, "an e-mail needs a sender.")
        is_open = self.smtp_tls == "none" and bool(self.smtp_password) and self.smtp_host not in _THIS_MACHINE
        _require(not is_open, "smtp_tls", self.smtp_tls, "a password must not travel in the open.")
        self._check_blobs()

    def _check_blobs(self) -> None:
        is_place = not self.blob_url or re.fullmatch(_BUCKET, self.blob_url) is not None
        _require(is_place, "blob_url", self.blob_url, "write it as s3://bucket/folder.")
        is_endpoint = not self.s3_endpoint or _is_address(self.s3_endpoint)
        _require(is_endpoint, "s3_endpoint", self.s3_endpoint, _AN_ADDRESS)
        has_both = bool(self.s3_access_key) == bool(self.s3_secret_key)
        _require(has_both, "s3_access_key", "given or missing alone", "give it together with s3_secret_key.")
        is_known = re.fullmatch("|AES256|aws:kms(:.+)?", self.s3_encryption) is not None
        _require(is_known, "s3_encryption", self.s3_encryption, "choose AES256, aws:kms or aws:kms:KEY.")
        _require(self.s3_copies_bytes >= 0, "s3_copies_bytes", self.s3_copies_bytes, "it must not be negative.")
        is_key = not self.node_key or re.fullmatch("[0-9a-f]{64}", self.node_key) is not None
        _require(is_key, "node_key", "what it is (not shown here)", "a key has 64 digits and letters a to f.")

    def _check_backup(self) -> None:
        for name in ("backup_keep_days", "backup_keep_weeks"):
            _require(getattr(self, name) >= 0, name, getattr(self, name), "it must not be negative.")
        _require(self.backup_hours > 0, "backup_hours", self.backup_hours, "at least one hour is needed.")
        is_key = not self.backup_public_key or re.fullmatch("[0-9a-f]{64}", self.backup_public_key) is not None
        _require(is_key, "backup_public_key", self.backup_public_key, "a key has 64 digits and letters a to f.")
        is_one = not (self.backup_public_key and self.backup_passphrase)
        _require(is_one, "backup_public_key", "given", "choose it or backup_passphrase, not both.")


SETTINGS = fields(Settings)


def _read_toml(file: Path | None) -> dict[str, Any]:
    if file is None:
        return {}
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise ImpossibleSetting(name="config", value=file, reason=_cannot_read(error)) from error
    except ValueError as error:
        raise ImpossibleSetting(name="config", value=file, reason=f"it is no TOML: {error}.") from error


def _cannot_read(error: OSError) -> str:
    return f"it cannot be read: {error.strerror or error}."


def _from_environ(environ: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for setting in SETTINGS:
        name = f"SYNC_{setting.name.upper()}"
        if environ.get(name):
            found[setting.name] = environ[name]
        elif setting.metadata["secret"] and environ.get(f"{name}_FILE"):
            found[setting.name] = _read_secret(f"{name}_FILE", Path(environ[f"{name}_FILE"]))
    _refuse_unknown(environ)
    return found


def _read_secret(name: str, file: Path) -> str:
    try:
        return file.read_text("utf-8").strip()
    except OSError as error:
        raise ImpossibleSetting(name=name, value=file, reason=_cannot_read(error)) from error


def _refuse_unknown(environ: Mapping[str, str]) -> None:
    """A misspelt name would else mean the default, silently: another folder, another database."""
    names = {f"SYNC_{setting.name.upper()}" for setting in SETTINGS}
    secrets = {f"SYNC_{setting.name.upper()}_FILE" for setting in SETTINGS if setting.metadata["secret"]}
    for name in sorted(environ):
        is_known = name in names or name in secrets or name == "SYNC_CONFIG"
        _require(is_known or not name.startswith("SYNC_"), name, "given", "there is no such setting.")


def _convert(name: str, value: Any) -> Any:
    kind = next(f.type for f in SETTINGS if f.name == name)
    try:
        if kind is int:
            return int(value)
        return Path(value) if "Path" in str(kind) else str(value)
    except (TypeError, ValueError) as error:
        raise ImpossibleSetting(name=name, value=value, reason="a whole number is needed.") from error


_HOUR = r"([01]\d|2[0-3]):[0-5]\d"
_BUCKET = "s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9._/-]*)?"
_AN_ADDRESS = "write a whole address, such as https://hub.example.org."
_A_DATABASE = "write it as postgresql+psycopg://user@host/name."


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False


def _is_database(url: str) -> bool:
    return not url or url.startswith(("postgresql+psycopg://", "sqlite:///"))


def _require(is_possible: bool, name: str, value: Any, reason: str) -> None:
    if not is_possible:
        raise ImpossibleSetting(name=name, value=value, reason=reason)

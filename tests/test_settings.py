"""Settings: one table, four sources, and an impossible value stops the start."""

from pathlib import Path

import pytest

from sync_server.operator_errors import ImpossibleSetting
from sync_server.settings import SETTINGS, Settings


def test_a_flag_wins_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "node.toml"
    file.write_text('port = 1001\nhost = "10.0.0.1"\nnode_name = "Mosul"\n')
    environ = {"SYNC_PORT": "1002", "SYNC_HOST": "10.0.0.2"}
    settings = Settings.load({"port": "1003", "host": None}, environ=environ, file=file)
    assert (settings.port, settings.host, settings.node_name) == (1003, "10.0.0.2", "Mosul")


def test_the_file_can_be_named_by_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "node.toml"
    file.write_text("port = 1001\n")
    assert Settings.load(environ={"SYNC_CONFIG": str(file)}).port == 1001


def test_a_secret_can_come_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("a long password\n")
    settings = Settings.load(environ={"SYNC_ADMIN_PASSWORD_FILE": str(secret)})
    assert settings.admin_password == "a long password"


def test_a_secret_whose_file_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(ImpossibleSetting, match="cannot be read"):
        Settings.load(environ={"SYNC_ADMIN_PASSWORD_FILE": str(tmp_path / "gone")})


def test_secrets_are_never_shown() -> None:
    settings = Settings(
        admin_password="hidden",
        database_url="postgresql+psycopg://u:hidden@h/d",
        node_key="hidden",
        s3_access_key="hidden",
        sync_proxy="http://office:hidden@proxy:3128",
        s3_secret_key="hidden",
    )
    assert "hidden" not in repr(settings)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"port": "0"}, "port"),
        ({"port": "many"}, "port"),
        ({"threads": "0"}, "threads"),
        ({"processes": "2"}, "processes"),
        ({"timezone": "Asia/Atlantis"}, "timezone"),
        ({"mdns_name": "sync-hub.local"}, "mdns_name"),
        ({"mdns_name": "Mosul office"}, "mdns_name"),
        ({"mdns_name": "-hub"}, "mdns_name"),
        ({"log_level": "LOUD"}, "log_level"),
        ({"prot": "8080"}, "prot"),
        ({"max_upload_bytes": "-1"}, "max_upload_bytes"),
        ({"min_free_bytes": "-1"}, "min_free_bytes"),
        ({"trusted_proxies": "-1"}, "trusted_proxies"),
        ({"chunk_bytes": "0"}, "chunk_bytes"),
        ({"public_url": "hub.example.org"}, "public_url"),
        ({"public_url": "https://"}, "public_url"),
        ({"public_url": "http://hub:many"}, "public_url"),
        ({"forms": "no/such/folder"}, "forms"),
        ({"database_url": "postgresql://user@host/name"}, "database_url"),
        ({"blob_url": "https://bucket"}, "blob_url"),
        ({"blob_url": "s3://"}, "blob_url"),
        ({"s3_endpoint": "minio:9000"}, "s3_endpoint"),
        ({"s3_access_key": "AKIA"}, "s3_access_key"),
        ({"s3_encryption": "yes"}, "s3_encryption"),
        ({"s3_copies_bytes": "-1"}, "s3_copies_bytes"),
        ({"node_key": "short"}, "node_key"),
        ({"sync_minutes": "-1"}, "sync_minutes"),
        ({"sync_quiet_seconds": "-1"}, "sync_quiet_seconds"),
        ({"sync_quiet_hours": "at night"}, "sync_quiet_hours"),
        ({"sync_quiet_hours": "22:00-25:00"}, "sync_quiet_hours"),
        ({"sync_kbit": "-1"}, "sync_kbit"),
        ({"sync_proxy": "proxy:3128"}, "sync_proxy"),
        ({"sync_ca_file": "no/such/file.pem"}, "sync_ca_file"),
    ],
)
def test_an_impossible_setting_is_named(given: dict[str, str], named: str) -> None:
    with pytest.raises(ImpossibleSetting) as problem:
        Settings.load(given, environ={})
    assert problem.value.details["name"] == named


def test_a_name_in_the_environment_that_is_no_setting_is_said() -> None:
    with pytest.raises(ImpossibleSetting, match="SYNC_PROT"):
        Settings.load(environ={"SYNC_PROT": "8080"})


def test_an_impossible_secret_is_not_quoted() -> None:
    with pytest.raises(ImpossibleSetting) as problem:
        Settings.load(environ={"SYNC_DATABASE_URL": "mysql://user:hidden@host/name"})
    assert "hidden" not in problem.value.text


def test_a_file_that_is_no_toml_is_said(tmp_path: Path) -> None:
    file = tmp_path / "node.toml"
    file.write_text("port 8080")
    with pytest.raises(ImpossibleSetting, match="node.toml"):
        Settings.load(environ={}, file=file)


def test_every_setting_says_what_it_is_for() -> None:
    assert all(setting.metadata["help"].endswith(".") for setting in SETTINGS)

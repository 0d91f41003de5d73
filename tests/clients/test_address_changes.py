"""A hub's address changes under its tablets, with real networks: who notices, and what finds it again."""

from pathlib import Path

import pytest

from tests.support.local_names import new_name
from tests.support.office_network import OfficeNetwork

pytestmark = pytest.mark.long  # makes networks, which takes root; starts the program many times


def test_the_name_is_told_on_the_network_where_the_server_listens_and_on_no_other(tmp_path: Path) -> None:
    name = new_name()
    with OfficeNetwork() as office:
        here = office.give(20)
        environ = {
            "SYNC_DATA": str(tmp_path / "hub"), "SYNC_HOST": here, "SYNC_MDNS_NAME": name, "SYNC_MIN_FREE_BYTES": "0",
        }  # fmt: skip
        with office.serving(environ, tmp_path / "log"):
            office.ask(f"{name}.local", here)
            assert office.ask_from_beyond(f"{name}.local") == []


def test_the_router_gives_the_hub_another_address(tmp_path: Path) -> None:
    name = new_name()
    environ = {
        "SYNC_DATA": str(tmp_path / "hub"), "SYNC_HOST": "0.0.0.0", "SYNC_PORT": "8080", "SYNC_MDNS_NAME": name,
        "SYNC_MIN_FREE_BYTES": "0", "SYNC_ADMIN_EMAIL": "alice@example.org", "SYNC_ADMIN_PASSWORD": "a long password",
    }  # fmt: skip
    with OfficeNetwork() as office:
        old = office.give(20)
        url = office.at_hub("device", "add", "Tablet 7", environ=environ).stdout.splitlines()[-1]
        assert url.startswith(f"http://{old}:8080/v1/key/"), "without a way out of the network, too"
        with office.serving(environ, tmp_path / "log"):
            assert office.fetch(f"{url}/formList") == 200
            office.ask(f"{name}.local", old)
            assert "tablets" not in office.doctor(environ)

            new = office.give(34)
            [said] = office.doctor(environ)["tablets"]
            assert said["verdict"] == "act"
            told, _, has = said["found"].partition("; ")
            assert told == f"The address on the codes of 1 tablet (Tablet 7) is http://{old}:8080"
            assert (has.startswith("this machine now has "), new in has, old in has) == (True, True, False)
            office.ask(f"{name}.local", new, gone=old)
            [named] = office.doctor(environ)["name"]
            assert (named["verdict"], named["url"]) == ("fine", f"http://{name}.local:8080")

            again = office.at_hub("device", "qr", "Tablet 7", environ=environ).stdout.splitlines()[-1]
            assert again == url.replace(old, new), "the same token at the new address"
            assert "tablets" in office.doctor(environ), "shown, and not scanned yet"
            assert office.fetch(f"{again}/formList") == 200
            assert "tablets" not in office.doctor(environ)

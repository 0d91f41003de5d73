"""A QR code says to Collect what it must, in the form Collect reads."""

import base64
import json
import zlib

from sync_server.core.collect_settings import decode_settings, encode_settings, make_settings

URL = "https://hub.example.org/v1/key/" + "a" * 64 + "/projects/1"


def test_a_code_is_plain_base64_of_zlib_of_json() -> None:
    text = encode_settings(make_settings(URL, project_name="حضور"))
    assert text.isascii()
    assert "\n" not in text
    assert "-" not in text
    assert "_" not in text
    packed = base64.b64decode(text, validate=True)
    assert packed[0] == 0x78  # RFC 1950: with the zlib header
    assert json.loads(zlib.decompress(packed).decode("utf-8"))["project"]["name"] == "حضور"


def test_a_code_keeps_a_tablet_in_step_by_itself() -> None:
    settings = decode_settings(encode_settings(make_settings(URL, project_name="Training")))
    assert settings["general"] == {
        "server_url": URL,
        "form_update_mode": "match_exactly",
        "autosend": "wifi_and_cellular",
        "delete_send": False,
    }


def test_a_code_always_has_general_and_admin() -> None:
    settings = make_settings(URL, project_name="")
    assert settings["admin"] == {}
    assert settings["project"] == {}


def test_a_code_is_the_same_text_each_time_it_is_shown() -> None:
    assert encode_settings(make_settings(URL, project_name="x")) == encode_settings(
        make_settings(URL, project_name="x")
    )

"""What is set for the whole site, as ODK Central's REST has it.

GET /v1/config/public · GET /v1/config/public/{key} · GET, POST, DELETE /v1/config/{key}
"""

from typing import Any

from flask import Blueprint, Response, request

from sync_server.errors import PictureTooLarge
from sync_server.protocols.authentication import current_node, require_actor
from sync_server.protocols.central_sessions import SUCCESS, read_json, write_time
from sync_server.protocols.endpoint import central_endpoint
from sync_server.protocols.schemas_accounts import SuccessSchema
from sync_server.protocols.schemas_site import PublicSettingsSchema, SettingSchema
from sync_server.protocols.shapes import Content
from sync_server.services import site_config
from sync_server.store.site_config import Setting

blueprint = Blueprint("central_config", __name__)

_SETTING = Content(("application/json", *site_config.KINDS), "words as JSON, or a picture")
# A picture is sent with its own name (?ts=): it may be kept for a year, and a new one has another name.
FOR_EVER = "public, max-age=31536000, immutable"


@blueprint.get("/v1/config/public")
@central_endpoint(anyone="what the sign-in page shows", answers=PublicSettingsSchema)
def get_public_settings() -> dict[str, Any]:
    return {setting.key: _write(setting) for setting in site_config.list_public_settings(current_node())}


@blueprint.get("/v1/config/public/<config_key>")
@central_endpoint(anyone="what the sign-in page shows", answers=_SETTING, also=(304, 403))
def get_public_setting(config_key: str) -> Any:
    return _answer(site_config.get_public_setting(current_node(), config_key), is_public=True)


@blueprint.get("/v1/config/<config_key>")
@central_endpoint(verb="config.read", answers=_SETTING, also=(304,))
def get_setting(config_key: str) -> Any:
    return _answer(site_config.get_setting(current_node(), require_actor(), config_key), is_public=False)


@blueprint.post("/v1/config/<config_key>")
@central_endpoint(verb="config.set", takes=_SETTING, answers=SettingSchema)
def post_setting(config_key: str) -> dict[str, Any]:
    node, actor = current_node(), require_actor()
    site_config.require_known(config_key)
    if config_key in site_config.TEXTS:
        return _write(site_config.set_text(node, actor, config_key, read_json('{"title": "…"}')))
    limit = site_config.PICTURES[config_key]
    if (request.content_length or 0) > limit:
        raise PictureTooLarge(limit=limit)
    picture = request.stream.read(limit + 1)
    return _write(site_config.set_picture(node, actor, config_key, picture, request.mimetype))


@blueprint.delete("/v1/config/<config_key>")
@central_endpoint(verb="config.set", answers=SuccessSchema)
def delete_setting(config_key: str) -> dict[str, bool]:
    site_config.unset(current_node(), require_actor(), config_key)
    return SUCCESS


def _write(setting: Setting) -> dict[str, Any]:
    what = {"value": setting.value} if setting.blob is None else {"blobExists": True}
    return {"key": setting.key, **what, "setAt": write_time(setting.set_at)}


def _answer(setting: Setting, *, is_public: bool) -> Any:
    if setting.blob is None:
        return _write(setting)
    response = Response(setting.blob, content_type=setting.blob_type)
    is_named = is_public and "ts" in request.args
    response.headers["Cache-Control"] = FOR_EVER if is_named else "private, no-cache"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.set_etag(f"{setting.key}-{int(setting.set_at.timestamp() * 1000)}")
    return response.make_conditional(request)

"""create_app(node): Flask, the blueprints of every door, nothing else."""

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from sync_server import web
from sync_server.node import Node
from sync_server.protocols import (
    central_app_users,
    central_audits,
    central_config,
    central_datasets,
    central_entities,
    central_entity_data,
    central_entity_history,
    central_forms,
    central_keys,
    central_preferences,
    central_projects,
    central_properties,
    central_public_links,
    central_reviews,
    central_roles,
    central_sessions,
    central_submission_files,
    central_submissions,
    central_users,
    clocks,
    endpoint,
    entity_upload,
    erasures,
    interface,
    kobo,
    node_completeness,
    openrosa,
    pairing,
    replication,
    tablet_completeness,
)

DOORS = (
    openrosa, kobo, central_sessions, central_users, central_preferences, central_roles, central_projects,
    central_app_users, central_properties, central_public_links, central_config, central_keys, central_forms,
    central_datasets, central_entities, central_entity_data, central_entity_history, central_reviews,
    central_submission_files, central_submissions, central_audits, clocks, entity_upload, erasures, interface,
    node_completeness, pairing, replication, tablet_completeness,
)  # fmt: skip


def create_app(node: Node) -> Flask:
    """Make the WSGI application of one open node. Any number can live in one process."""
    app = Flask(__name__, static_folder=None, template_folder=None)
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False  # its answer is a redirect, at which an upload would be sent twice
    endpoint.register(app, node)
    for door in DOORS:
        app.register_blueprint(door.blueprint)
    web.register(app)
    if hops := node.settings.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    return app

"""Projects, links, properties and settings of the site, on both databases."""

from datetime import UTC, datetime

import pytest

from sync_server.core.roles import APP_USER
from sync_server.errors import NotFound, PropertyExists, UnknownProperty
from sync_server.node import Node
from sync_server.services import access, actor_properties, devices, projects, public_links, site_config
from sync_server.services.projects import ProjectChanges
from sync_server.services.publish_form import publish_form
from sync_server.services.update_project import FormUpdate, update_project
from sync_server.store import changes
from sync_server.store import projects as stored
from tests.support.people import give_role

FORM = b"""
| survey | | | |
| | type | name | label |
| | text | name | Name |
| settings | | | |
| | form_id | form_title | version |
| | visit | Visit | 1 |
"""


@pytest.fixture
def published(node: Node) -> Node:
    publish_form(node, None, FORM, ignore_warnings=True)
    return node


def feed(node: Node) -> list[tuple[str, str]]:
    with node.database.read() as session:
        return [(c.kind, c.version) for c in changes.iter_since(session, 0, limit=1000) if c.kind != "audit"]


def test_projects_are_listed_by_name_the_archived_last_and_deleted_ones_not(node: Node) -> None:
    for name in ("Beta", "Alpha", "Gamma"):
        projects.add_project(node, None, name)
    projects.change_project(node, None, 3, ProjectChanges(is_archived=True))
    projects.delete_project(node, None, 4)
    found = [shown.project for shown in projects.list_projects(node, access.scope_of(node, None))]
    assert [project.name for project in found] == ["Beta", "Community Policing Forums", "Alpha"]
    assert all(project.created_at <= datetime.now(UTC) for project in found)
    with node.database.read() as session:
        assert (stored.find_project(session, 4), stored.has_been(session, 4)) == (None, True)
    assert ("project", "deleted") in feed(node)


def test_roles_in_a_deleted_project_end(published: Node) -> None:
    device, _ = devices.add_device(published, None, "tablet", 1)
    give_role(published, device, APP_USER, 1, "visit")
    projects.delete_project(published, None, 1)
    assert access.scope_of(published, device).grants == ()


def test_a_link_is_found_by_its_token_until_after_its_end(published: Node) -> None:
    shown = public_links.add_link(published, None, 1, "visit", "link")
    token, link = shown.token or "", shown.link.actor
    found = devices.find_device(published, token)
    assert found is not None
    assert (found.id, found.type, found.is_revoked) == (link.id, "public_link", False)
    assert access.may(published, found, "submission.create", project_id=1, form_id="visit")
    devices.note_use(published, found)
    (listed,) = public_links.list_links(published, None, 1, "visit")
    assert listed.link.actor.last_used_at is not None
    public_links.delete_link(published, None, 1, "visit", link.id)
    gone = devices.find_device(published, token)
    assert gone is not None
    assert gone.is_revoked
    assert public_links.list_links(published, None, 1, "visit") == []


def test_properties_belong_to_their_project(node: Node) -> None:
    other = projects.add_project(node, None, "Other").id
    actor_properties.add_property(node, None, 1, "region")
    with pytest.raises(PropertyExists):
        actor_properties.add_property(node, None, 1, "region")
    devices.add_device(node, None, "one", 1, properties={"region": "North"})
    with pytest.raises(UnknownProperty):
        devices.add_device(node, None, "two", other, properties={"region": "North"})
    assert devices.list_devices(node, None, other) == []
    assert actor_properties.list_properties(node, None, 1) == {"region": ["North"]}
    assert actor_properties.list_properties(node, None, other) == {}


def test_a_setting_of_the_site_is_replaced_and_forgotten(node: Node) -> None:
    picture = b"\xff\xd8\xff" + bytes(range(256))
    site_config.set_picture(node, None, "logo", picture, "image/jpeg")
    site_config.set_text(node, None, "login-appearance", {"title": "one"})
    site_config.set_text(node, None, "login-appearance", {"title": "two"})
    assert site_config.get_public_setting(node, "logo").blob == picture
    assert site_config.get_public_setting(node, "login-appearance").value == {"title": "two"}
    assert [setting.key for setting in site_config.list_public_settings(node)] == ["login-appearance", "logo"]
    site_config.unset(node, None, "logo")
    with pytest.raises(NotFound):
        site_config.get_public_setting(node, "logo")


def test_a_deep_update_that_fails_late_changes_nothing(published: Node) -> None:
    other = projects.add_project(published, None, "Other").id
    theirs, _ = devices.add_device(published, None, "theirs", other)
    before = feed(published)
    wanted = [FormUpdate("visit", "closed", [(theirs.id, APP_USER)])]
    with pytest.raises(Exception, match="There is no actorId"):
        update_project(published, None, 1, ProjectChanges(name="New"), wanted)
    assert feed(published) == before

"""A hub and a centre with a socket between them, of which the centre's end is nothing but lists in memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from flask import Flask

from sync_server.app import create_app
from sync_server.core.replication_items import ProjectItem
from sync_server.node import Node
from sync_server.protocols.replication import OPEN_END
from sync_server.replication.remote import RemotePeer
from sync_server.settings import Settings
from sync_server.store.peers import change_peer, get_peer
from tests.support.paired import pair_nodes
from tests.support.server_thread import ServerThread
from tests.support.small_end import SmallEnd, make_item


@dataclass
class SmallPair:
    """`remote` opens the centre for the hub, at its own address or at another that leads there."""

    hub: Node
    centre: Node
    app: Flask
    end: SmallEnd
    url: str
    port: int
    session: requests.Session

    def remote(self, url: str = "", **options: Any) -> RemotePeer:
        self.hub.write(lambda session: change_peer(session, self.centre.id, url=url or self.url))
        with self.hub.database.read() as session:
            peer = get_peer(session, self.centre.id)
        return RemotePeer(self.hub, peer, session=self.session, **options)


@contextmanager
def open_pair(hub: Node, folder: Path) -> Iterator[SmallPair]:
    """Serve a centre in `folder`, paired with the hub: a project and twenty submissions."""
    with Node.open(Settings(data=folder, min_free_bytes=0)) as centre:
        app = create_app(centre)
        project = ProjectItem(project="p1", title="Forums", description=None, is_archived=False)
        end = SmallEnd(centre.id, [project, *(make_item(number) for number in range(20))])
        app.extensions[OPEN_END] = lambda node, peer_id: end
        with ServerThread(app) as server, requests.Session() as session:
            pair_nodes(centre, hub, server.url)
            yield SmallPair(hub, centre, app, end, server.url, server.port, session)

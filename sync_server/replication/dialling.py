"""The lines to a centre, as this node's settings say: one for the records, one beside it for the files."""

import requests

from sync_server.node import Node
from sync_server.replication.rate_limit import RateLimit
from sync_server.replication.remote import RemotePeer
from sync_server.store.peers import PeerNode


class Dialling:
    """Opens lanes to one peer: the first by a greeting, further ones beside it, all within one limit of speed."""

    def __init__(self, node: Node, peer: PeerNode) -> None:
        self._node, self._peer = node, peer
        self._sessions: list[requests.Session] = []
        self.lanes: list[RemotePeer] = []

    def __call__(self) -> RemotePeer:
        session = requests.Session()
        self._sessions.append(session)
        lane = self.lanes[0].beside(session) if self.lanes else self._open(session)
        self.lanes.append(lane)
        return lane

    def _open(self, session: requests.Session) -> RemotePeer:
        said = self._node.settings
        rate = RateLimit(said.sync_kbit * 1000) if said.sync_kbit else None
        return RemotePeer(
            self._node, self._peer, session=session, rate=rate, proxy=said.sync_proxy, ca_file=said.sync_ca_file
        )

    def close(self) -> None:
        """Hang up."""
        for session in self._sessions:
            session.close()

    def __enter__(self) -> "Dialling":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

"""This node's key pair: by it other nodes know it, whatever its address is."""

from sync_server.core.bundle_sealing import sealing_private_key
from sync_server.core.signatures import derive_private_key, public_bytes
from sync_server.node import Node


def sign(node: Node, message: bytes) -> bytes:
    """Sign as this node."""
    return derive_private_key(node.key, node.id).sign(message)


def get_public_key(node: Node) -> bytes:
    """Return the 32 bytes by which other nodes know this one."""
    return public_bytes(derive_private_key(node.key, node.id))


def get_sealing_key(node: Node) -> bytes:
    """Return the private key that opens what was sealed to this node."""
    return sealing_private_key(derive_private_key(node.key, node.id))

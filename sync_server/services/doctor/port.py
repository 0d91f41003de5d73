"""Does our server answer at its port, or is the port free, or has another program taken it?"""

from sync_server.services.doctor.finding import Finding, act, fine, look
from sync_server.services.doctor.knock import Answer, is_an_address_here, knock
from sync_server.services.doctor.scene import Scene
from sync_server.services.tablet_address import EVERYWHERE

TOPIC = "server"


def check_port(scene: Scene) -> Finding:
    host, port = scene.settings.host, scene.settings.port
    if not is_an_address_here(host):
        found = f"This machine has no address {host}, at which the server should listen."
        return act(TOPIC, found, "Set host to 0.0.0.0 (every address), or to one listed under 'addresses'.")
    return _judge(knock(own_address(host), port), port)


def own_address(host: str) -> str:
    """The address at which this machine reaches its own server."""
    if host not in EVERYWHERE:
        return host
    return "::1" if ":" in host else "127.0.0.1"


def _judge(answer: Answer, port: int) -> Finding:
    at = f"port {port}"
    match answer:
        case Answer.OURS:
            return fine(TOPIC, f"It runs and answers at {at}.")
        case Answer.NOBODY:
            return look(TOPIC, f"It does not run: {at} is free.", "Start it: sync-server serve")
        case Answer.STRANGER:
            found = f"Another program answers at {at}."
            return act(TOPIC, found, "Stop that program, or choose another port (--port); tablets then need new codes.")
        case Answer.FAILS:
            return act(TOPIC, f"It runs at {at}, and fails.", "See the points below, then its log; restart it.")
        case Answer.SILENT:
            return act(TOPIC, f"Something at {at} takes calls and does not answer.", "Restart the server.")

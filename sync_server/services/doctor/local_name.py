"""Does the name that ends in .local lead to this machine?"""

from collections.abc import Iterator

from sync_server.operator_errors import NamesNotInstalled
from sync_server.services.announce_name import full_name, listening_addresses, require_installed
from sync_server.services.ask_name import ask_who
from sync_server.services.doctor.finding import Finding, act, fine, look
from sync_server.services.doctor.scene import Scene

TOPIC = "name"
OLD_TABLETS = "Tablets before Android 12 do not find such a name, nor do some newer ones: try it in their browsers."


def check_local_name(scene: Scene) -> Iterator[Finding]:
    settings = scene.settings
    if not settings.mdns_name:
        return
    try:
        require_installed()
    except NamesNotInstalled as problem:
        yield act(TOPIC, "The server will not start.", str(problem.message))
        return
    here = listening_addresses(settings)
    yield _judge(full_name(settings), settings.port, here, ask_who(full_name(settings), here) if here else set())


def _judge(name: str, port: int, here: list[str], told: set[str]) -> Finding:
    others = sorted(told.difference(here))
    if others:
        found = f"Another machine answers to {name}: {', '.join(others)}."
        return act(TOPIC, found, "Choose another mdns_name; codes that carry this one must then be made anew.")
    if not told:
        return look(TOPIC, f"Nobody answers to {name}.", "Start the server; it must listen on the network.")
    url = f"http://{name}:{port}"
    return fine(TOPIC, f"{url} leads here. {OLD_TABLETS}", url=url)

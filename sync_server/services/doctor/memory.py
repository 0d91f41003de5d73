"""Has the machine memory left? Read where the system writes it down (Linux); elsewhere it is unknown."""

from pathlib import Path

from sync_server.services.doctor.amounts import say_bytes
from sync_server.services.doctor.finding import Finding, act, fine, look
from sync_server.services.doctor.scene import Scene

TOPIC = "memory"
SOURCE = Path("/proc/meminfo")
ACT_BELOW, LOOK_BELOW = 64_000_000, 300_000_000  # a serving node takes about 150 MB, an export as much again
CLOSE = "Close other programs on this machine, or restart it when no tablet is sending."


def check_memory(scene: Scene) -> Finding:
    try:
        amounts = read_meminfo(SOURCE.read_text("ascii", errors="replace"))
    except OSError:
        return fine(TOPIC, "Unknown: this system does not say it in a way this program reads.")
    free, total = amounts.get("MemAvailable"), amounts.get("MemTotal")
    if free is None or total is None:
        return fine(TOPIC, "Unknown: this system does not say what is available.")
    found = f"{say_bytes(free)} of {say_bytes(total)} available."
    if free < ACT_BELOW:
        return act(TOPIC, f"{found} The system may stop the server any moment.", CLOSE)
    return look(TOPIC, f"{found} That is little for exports.", CLOSE) if free < LOOK_BELOW else fine(TOPIC, found)


def read_meminfo(text: str) -> dict[str, int]:
    """`MemAvailable:  123 kB` → 123 * 1024, for each line that is one."""
    amounts = {}
    for line in text.splitlines():
        name, _, rest = line.partition(":")
        number, *_ = rest.split() or [""]
        if number.isdigit():
            amounts[name] = int(number) * 1024
    return amounts

"""What a process that was killed left in the scratch folder goes after a day; what is being made stays."""

import os

from sync_server.node import Node
from sync_server.services import scratch_folder


def test_a_day_after_a_power_cut_nothing_of_it_is_left(hub: Node) -> None:
    for name in ("export-old", "warehouse-old", "export-new"):
        (hub.scratch / name).mkdir()
        (hub.scratch / name / "part").write_text("answers")
        if name.endswith("old"):
            os.utime(hub.scratch / name, (0, 0))
    scratch_folder.sweep(hub)
    assert [path.name for path in scratch_folder.find_working(hub)] == ["export-new"]

"""Who holds a lease, and whether they are still there."""

import os
import socket
import subprocess
import sys

from sync_server.replication.lease import _PROCESS, is_gone

HERE = socket.gethostname()


def gone_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_process_of_this_machine_that_ended_is_gone() -> None:
    assert is_gone(f"{HERE}:{gone_pid()}:x:y")


def test_a_process_that_lives_is_not_gone() -> None:
    assert not is_gone(f"{HERE}:{os.getppid()}:x:y")
    assert not is_gone(f"{HERE}:{os.getpid()}:{_PROCESS}:y")


def test_a_process_that_had_our_number_before_us_is_gone() -> None:
    """In a container every process has the same."""
    assert is_gone(f"{HERE}:{os.getpid()}:another:y")


def test_of_other_machines_nothing_is_known() -> None:
    assert not is_gone(f"elsewhere:{gone_pid()}:x:y")
    assert not is_gone("what is this")

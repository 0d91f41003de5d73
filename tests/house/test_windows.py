"""The serving path runs on Windows too: nothing in sync_server/ calls what only Unix has.

Guarded uses (`getattr(os, "O_DIRECTORY", 0)`, or below `if sys.platform != "win32"` by way of mypy) stay allowed;
a plain `os.fork()` does not. mypy checks the same for every name it knows (`mypy --platform win32`, scripts/test).
"""

import ast
import re

from tests.house.sources import PACKAGE, name_of, nodes_of, python_files

UNIX_MODULES = {"fcntl", "pwd", "grp", "resource", "termios", "tty", "pty", "syslog", "posix", "crypt", "spwd"}
UNIX_NAMES = {
    "os": {
        "fork", "forkpty", "getuid", "geteuid", "getgid", "getegid", "getgroups", "setuid", "setgid", "setsid",
        "getpgid", "setpgid", "killpg", "chown", "fchown", "lchown", "fchmod", "chroot", "mkfifo", "mknod", "nice",
        "statvfs", "fstatvfs", "fdatasync", "sync", "pread", "pwrite", "uname", "wait", "wait3", "wait4", "sendfile",
        "posix_fadvise", "posix_fallocate", "sched_getaffinity", "getloadavg", "register_at_fork", "rename",
        "O_DIRECTORY", "O_NOFOLLOW", "O_CLOEXEC", "O_SYNC", "O_DSYNC", "O_NONBLOCK", "O_NOCTTY", "O_TMPFILE",
    },
    "signal": {
        "SIGKILL", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGCHLD", "SIGSTOP", "SIGCONT", "SIGPIPE",
        "alarm", "pause", "setitimer", "sigwait", "pthread_sigmask", "pthread_kill",
    },
    "socket": {"AF_UNIX", "SO_REUSEPORT", "socketpair"},
    "select": {"epoll", "poll", "kqueue"},
    "time": {"tzset"},
    "shutil": {"chown"},
}  # fmt: skip
UNIX_ARGUMENTS = {"dir_fd", "preexec_fn", "pass_fds"}
TEXT_MODE = re.compile(r"[rwax]t?\+?")


def test_nothing_is_called_that_only_unix_has() -> None:
    found = [
        f"{name_of(path)}:{getattr(node, 'lineno', '?')}: {name}"
        for path in python_files(PACKAGE)
        for node in nodes_of(path)
        for name in _unix_only(node)
    ]
    assert found == []


def test_every_text_is_opened_with_its_encoding_named() -> None:
    """Windows' own encoding knows no Arabic."""
    found = [
        f"{name_of(path)}:{node.lineno}"
        for path in python_files(PACKAGE)
        for node in nodes_of(path)
        if isinstance(node, ast.Call) and _guesses_encoding(node)
    ]
    assert found == []


def _unix_only(node: ast.AST) -> list[str]:
    match node:
        case ast.Import(names=names):
            return [alias.name for alias in names if alias.name.split(".")[0] in UNIX_MODULES]
        case ast.ImportFrom(module=str(module), names=names):
            forbidden = UNIX_NAMES.get(module, set())
            return [module] if module in UNIX_MODULES else [a.name for a in names if a.name in forbidden]
        case ast.Attribute(value=ast.Name(id=module), attr=name) if name in UNIX_NAMES.get(module, set()):
            return [f"{module}.{name}"]
        case ast.Attribute(attr="rename"):
            return [".rename (fails on Windows where the target is there: use .replace)"]
        case ast.keyword(arg=str(argument)) if argument in UNIX_ARGUMENTS:
            return [f"{argument}="]
        case ast.Constant(value=str(text)) if re.search(r"%-[dmHIMSjy]", text):
            return [f"{text!r} (%- is no format on Windows)"]
    return []


def _guesses_encoding(call: ast.Call) -> bool:
    if any(keyword.arg == "encoding" for keyword in call.keywords):
        return False
    match call.func:
        case ast.Attribute(attr="read_text"):
            return not call.args
        case ast.Attribute(attr="write_text"):
            return len(call.args) < 2
        case ast.Name(id="open"):
            return _is_text_mode(call.args[1:2], call)
        case ast.Attribute(attr="open"):
            return bool(call.args) and isinstance(call.args[0], ast.Constant) and _is_text_mode(call.args[:1], call)
    return False


def _is_text_mode(mode: list[ast.expr], call: ast.Call) -> bool:
    named = [keyword.value for keyword in call.keywords if keyword.arg == "mode"]
    given = [node.value for node in [*mode, *named] if isinstance(node, ast.Constant)]
    return all(isinstance(value, str) and TEXT_MODE.fullmatch(value) for value in given)

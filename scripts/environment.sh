# Make .venv and fill it: sourced by scripts/serve and scripts/test, from the top of the repository.

say() { echo "$@" >&2; }

find_python() { # the first Python that is new enough
    local candidate
    for candidate in python3 python3.14 python3.13 python3.12 python3.11 /usr/bin/python3; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    say "Python 3.11 or later was not found. Install it (Debian 12, Ubuntu 24.04 or later: sudo apt-get install python3)."
    return 1
}

apt_install() { # apt_install PACKAGE...; as root, or by sudo: asking for a password only a person at a terminal
    local as_root=()
    if [ "$(id -u)" != 0 ]; then
        if [ -t 0 ] && [ -z "${NEVER_ASK:-}" ]; then as_root=(sudo); else as_root=(sudo -n); fi
        if ! command -v sudo >/dev/null || ! "${as_root[@]}" true; then
            say "These packages are needed, and installing them needs an administrator. Run: apt-get install $*"
            return 1
        fi
    fi
    say "Installing: $*"
    local get=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -y -qq --no-install-recommends)
    # A new machine has no lists of packages yet, an old one may have lists that name files long gone.
    if ! { "${get[@]}" update && "${get[@]}" install "$@"; } >/dev/null; then # errors go to stderr
        say "Could not install: $*. Is there internet? Then try: sudo apt-get install $*"
        return 1
    fi
}

make_venv() { # make .venv, or leave the one there when its Python still runs
    if .venv/bin/python -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        return
    fi
    local python version
    python=$(find_python)
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        apt_install "python$version-venv"
    fi
    say "Making .venv with Python $version"
    "$python" -m venv --clear .venv
}

install_locked() { # install_locked NAME: the packages of requirements/NAME.lock and the server itself, unless already there
    local lock=requirements/$1.lock stamp=.venv/installed-$1 wanted
    # The path is part of it: a moved folder leaves scripts that start the Python of the old place.
    wanted=$({ pwd && cat "$lock" pyproject.toml setup.py; } | sha256sum)
    if [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] && [ -x .venv/bin/sync-server ]; then
        return
    fi
    (
        flock 9 # two starts at once: the second waits, and finds the work done
        make_venv
        if [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] && [ -x .venv/bin/sync-server ]; then
            exit
        fi
        say "Installing what requirements/$1.lock lists (this needs internet; only the first start does)"
        local pip=(.venv/bin/python -m pip --quiet --disable-pip-version-check --no-input install)
        # The editable package reads its build tool from .venv (locked too), so nothing unlocked is fetched.
        if ! { "${pip[@]}" --require-hashes -r "$lock" && "${pip[@]}" --no-deps --no-build-isolation --editable .; } >&2; then
            say "Installing failed; see above. Without internet only what was installed before can be started."
            exit 1
        fi
        echo "$wanted" >"$stamp"
    ) 9<.
}

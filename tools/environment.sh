# Sourced by tools/althan and tools/test, which set $tools: the one .venv of the clone, as the locks say.
# A start that finds its stamp costs a few milliseconds; everything else is left to environment.py.

clone=$(dirname -- "$tools")

# A stamp holds what it was made from, the clone's path included: a virtual environment does not survive being moved.
ensure_environment() {
    is_current althan "$tools/requirements.lock" || set_up
}

ensure_test_environment() {
    { is_current althan "$tools/requirements.lock" && is_current test "$tools/requirements-test.lock"; } || set_up --test
}

is_current() {
    [ -x "$clone/.venv/bin/python" ] && [ -r "$clone/.venv/$1.stamp" ] &&
        { echo "$clone"; cat -- "$clone/pyproject.toml" "$2"; } | cmp -s - "$clone/.venv/$1.stamp"
}

set_up() {
    find_python
    # Without the trap the shell would die of the signal instead of ending with the status that says so.
    trap 'exit 130' INT
    "$python" "$tools/environment.py" "$@" || exit $?
    trap - INT
}

# Sets $python to an interpreter that is new enough and can make virtual environments.
find_python() {
    old= bare=
    for python in python3 python3.14 python3.13 python3.12 python3.11; do
        version=$("$python" -c 'import sys; print(*sys.version_info[:3], sep=".")' 2>/dev/null) || continue
        if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null; then
            old=${old:-$version}
        elif ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
            bare=${bare:-$python}
        else
            return 0
        fi
    done
    if [ -n "$bare" ]; then
        echo "althan: $bare cannot make virtual environments: install the Debian package $bare-venv" >&2
    else
        echo "althan: Python 3.11 or newer is needed${old:+, found only $old}: install the Debian packages python3 and python3-venv" >&2
    fi
    exit 2
}

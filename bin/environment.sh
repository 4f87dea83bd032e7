# Sourced by the scripts beside it, with `root` set to the repository: makes and keeps the Python environments.
# Needs Python 3.11 or newer with pip, or uv on the PATH. Packages come from wherever pip and uv are configured to look.

say() {
    printf '%s\n' "$*" >&2
}

# current VENV LIST: whether VENV stands at this place and holds what requirements/LIST.txt pins. Runs no other program
# unless a file is younger than the stamp; then the content decides, not the time.
current() {
    stamp="$1/.made-$2"
    [ -f "$stamp" ] && [ -x "$1/bin/python" ] || return 1
    { read -r stamped_place && read -r stamped_sum; } <"$stamp" || return 1
    [ "$stamped_place" = "$root" ] || return 1
    if [ "$root/requirements/$2.txt" -nt "$stamp" ] || [ "$root/pyproject.toml" -nt "$stamp" ]; then
        [ "$stamped_sum" = "$(pinned "$2")" ] || return 1
        touch "$stamp" 2>/dev/null || :
    fi
}

# pinned LIST: a sum over everything an environment is made from.
pinned() {
    cat "$root/requirements/$1.txt" "$root/requirements/build.txt" "$root/pyproject.toml" | sha256sum | cut -c 1-64
}

# environment VENV LIST: makes VENV unless it is current. Two first runs wait for one another.
environment() {
    current "$1" "$2" && return 0
    mkdir -p "$root/.cache" || return 1
    (
        if command -v flock >/dev/null; then flock 9; fi
        current "$1" "$2" || make_environment "$1" "$2" 9>&-
    ) 9>"$root/.cache/environment.lock"
}

make_environment() {
    if [ -t 2 ]; then say "vestry: making the environment (this is done once) …"; fi
    export UV_PYTHON_DOWNLOADS=never
    find_uv || return 1
    place=
    for stamp in "$1"/.made-*; do
        if [ -f "$stamp" ]; then read -r place <"$stamp" || :; fi
    done
    if [ "${place:-$root}" != "$root" ] || ! "$1/bin/python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        find_python || return 1
        "$uv" venv --quiet --clear --no-project --python "$python" "$1" </dev/null || return 1
    fi
    rm -f "$1"/.made-*
    compile=
    if [ "$2" = run ]; then compile=--compile-bytecode; fi
    if ! "$uv" pip install --quiet --python "$1/bin/python" --require-hashes $compile -r "$root/requirements/$2.txt" </dev/null; then
        say "vestry: the packages of requirements/$2.txt could not be installed."
        say "        Behind a mirror, say so to uv as well: it reads UV_DEFAULT_INDEX or uv.toml, not pip's configuration."
        return 1
    fi
    if [ "$2" = run ] || [ "$2" = test ]; then
        "$uv" pip install --quiet --python "$1/bin/python" --no-deps --build-constraints "$root/requirements/build.txt" \
            --editable "$root" </dev/null || return 1
    fi
    if [ "$2" = test ]; then stamp_environment "$1" run; fi
    stamp_environment "$1" "$2"
}

# The stamp appears whole or not at all: another run may be reading it.
stamp_environment() {
    printf '%s\n%s\n' "$root" "$(pinned "$2")" >"$1/.making-$2" && mv -f "$1/.making-$2" "$1/.made-$2"
}

# find_uv: sets `uv`: the one on the PATH, else a private one in .uv, fetched by pip. (--target needs no virtual
# environment and is allowed where the system's own packages are off limits.)
find_uv() {
    uv=$(command -v uv) && return 0
    uv="$root/.uv/bin/uv"
    if "$uv" --version >/dev/null 2>&1; then return 0; fi
    find_python || return 1
    if ! "$python" -m pip --version >/dev/null 2>&1; then
        say "vestry: $python has no pip. Install it (Debian: apt-get install python3-pip), or put uv on the PATH."
        return 1
    fi
    rm -rf "$root/.uv"
    PIP_ROOT_USER_ACTION=ignore "$python" -m pip install --quiet --disable-pip-version-check --target "$root/.uv" \
        -r "$root/requirements/uv.txt" --require-hashes </dev/null || return 1
}

# find_python: sets `python` to an interpreter that is new enough.
find_python() {
    for python in python3 python3.11 python3.12 python3.13 python3.14 /usr/bin/python3; do
        if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            python=$(command -v "$python")
            return 0
        fi
    done
    say "vestry: no Python 3.11 or newer on the PATH. Install one (Debian 12: apt-get install python3 python3-pip)."
    return 1
}

# system_packages NAME…: Debian packages whose program is missing; installed when we may. A NAME is that of both the
# package and its program, or PROGRAM=PACKAGE.
system_packages() {
    missing=
    for name; do
        command -v "${name%%=*}" >/dev/null || missing="$missing ${name##*=}"
    done
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        export DEBIAN_FRONTEND=noninteractive
        { apt-get update -qq && apt-get install -qq -y --no-install-recommends $missing; } </dev/null >/dev/null ||
            say "!! apt-get could not install:$missing"
    else
        say "!! missing:$missing — install them (apt-get install$missing); what needs them will fail or say that it was left out"
    fi
}

# debian_files PACKAGE DIR: unpacks a Debian package into DIR without installing it, unless that was done. Needs no root but
# for the lists of packages, where these are missing. What can't be had is said, and what needs it says that it was left out.
debian_files() {
    [ -e "$2/.made" ] && return 0
    mkdir -p "$root/.cache" || return 1
    (
        if command -v flock >/dev/null; then flock 9; fi
        [ -e "$2/.made" ] && exit 0
        rm -rf "$2" && mkdir -p "$2/.package" && cd "$2/.package" &&
            { debian_package "$1" || { apt-get update -qq && debian_package "$1"; } </dev/null >/dev/null 2>&1; } &&
            dpkg-deb -x ./*.deb "$2" && cd "$2" &&
            rm -r .package && : >.made
    ) 9>"$root/.cache/debian.lock" || say "!! apt-get could not fetch $1; what needs it says that it was left out"
}

debian_package() {
    apt-get download -qq "$1" </dev/null >/dev/null 2>&1
}

# node_packages DIR: installs what DIR/package.json pins into DIR/node_modules, unless that is what it holds. Needs node
# and npm; packages come from wherever npm is configured to look. What can't be installed is said, and what needs it fails.
node_packages() {
    wanted=$(sha256sum <"$1/package.json")
    [ "$(cat "$1/node_modules/.made" 2>/dev/null)" = "$wanted" ] && return 0
    mkdir -p "$root/.cache" || return 1
    (
        if command -v flock >/dev/null; then flock 9; fi
        [ "$(cat "$1/node_modules/.made" 2>/dev/null)" = "$wanted" ] && exit 0
        cd "$1" && rm -rf node_modules &&
            npm install --no-package-lock --ignore-scripts --no-audit --no-fund --loglevel=error </dev/null >/dev/null 9>&- &&
            printf '%s\n' "$wanted" >node_modules/.made
    ) 9>"$root/.cache/node.lock" || say "!! npm could not install what $1/package.json names; the tests that need it will fail"
}

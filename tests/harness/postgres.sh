#!/usr/bin/env bash
# A private PostgreSQL server for the tests: its own folder, port and password, 127.0.0.1 only.
#
#   tests/harness/postgres.sh start    starts it, unless it runs, and prints its URL
#   tests/harness/postgres.sh url      prints its URL, or fails when it does not run
#   tests/harness/postgres.sh stop     stops it and removes its folder
#   tests/harness/postgres.sh with COMMAND…
#                                      runs a command that finds a server's URL in TEST_DATABASE_URL:
#                                      the one set there, the one that runs, or one just for it
#   tests/harness/postgres.sh keep COMMAND…
#                                      the same with a server of its own, whose databases are there
#                                      again the next time, in target/bench-data
#
# Its settings are the server's own ones, durable commits included, because the crash tests are
# worth nothing without them.
set -euo pipefail
cd "$(dirname "$0")/../.."

state=target/services            # where the folder is and how to reach it, kept between calls
memory=32MB                      # for pages; the server's own default is 128MB
first_port=54517
last_port=54580

# The newest installed one: Debian keeps the server's programs off the PATH.
programs() {
    local found
    found=$(find /usr/lib/postgresql -path '*/bin/initdb' 2>/dev/null | sort -V | tail -n 1) || true
    dirname "${found:-$(command -v initdb)}"
}

# The server refuses to run as root, so root runs it as the user its package made,
# from a folder that this user may be in.
as_server() {
    if [ "$(id -u)" = 0 ]; then (cd / && runuser -u postgres -- "$@"); else "$@"; fi
}

running() {
    [ -f "$state/postgres.folder" ] &&
        as_server "$(programs)/pg_ctl" status -D "$(cat "$state/postgres.folder")/data" >/dev/null 2>&1
}

# Below target/ where the server's user can get there; a folder in /root, say, it can't enter.
make_folder() {
    local folder=$PWD/$state/postgres
    mkdir -p "$folder"
    [ "$(id -u)" != 0 ] || chown postgres "$folder"
    if ! as_server test -w "$folder" 2>/dev/null; then
        rmdir "$folder"
        folder=$(as_server mktemp -d "${TMPDIR:-/tmp}/centrium-postgres.XXXXXX")
    fi
    echo "$folder" >"$state/postgres.folder"
    echo "$folder"
}

free_port() {
    local port
    for port in $(seq "$first_port" "$last_port"); do
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
    done
    echo "No free port from $first_port to $last_port for the tests' PostgreSQL." >&2
    exit 1
}

start() {
    ! running || { url; return; }
    stop    # what an ended machine left behind
    initialise
    launch
}

initialise() {
    mkdir -p "$state"
    local folder
    folder=$(make_folder)
    # A password even here: whoever may log in as its superuser may run programs as its user.
    od -An -N16 -tx1 /dev/urandom | tr -d ' \n' |
        as_server sh -c 'umask 077; cat >"$0"' "$folder/password"
    as_server "$(programs)/initdb" --pgdata="$folder/data" --username=centrium \
        --pwfile="$folder/password" --auth=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 \
        >"$state/postgres.log" 2>&1 ||
        { cat "$state/postgres.log" >&2; exit 1; }
}

launch() {
    local folder password port bin
    folder=$(cat "$state/postgres.folder")
    password=$(as_server cat "$folder/password")
    port=$(free_port)
    bin=$(programs)
    # No Unix socket: the path to a deep folder would be too long for one.
    as_server "$bin/pg_ctl" start --wait --silent -D "$folder/data" -l "$folder/server.log" \
        -o "-c listen_addresses=127.0.0.1 -c port=$port -c unix_socket_directories='' -c max_connections=300 -c shared_buffers=$memory" ||
        { as_server cat "$folder/server.log" >&2; exit 1; }
    (umask 077; echo "postgres://centrium:$password@127.0.0.1:$port/postgres" >"$state/postgres.url")
    url
}

url() {
    running || { echo "The tests' PostgreSQL does not run: tests/harness/postgres.sh start" >&2; exit 1; }
    cat "$state/postgres.url"
}

# pg_ctl stops the process that the folder's own pid file names, and no other.
stop() {
    [ -f "$state/postgres.folder" ] || return 0
    local folder
    folder=$(cat "$state/postgres.folder")
    ! running || as_server "$(programs)/pg_ctl" stop --silent --mode=immediate -D "$folder/data"
    rm -rf "$folder" "$state/postgres.folder" "$state/postgres.url" "$state/postgres.log"
}

with() {
    if [ -z "${TEST_DATABASE_URL:-}" ]; then
        if ! TEST_DATABASE_URL=$(tests/harness/postgres.sh url 2>/dev/null); then
            tests/harness/install.sh postgres
            # Signals end the script through EXIT, so that a Ctrl-C stops the server as well.
            trap stop EXIT
            trap 'exit 130' INT
            trap 'exit 143' TERM
            TEST_DATABASE_URL=$(tests/harness/postgres.sh start)
        fi
        export TEST_DATABASE_URL
    fi
    "$@"
}

keep() {
    if [ -z "${TEST_DATABASE_URL:-}" ]; then
        state=target/bench-data/services
        memory=128MB
        tests/harness/install.sh postgres
        if ! running; then
            trap halt EXIT
            trap 'exit 130' INT
            trap 'exit 143' TERM
            as_server test -f "$(cat "$state/postgres.folder" 2>/dev/null)/data/PG_VERSION" || initialise
            launch >/dev/null
        fi
        TEST_DATABASE_URL=$(url)
        export TEST_DATABASE_URL
    fi
    "$@"
}

halt() {
    ! running || as_server "$(programs)/pg_ctl" stop --silent --mode=fast \
        -D "$(cat "$state/postgres.folder")/data"
}

case ${1:-} in
start | url | stop | with | keep) "$@" ;;
*) sed -n '2,12s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac

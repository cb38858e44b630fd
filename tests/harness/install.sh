#!/usr/bin/env bash
# Installs what the tests need beside Rust, make and a C compiler, and only what is absent.
#
#   tests/harness/install.sh nextest     the test runner, from source through cargo
#   tests/harness/install.sh postgres    the PostgreSQL server, through apt-get
#   tests/harness/install.sh wrk         the benchmarks' load generator, through apt-get
set -euo pipefail

# Pinned, so that a new release neither changes the tests' output nor asks for a newer Rust.
NEXTEST=0.9.143

nextest() {
    ! cargo nextest --version >/dev/null 2>&1 || return 0
    echo "Installing cargo-nextest $NEXTEST from source; this happens once and takes some minutes."
    # Into a target folder that is thrown away, without its updater, and unoptimised:
    # it only starts tests, and an optimised build takes several times as long.
    cargo install cargo-nextest --version "$NEXTEST" --locked --debug --quiet \
        --no-default-features --features default-no-update
}

server_installed() {
    command -v initdb >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1
}

postgres() {
    ! server_installed || return 0
    if ! command -v apt-get >/dev/null 2>&1 || [ "$(id -u)" != 0 ]; then
        echo "The tests need the PostgreSQL server's programs (initdb, pg_ctl), and only root can install them here with apt-get." >&2
        echo "Install the server package (Debian, Ubuntu: postgresql; Fedora: postgresql-server), or set TEST_DATABASE_URL to a server that may create databases." >&2
        exit 1
    fi
    # Debian would make and start a cluster of its own, which nobody here asked for.
    if [ ! -e /etc/postgresql-common ]; then
        mkdir -p /etc/postgresql-common/createcluster.d
        echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.d/no-main-cluster.conf
    fi
    apt postgresql
}

wrk() {
    ! command -v wrk >/dev/null 2>&1 || return 0
    if ! command -v apt-get >/dev/null 2>&1 || [ "$(id -u)" != 0 ]; then
        echo "The benchmarks need wrk, and only root can install it here with apt-get." >&2
        exit 1
    fi
    apt wrk
}

apt() {
    echo "Installing $1 with apt-get."
    local log
    log=$(mktemp)
    {
        apt-get update &&
            DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$1"
    } >"$log" 2>&1 || {
        tail -n 20 "$log" >&2
        echo "apt-get could not install $1; all it said is in $log." >&2
        exit 1
    }
    rm -f "$log"
}

case ${1:-} in
nextest | postgres | wrk) "$1" ;;
*) sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac

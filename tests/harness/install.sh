#!/usr/bin/env bash
# Installs what the tests need beside Rust, make and a C compiler, and only what is absent.
#
#   tests/harness/install.sh nextest     the test runner, from source through cargo
#   tests/harness/install.sh postgres    the PostgreSQL server, through apt-get
#   tests/harness/install.sh wrk         the benchmarks' load generator, through apt-get
#   tests/harness/install.sh python      others' receivers of webhooks, in target/outside/python
#   tests/harness/install.sh node        the same of npm, in target/outside/node
#   tests/harness/install.sh php         PHP, through apt-get
#   tests/harness/install.sh chromium    a browser, through apt-get
set -euo pipefail
cd "$(dirname "$0")/../.."
programs=tests/outside/programs    # names and versions of what comes from PyPI and npm

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

# type -P, because these functions bear the names that they look for.
wrk() {
    type -P wrk >/dev/null || apt_as_root "The benchmarks need" wrk
}

python() {
    python3 -c 'import ensurepip, venv' >/dev/null 2>&1 || apt_as_root "The tests need" python3-venv
    local folder=target/outside/python pins=$programs/requirements.txt
    ! cmp -s "$pins" "$folder/requirements.txt" || return 0
    echo "Installing the Python packages of $pins into $folder."
    rm -rf "$folder"
    python3 -m venv "$folder"
    "$folder/bin/pip" install --quiet --disable-pip-version-check --no-deps --requirement "$pins"
    cp "$pins" "$folder/"
}

node() {
    type -P node >/dev/null || apt_as_root "The tests need" nodejs
    type -P npm >/dev/null || apt_as_root "The tests need" npm
    local folder=target/outside/node pins=$programs/package-lock.json
    ! cmp -s "$pins" "$folder/installed" || return 0
    echo "Installing the npm packages of $pins into $folder."
    mkdir -p "$folder"
    cp "$programs/package.json" "$pins" "$folder/"
    npm ci --prefix "$folder" --loglevel=error --no-audit --no-fund --ignore-scripts
    cp "$pins" "$folder/installed"
}

php() {
    type -P php >/dev/null || apt_as_root "The tests need" php-cli
}

chromium() {
    type -P chromium >/dev/null || apt_as_root "The tests need" chromium
}

apt_as_root() {
    if ! command -v apt-get >/dev/null 2>&1 || [ "$(id -u)" != 0 ]; then
        echo "$1 $2, and only root can install it here with apt-get." >&2
        exit 1
    fi
    apt "$2"
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
nextest | postgres | wrk | python | node | php | chromium) "$1" ;;
*) sed -n '2,10s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac

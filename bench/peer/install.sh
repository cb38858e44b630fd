#!/usr/bin/env bash
# Puts django-helpdesk and its server into target/bench-peer/venv, from PyPI, unless it is there.
set -euo pipefail
cd "$(dirname "$0")/../.."
wanted=bench/peer/requirements.txt
venv=target/bench-peer/venv

if ! cmp --silent "$wanted" "$venv/installed.txt"; then
    python3 -c 'import ensurepip, venv' 2>/dev/null || {
        echo "bench-peer needs Python with venv (Debian, Ubuntu: apt-get install python3-venv)." >&2
        exit 1
    }
    echo "Installing django-helpdesk into $venv." >&2
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --no-deps --only-binary :all: --requirement "$wanted"
    cp "$wanted" "$venv/installed.txt"
fi

#!/usr/bin/env bash
# Runs all tests, with what they need beside them, and stops whatever it started.
# Arguments go to cargo nextest: tests/harness/test.sh -E 'test(/^store::/)'
#
# TEST_DATABASE_URL names a PostgreSQL server whose user may create databases; without it a private
# one is started.
set -euo pipefail
cd "$(dirname "$0")/../.."
harness=tests/harness

"$harness/install.sh" nextest

if [ -z "${TEST_DATABASE_URL:-}" ]; then
    if ! TEST_DATABASE_URL=$("$harness/postgres.sh" url 2>/dev/null); then
        "$harness/install.sh" postgres
        # Signals end the script through EXIT, so that a Ctrl-C stops the server as well.
        trap '"$harness/postgres.sh" stop' EXIT
        trap 'exit 130' INT
        trap 'exit 143' TERM
        TEST_DATABASE_URL=$("$harness/postgres.sh" start)
    fi
    export TEST_DATABASE_URL
fi

# With arguments, only what they select was asked for. The few documentation tests come first, so
# that the summary of all the others is what one reads at the end.
[ $# -gt 0 ] || cargo test --doc --workspace --locked --quiet
cargo nextest run --workspace --locked "$@"

#!/usr/bin/env bash
# Runs all tests, with what they need beside them, and stops whatever it started.
# Arguments go to cargo nextest: tests/harness/test.sh -E 'test(/^store::/)'
#
# TEST_DATABASE_URL names a PostgreSQL server whose user may create databases; without it a private
# one is started.
set -euo pipefail
cd "$(dirname "$0")/../.."
harness=tests/harness

for part in nextest python node php chromium; do "$harness/install.sh" "$part"; done

# With arguments, only what they select was asked for. The few documentation tests come first, so
# that the summary of all the others is what one reads at the end.
[ $# -gt 0 ] || cargo test --doc --workspace --locked --quiet
"$harness/postgres.sh" with cargo nextest run --workspace --locked "$@"

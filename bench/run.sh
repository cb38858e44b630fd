#!/usr/bin/env bash
# Runs one part of the benchmarks with what it needs beside it, and stops whatever it started:
# bench/run.sh accept sqlite
set -euo pipefail
cd "$(dirname "$0")/.."
harness=tests/harness

"$harness/install.sh" wrk
cargo build --release --locked --quiet -p centrium -p centrium-bench

if ! BENCH_POSTGRES=$("$harness/postgres.sh" url 2>/dev/null); then
    "$harness/install.sh" postgres
    trap '"$harness/postgres.sh" stop' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    BENCH_POSTGRES=$("$harness/postgres.sh" start)
fi
export BENCH_POSTGRES
target/release/centrium-bench "$@"

#!/usr/bin/env bash
# Runs one part of the benchmarks with what it needs beside it, and stops whatever it started:
# bench/run.sh accept sqlite
set -euo pipefail
cd "$(dirname "$0")/.."
harness=tests/harness

"$harness/install.sh" wrk
cargo build --release --locked --quiet -p centrium -p centrium-bench

case ${2:-} in
postgres) "$harness/postgres.sh" keep target/release/centrium-bench "$@" ;;
*) target/release/centrium-bench "$@" ;;
esac

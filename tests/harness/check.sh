#!/usr/bin/env bash
# Everything a change must pass, cheapest first. Each step says what it is and how long it took.
set -euo pipefail
cd "$(dirname "$0")/../.."

step() {
    local title=$1 begin=$SECONDS
    shift
    echo "== $title"
    "$@"
    echo "== $title: $((SECONDS - begin)) s"
}

openapi() {
    mkdir -p target
    cargo run --quiet --locked -- openapi >target/openapi.json
    diff -u docs/openapi.json target/openapi.json || {
        echo "docs/openapi.json is not what the code says: run 'make openapi' and commit it." >&2
        exit 1
    }
}

for part in fmt clippy; do
    cargo "$part" --version >/dev/null 2>&1 || {
        echo "make check needs cargo $part: rustup component add rustfmt clippy" >&2
        exit 1
    }
done

export NEXTEST_PROFILE=ci
step "format" cargo fmt --all --check
step "lints" cargo clippy --workspace --all-targets --locked --quiet -- -D warnings
RUSTDOCFLAGS="-D warnings" step "documentation" cargo doc --workspace --no-deps --all-features --locked --quiet
step "OpenAPI document" openapi
step "tests" tests/harness/test.sh

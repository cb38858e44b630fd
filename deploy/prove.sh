#!/usr/bin/env bash
# Proves, without a container engine, that the Dockerfile's steps work on a bare Debian:
# makes a minimal Debian root, runs the RUN lines of deploy/Dockerfile in it, starts the program
# as its user with an empty data folder, and sends it the first request of the README.
#
#   deploy/prove.sh                all of that
#   deploy/prove.sh --test         `make test` inside it as well
#   deploy/prove.sh --only-test    `make test` without the image's steps
#   deploy/prove.sh --fetch        only the root, the toolchain and the dependencies; builds nothing
#
# Needs root, debootstrap, unshare (util-linux) and this machine's Rust toolchain.
# PROVE_PORT is the port it listens on (18000), SUITE the Debian release (bookworm).
set -euo pipefail

mode=${1:-}
case $mode in '' | --test | --only-test | --fetch) ;; *) sed -n '2,13s/^# \{0,1\}//p' "$0"; exit 2 ;; esac
suite=${SUITE:-bookworm}
port=${PROVE_PORT:-18000}
repo=$(cd "$(dirname "$0")/.." && pwd)
packages=(ca-certificates make gcc libc6-dev)

if [ -z "${PROVE_ROOT:-}" ]; then
    [ "$(id -u)" = 0 ] || { echo "deploy/prove.sh needs root: it makes a Debian root and enters it." >&2; exit 1; }
    for tool in debootstrap unshare git cargo rustc; do
        command -v "$tool" >/dev/null || { echo "deploy/prove.sh needs $tool; with apt-get: apt-get install debootstrap util-linux git." >&2; exit 1; }
    done
    # All mounts live in a mount namespace of their own, and all processes in a PID namespace:
    # both are gone before this trap removes the folder, so it can never reach through a mount.
    work=$(mktemp -d /tmp/centrium-prove.XXXXXX)
    trap 'rm -rf --one-file-system "$work"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    PROVE_ROOT=$work/root unshare --mount --pid --fork --kill-child -- "$0" "$@"
    exit
fi

root=$PROVE_ROOT
started=$SECONDS
step() { echo; echo "== $* (at $((SECONDS - started)) s)"; }

# Nothing of this machine's environment but what leads to the network.
passed=()
for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
    [ -z "${!name:-}" ] || passed+=("$name=${!name}")
done
inside() {
    env -i "${passed[@]}" HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
        PATH=/opt/rust/bin:/root/.cargo/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        chroot "$root" "$@"
}

step "a minimal Debian $suite"
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | head -n 1)
debootstrap --variant=minbase "$suite" "$root" "$mirror" >"$root.log" 2>&1 || { tail -n 20 "$root.log" >&2; exit 1; }
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/dev/shm"

# How this machine reaches its registries, and whom it trusts, is copied as it is.
cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
for config in /etc/apt/apt.conf /etc/apt/apt.conf.d/*; do
    ! grep -qs Acquire "$config" || cp "$config" "$root/etc/apt/apt.conf.d/"
done
[ ! -d /etc/apt/auth.conf.d ] || cp -a /etc/apt/auth.conf.d "$root/etc/apt/"

step "only ${packages[*]}"
{ inside apt-get update && inside apt-get install -y --no-install-recommends "${packages[@]}"; } >"$root.log" 2>&1 ||
    { tail -n 20 "$root.log" >&2; exit 1; }
cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"

step "this machine's Rust toolchain, as the rust image would bring it"
mkdir -p "$root/opt/rust" "$root/root/.cargo"
toolchain=$(cd "$repo" && rustc --print sysroot)
cp -a "$toolchain/bin" "$toolchain/lib" "$root/opt/rust/"
for config in "${CARGO_HOME:-$HOME/.cargo}"/config{,.toml}; do
    [ ! -f "$config" ] || cp "$config" "$root/root/.cargo/"
done
inside cargo --version
inside rustc --version

step "a clone of the committed tree, and its dependencies"
git clone --quiet --no-hardlinks "$repo" "$root/src"
git -C "$repo" log -1 --format='commit %h, %s'
inside cargo fetch --locked --manifest-path /src/Cargo.toml 2>&1 | tail -n 1
[ "$mode" != --fetch ] || { step "done; nothing was built"; exit 0; }

make_test() {
    step "make test"
    inside make -C /src test
}
[ "$mode" != --only-test ] || { make_test; step "done"; exit 0; }

while IFS= read -r line; do
    step "RUN $line"
    inside sh -ec "cd /src && $line" 2>&1 | tail -n 3
done < <(sed -n 's/^RUN //p' "$repo/deploy/Dockerfile")

step "the program"
binary=$root/usr/local/bin/centrium
cp "$root/src/target/release/centrium" "$binary"
echo "size: $(stat -c %s "$binary") bytes, compressed $(gzip -c "$binary" | wc -c)"
inside ldd /usr/local/bin/centrium

step "a first start with an empty data folder"
mapfile -t settings < <(sed -n 's/^ENV //p' "$repo/deploy/Dockerfile")
settings+=("LISTEN=127.0.0.1:$port")
as_user() { inside runuser -u centrium -- env -C /data "${settings[@]}" "$@"; }
begin=$(date +%s%3N)
as_user centrium >"$root.out" 2>&1 &
server=$!
until as_user centrium healthcheck >/dev/null 2>&1; do
    kill -0 "$server" 2>/dev/null || { echo "It stopped by itself:" >&2; cat "$root.out" >&2; exit 1; }
    [ $(($(date +%s%3N) - begin)) -lt 60000 ] || { echo "Not healthy after 60 s:" >&2; cat "$root.out" >&2; exit 1; }
    sleep 0.1
done
echo "healthy after $(($(date +%s%3N) - begin)) ms"

step "the first request"
key=$(sed -n 's/^EXTERNAL_API_KEY=//p' "$root.out" | head -n 1)
[ -n "$key" ] || { echo "It printed no EXTERNAL_API_KEY at its first start:" >&2; cat "$root.out" >&2; exit 1; }
body='{"user_identifier":"customer-1","text":"Hello! Where is my order?"}'
begin=$(date +%s%3N)
exec 3<>"/dev/tcp/127.0.0.1/$port"
printf 'POST /tickets/api/external/message/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nX-API-Key: %s\r\nContent-Length: %d\r\n\r\n%s' \
    "$key" "${#body}" "$body" >&3
answer=$(timeout 60 cat <&3)
exec 3>&-
echo "$answer"
echo "answered after $(($(date +%s%3N) - begin)) ms"
grep -q '"success":true' <<<"$answer" || { echo "That is not a success." >&2; exit 1; }

step "a stop"
# The program is the only one of that user; SIGTERM must drain and end it.
begin=$(date +%s%3N)
pid=$(inside sh -c 'for p in /proc/[0-9]*; do [ "$(readlink "$p/exe")" = /usr/local/bin/centrium ] && echo "${p#/proc/}"; done; true' | head -n 1)
kill -TERM "$pid"
wait "$server" && code=0 || code=$?
echo "ended with code $code after $(($(date +%s%3N) - begin)) ms"

[ "$mode" != --test ] || make_test
step "done"

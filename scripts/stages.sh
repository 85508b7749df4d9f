#!/usr/bin/env bash
# The stages of scripts/test.sh, one function each; `bash scripts/stages.sh NAME` runs one by itself.

# The tests trip these in the real binary; a release never holds them.
FAULT_POINTS=tidings-server/fault-points
CARGO_DENY_VERSION=0.20.2
CARGO_FUZZ_VERSION=0.13.2

stage_fmt() {
  cargo fmt --all --check
}

stage_tidy() {
  cargo xtask tidy
}

stage_clippy() {
  cargo clippy --workspace --all-targets --locked --features "$FAULT_POINTS" -- -D warnings
  cargo clippy --workspace --locked -- -D warnings
  # The library with as little of it as an application may want.
  local feature
  for feature in "" hook schemas tls tokens webhooks; do
    cargo clippy --package tidings --lib --locked --no-default-features --features "$feature" -- -D warnings
  done
}

stage_rust() {
  local packages=(--workspace) without=(--skip netns_) program
  for program in nginx haproxy pebble; do
    command -v "$program" >/dev/null && continue
    without+=(--skip "${program}_")
    skip missing "$(count_tests "${program}_")" "$program is not there"
  done
  if ! command -v redis-server >/dev/null; then
    packages+=(--exclude tidings-redis)
    without+=(--skip redis_)
    skip missing "$(count_tests redis_)" "redis-server is not there, and so none of the tests of tidings-redis either"
  fi
  local kept code=0
  kept=$(mktemp -d)
  KEPT_HUBS=$kept cargo test "${packages[@]}" --locked --features "$FAULT_POINTS" --tests --no-fail-fast -- "${without[@]}" || code=$?
  # What all of these hubs said and kept is searched for secrets.
  SEARCH_HUBS=$kept cargo test --locked --package tidings-server --features "$FAULT_POINTS" --test canary kept || code=$?
  rm -r "$kept"
  return "$code"
}

# Tests that lay hosts of their own in network namespaces, one after the other.
stage_netns() {
  local inside=() program
  for program in ip nft; do
    if ! command -v "$program" >/dev/null; then
      skip missing "$(count_tests netns_)" "$program is not there"
      return
    fi
  done
  if ! unshare --net true 2>/dev/null; then
    # A user namespace gives what root would, where the kernel lets anyone make one.
    inside=(unshare --map-root-user --net --mount bash -c 'mount -t tmpfs tmpfs /run && ip link set lo up && exec "$@"' netns)
    if ! "${inside[@]}" true 2>/dev/null; then
      skip refused "$(count_tests netns_)" "the kernel lets this user make no network namespace"
      return
    fi
  fi
  cargo test --workspace --locked --features "$FAULT_POINTS" --tests --no-run
  "${inside[@]}" cargo test --workspace --locked --offline --features "$FAULT_POINTS" --tests --no-fail-fast -- --test-threads=1 netns_
}

stage_doc() {
  cargo test --workspace --locked --features "$FAULT_POINTS" --doc --no-fail-fast
  RUSTDOCFLAGS="-D warnings" cargo doc --workspace --locked --no-deps
}

stage_examples() {
  [ -f examples/Cargo.toml ] || { idle "no examples/ yet"; return; }
  # The hub's dependencies are built already.
  export CARGO_TARGET_DIR=$PWD/target
  cd examples
  cargo fmt --all --check
  cargo clippy --workspace --all-targets --locked -- -D warnings
  cargo test --workspace --locked --no-fail-fast
}

# What the lanes beside each other share, and none may make while another uses it. The hub is the one of the Rust tests:
# an optimised build of everything beside it would take longer than all that is tested with it. `make prove` has that one.
stage_build() {
  cargo test --workspace --locked --features "$FAULT_POINTS" --tests --no-run
  if node_is_there; then build_packages; fi
}

# The client, the hooks and the monitor.
stage_clients() {
  js_is_there || return 0
  CHROMIUM_BIN=$(browser_there) || skip missing 1 "no Chromium is there, for tests in a browser"
  export CHROMIUM_BIN
  npm run check
  npm run check --workspaces --if-present
  side_by_side "npm test --workspace @tidings/client" "npm test --workspace @tidings/react" "npm test --workspace tidings-monitor"
}

stage_e2e() {
  js_is_there || return 0
  CHROMIUM_BIN=$(browser_there) || { skip missing 1 "no Chromium is there"; return; }
  export CHROMIUM_BIN
  told npm test --workspace tidings-e2e
}

# The examples' pages.
stage_pages() {
  js_is_there || return 0
  CHROMIUM_BIN=$(browser_there) || { skip missing 1 "no Chromium is there"; return; }
  export CHROMIUM_BIN
  command -v redis-server >/dev/null || skip missing 1 "redis-server is not there, for the writing service"
  # Their dependencies are built already.
  export CARGO_TARGET_DIR=$PWD/target
  local code=0
  side_by_side "npm test --workspace kiosk-show" "npm test --workspace photo-jobs" "npm test --workspace checkin-board" || code=$?
  # Two hubs, Redis and three browsers at once: by itself.
  told npm test --workspace writing-service || code=$?
  return "$code"
}

# A command, with a line before what it says by which scripts/again.sh knows whose that is.
told() {
  echo "-- $*"
  "$@"
}

# Commands that wait for most of their time, at once; what each said is told in one piece when it is over.
side_by_side() {
  local command code=0 at commands=("$@") logs=() pids=()
  for command; do
    logs+=("$(mktemp)")
    bash -c "$command" >"${logs[-1]}" 2>&1 &
    pids+=($!)
  done
  for at in "${!pids[@]}"; do
    wait "${pids[at]}" || code=$?
    echo "-- ${commands[at]}"
    cat "${logs[at]}"
    rm "${logs[at]}"
  done
  return "$code"
}

# What the stages of JavaScript stand on, once stage_build was there.
js_is_there() {
  node_is_there || return 1
  use_binaries debug
  # Its numbers are read from what it prints.
  unset FORCE_COLOR
  export NO_COLOR=1
}

use_binaries() {
  export TIDINGS_BIN=$PWD/target/$1/tidings BENCH_BIN=$PWD/target/$1/tidings-bench
}

# As `make run` builds it. Apart: together they would have other features, and one would undo the other's work.
build_release() {
  cargo build --release --locked --package tidings-server
  cargo build --release --locked --package tidings-bench
}

# The packages that the lock file names; and of our own what others import, which is their build.
build_packages() {
  npm ci
  npm run build --workspace @tidings/client --workspace @tidings/react
}

stage_snippets() {
  use_binaries debug
  bash scripts/check-snippets.sh
}

# Some ten seconds in all; `make prove` gives each target a minute.
stage_fuzz() {
  [ -f fuzz/run.sh ] || { idle "no fuzz/ yet"; return; }
  if ! cargo +nightly --version >/dev/null 2>&1; then
    skip refused 1 "the fuzzer needs a nightly toolchain: rustup toolchain install nightly"
    return
  fi
  if ! cargo fuzz --version >/dev/null 2>&1; then
    echo "installing cargo-fuzz $CARGO_FUZZ_VERSION by cargo (about a minute, once)"
    cargo install --quiet --locked cargo-fuzz@$CARGO_FUZZ_VERSION || { skip missing 1 "cargo-fuzz was not installed"; return; }
  fi
  FUZZ_PROFILE=dev fuzz/run.sh 2
}

stage_deny() {
  if ! cargo deny --version >/dev/null 2>&1; then
    echo "installing cargo-deny $CARGO_DENY_VERSION by cargo, unoptimised (some minutes, once)"
    cargo install --quiet --locked --debug cargo-deny@$CARGO_DENY_VERSION || { skip missing 1 "cargo-deny was not installed"; return; }
  fi
  cargo deny --log-level error check --hide-inclusion-graph licenses bans sources
  if ! timeout 120 cargo deny --log-level off fetch db >/dev/null 2>&1; then
    skip refused 1 "the advisory database is out of reach; by hand: cargo deny check advisories"
    echo "1 passed, 0 failed"
    return
  fi
  cargo deny --log-level error check advisories
  echo "2 passed, 0 failed"
}

node_is_there() {
  if ! command -v npm >/dev/null || [ "$(node --version | sed 's/^v\([0-9]*\).*/\1/')" -lt 20 ]; then
    skip missing 1 "Node 20 or newer, with npm, is not there"
    return 1
  fi
}

browser_there() {
  command -v chromium || command -v chromium-browser || command -v google-chrome
}

# skip missing|refused COUNT WHY: counted and shown by scripts/test.sh.
skip() {
  echo "SKIPPED ($2): $3"
  echo "$1 $2 $3" >>"${SKIPS:-/dev/null}"
}

# Nothing to do, so nothing to count.
idle() {
  echo "$1"
  touch "target/test-logs/${FUNCNAME[1]#stage_}.idle"
}

# How many tests a name stands for, for a skip that says how much it leaves out.
count_tests() {
  cargo test --workspace --locked --quiet --features "$FAULT_POINTS" --tests -- --list "$1" 2>/dev/null | grep -c ': test$' || true
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
  set -euo pipefail
  cd "$(dirname "$0")/.."
  mkdir -p target/test-logs
  "stage_$1"
fi

#!/bin/sh
# Runs every fuzz target for so many seconds, one line each: fuzz/run.sh SECONDS_EACH [TARGET…]
# FUZZ_PROFILE=dev builds in a fraction of the time what then searches more slowly.
set -eu
cd "$(dirname "$0")"
profile=--${FUZZ_PROFILE:-release}
seconds=${1:?usage: fuzz/run.sh SECONDS_EACH [TARGET…]}
shift
cargo +nightly --version >/dev/null 2>&1 || { echo "fuzzing needs a nightly toolchain: rustup toolchain install nightly" >&2; exit 1; }
[ -n "$(command -v cargo-fuzz)" ] || cargo install --quiet --locked cargo-fuzz --version 0.13.2

log=$(mktemp)
trap 'rm -f "$log"' EXIT
# No unsafe code to watch, and so no sanitizer: only the coverage that guides the search.
cargo +nightly fuzz build "$profile" --sanitizer none >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
[ $# -gt 0 ] || set -- $(cargo +nightly fuzz list)

failed=0
for target; do
  mkdir -p "corpus/$target"
  if cargo +nightly fuzz run "$profile" --sanitizer none "$target" "corpus/$target" "seeds/$target" -- \
    -max_total_time="$seconds" -timeout=5 -rss_limit_mb=1024 -print_final_stats=1 >"$log" 2>&1; then
    echo "fuzz $target: $(sed -n 's/^Done \([0-9]*\) runs in \([0-9]*\) second(s)$/\1 runs in \2 s/p' "$log"), $(sed -n 's/^INFO: Seed: /seed: /p' "$log"), no finding"
  else
    failed=1
    echo "fuzz $target: FINDING"
    grep -m1 -A5 "panicked at\|ERROR: libFuzzer" "$log" >&2
    tail -n 60 "$log" >&2
  fi
done
exit $failed

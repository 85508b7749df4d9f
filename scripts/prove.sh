#!/usr/bin/env bash
# The proofs at full size: every test marked `#[ignore = "prove: …"]`, every one in e2e/proofs in a real browser, each
# fuzz target for a minute, and the bench (with OLD=another/build/of/tidings also beside that one).
# What each one said, on what machine, from which commit and seeds, by which command, goes to docs/evidence, a file each.
# `scripts/prove.sh prove_drain bench` runs those whose names hold one of the words. Made to take long.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH=$PATH:/usr/sbin:/sbin CARGO_TERM_COLOR=never
source scripts/stages.sh

evidence=docs/evidence
lines_max=400
wanted=("$@")
passed=0 failed=0
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

main() {
  ulimit -n "$(ulimit -Hn)"
  mkdir -p "$evidence"
  # What was just built is what is proven.
  unset TIDINGS_BIN
  if rust_is_wanted; then prove_rust; fi
  prove_browser
  if [ -f fuzz/run.sh ]; then proof fuzz fuzz/run.sh 60; fi
  prove_speed
  echo
  echo "$passed passed, $failed failed"
  [ "$failed" = 0 ]
}

prove_rust() {
  local name where
  echo "Building the proofs, optimised …"
  cargo test --profile prove --workspace --locked --features "$FAULT_POINTS" --tests --no-run
  list_tests >"$scratch/tests"
  while read -r -u 3 name where; do
    # shellcheck disable=SC2086 # two words
    proof "${name##*::}" cargo test --profile prove --workspace --locked --features "$FAULT_POINTS" $where \
      -- --ignored --exact --nocapture --test-threads=1 "$name"
  done 3<"$scratch/tests"
}

# Not where nothing but the other kinds is asked for: the build takes minutes.
rust_is_wanted() {
  local word
  [ ${#wanted[@]} != 0 ] || return 0
  for word in "${wanted[@]}"; do
    case $word in prove_browser* | fuzz | bench*) ;; *) return 0 ;; esac
  done
  return 1
}

prove_browser() {
  local file name names=()
  for file in e2e/proofs/prove_*.js; do
    name=$(basename "$file" .js)
    if wants "$name"; then names+=("$name"); fi
  done
  # Story 3 by each of its ways to the server; its own test runs the worst one.
  if wants prove_browser_photo_jobs; then names+=(prove_browser_photo_jobs); fi
  # Story 4 with a thousand boards; and all of its tests with the hub beside, too.
  if wants prove_browser_checkin_board; then names+=(prove_browser_checkin_board); fi
  if wants prove_browser_checkin_board_ways; then names+=(prove_browser_checkin_board_ways); fi
  # The pages searched in each window and in both schemes of colours.
  if wants prove_browser_looks; then names+=(prove_browser_looks); fi
  [ ${#names[@]} != 0 ] || return 0
  CHROMIUM_BIN=$(browser_there) || true
  export CHROMIUM_BIN
  if [ -z "$CHROMIUM_BIN" ] || ! node_is_there || ! { build_release && build_packages; }; then
    echo "not proven: ${names[*]}: they need Node, npm and Chromium"
    failed=$((failed + ${#names[@]}))
    return 0
  fi
  use_binaries release
  for name in "${names[@]}"; do
    case $name in
      prove_browser_photo_jobs) proof "$name" npm run --silent prove --workspace photo-jobs ;;
      prove_browser_checkin_board) proof "$name" npm run --silent prove --workspace checkin-board ;;
      prove_browser_checkin_board_ways) proof "$name" npm run --silent ways --workspace checkin-board ;;
      prove_browser_looks) proof "$name" npm run --silent looks --workspaces --if-present ;;
      *) proof "$name" npm run --silent prove --workspace tidings-e2e -- "$name" ;;
    esac
  done
  # To the hub it would be a setting that it doesn't know.
  unset TIDINGS_BIN
}

# Beside the floor, TLS beside the clear, and, where OLD names another build of the hub, this one beside that one.
prove_speed() {
  wants bench || wants bench_tls || wants bench_versus || return 0
  build_release
  proof bench target/release/tidings-bench run
  proof bench_tls target/release/tidings-bench tls
  if ! wants bench_versus; then return; fi
  if [ -n "${OLD:-}" ]; then
    proof bench_versus target/release/tidings-bench versus --beside "$OLD"
  else
    echo "not measured: bench_versus: OLD names no other build of the hub"
  fi
}

# "NAME WHERE" of each full-size proof, where WHERE tells cargo which of its programs holds it.
list_tests() {
  cargo test --profile prove --workspace --locked --features "$FAULT_POINTS" --tests -- --ignored --list prove_ 2>&1 |
    awk '
      /Running unittests src\/main.rs/ { where = "--bins" }
      /Running unittests src\/lib.rs/ { where = "--lib" }
      /Running tests\// { where = $2; gsub(/^tests\/|\/main\.rs$|\.rs$/, "", where); where = "--test " where }
      /: test$/ { sub(/: test$/, ""); print $0, where }'
}

# proof NAME COMMAND…: runs it and writes docs/evidence/NAME.md, whatever comes of it.
proof() {
  local name=$1 log=$scratch/$1.log started=$SECONDS code=0
  shift
  wants "$name" || return 0
  printf '\n== %s\n' "$name"
  "$@" 2>&1 | tee "$log" || code=$?
  # A name that no test bears would hold for nothing.
  case $* in "cargo test"*) grep -q '^test result: ok\. 1 passed' "$log" || code=1 ;; esac
  if [ "$code" = 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
  write_down "$name" "$code" $((SECONDS - started)) "$log" "$*" >"$evidence/$name.md"
  echo "written: $evidence/$name.md"
}

wants() {
  local word
  [ ${#wanted[@]} != 0 ] || return 0
  for word in "${wanted[@]}"; do
    case $1 in *"$word"*) return 0 ;; esac
  done
  return 1
}

write_down() {
  local name=$1 code=$2 seconds=$3 log=$4 command=$5
  cat <<TEXT
# Proof: ${name//_/ }

| what | |
| --- | --- |
| outcome | $([ "$code" = 0 ] && echo held || echo "**did not hold** (exit code $code)") |
| date | $(date -u +%Y-%m-%dT%H:%MZ) |
| took | $seconds s |
| commit | $(commit) |
| seeds | $(seeds "$log") |
| command | \`$(without_places <<<"$command")\` |
| settings | $(settings) |
$(machine)
$(case $command in npm*) programs ;; *) compiler ;; esac)

\`\`\`text
$(without_places <"$log" | without_noise | shortened)
\`\`\`
TEXT
}

commit() {
  local state=""
  if [ -n "$(git status --porcelain -- . ":!$evidence")" ]; then state=", with changes not committed"; fi
  echo "$(git rev-parse --short=12 HEAD)$state"
}

# A proof prints the seeds it drew as `seed: N` or `seed=N`.
seeds() {
  local found
  found=$(grep -oiE '\bseed[:= ]+(0x)?[0-9a-f]+' "$1" | grep -oiE '(0x)?[0-9a-f]+$' | sort -u | paste -sd ' ' | cut -c1-400 || true)
  echo "${found:-none: its steps are fixed}"
}

settings() {
  local found
  found=$(env | grep -E '^(TIDINGS|PROPTEST)_' | grep -vE 'TOKEN|KEY|BIN=' | sort | paste -sd ' ' || true)
  echo "${found:-none in the environment}"
}

machine() {
  local model memory_kib
  model=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)
  memory_kib=$(sed -n 's/^MemTotal: *\([0-9]*\).*/\1/p' /proc/meminfo)
  echo "| processor | $(nproc) × ${model:-unknown} |"
  echo "| memory | $((memory_kib / 1024 / 1024)) GiB |"
  echo "| system | $(. /etc/os-release && echo "$PRETTY_NAME"), $(uname -sr) |"
  echo "| limits | open files $(ulimit -n), somaxconn $(cat /proc/sys/net/core/somaxconn), tcp_mem $(tr '\t' ' ' </proc/sys/net/ipv4/tcp_mem) pages |"
}

compiler() {
  echo "| compiler | $(rustc --version), optimised (profile prove; the bench: release) |"
}

programs() {
  echo "| programs | the hub: $(rustc --version), release; $("$CHROMIUM_BIN" --version 2>/dev/null | sed 's/ built.*//'), Node $(node --version), $(nginx -v 2>&1 | sed 's/.*: //'), $(haproxy -v | sed -n '1s/ *-[+0-9].*//p') |"
}

# What a machine calls its folders is nobody's business.
without_places() {
  sed "s#$PWD/##g; s#$PWD#.#g; s#$HOME#~#g; s#$scratch#scratch#g${OLD:+; s#$OLD#OLD#g}"
}

without_noise() {
  grep -vE '^(   Compiling|    Finished|     Running|running [0-9]+ test|    Blocking)|^warning: |^$|filtered out; finished in 0.00s' || true
}

shortened() {
  awk -v max="$lines_max" '{ line[NR] = $0 } END {
    for (n = 1; n <= NR; n++) {
      if (NR > max && n == int(max / 2)) print "… " NR - max " lines left out …"
      if (NR <= max || n < max / 2 || n > NR - max / 2) print line[n]
    } }'
}

main

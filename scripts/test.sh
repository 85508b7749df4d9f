#!/usr/bin/env bash
# Everything: each stage of scripts/stages.sh in turn, timed, its tests counted, a summary at the end.
# `scripts/test.sh tidy e2e` runs these stages alone. With CI=true, a skip for want of a program is a failure; a skip
# because the kernel or the network refuses stays a skip.
set -uo pipefail
cd "$(dirname "$0")/.." || exit
export PATH=$PATH:/usr/sbin:/sbin
export CARGO_TERM_COLOR=${CARGO_TERM_COLOR:-never} CI=${CI:-false}

# Name, and the seconds after which it hangs rather than works.
STAGES="fmt:300 tidy:900 clippy:1800 rust:2700 netns:1200 doc:1200 examples:1800 release:1800 clients:1500 e2e:2400 snippets:600 fuzz:1500 deny:1200"

logs=target/test-logs
mkdir -p "$logs"
passed=0 failed=0 skipped=0 proofs=0 summary="" skips=""

main() {
  local started=$SECONDS stage
  trap 'stop' INT TERM
  # Thousands of sockets at once are a normal day here.
  ulimit -n "$(ulimit -Hn)"
  if ! scripts/setup-test.sh; then
    summary="  setup     failed"$'\n'
    failed=1
    close "$started"
  fi
  for stage in $STAGES; do
    case " ${*:-${stage%:*}} " in *" ${stage%:*} "*) run "${stage%:*}" "${stage#*:}" ;; esac
  done
  close "$started"
}

run() {
  local name=$1 limit_s=$2 started=$SECONDS code word=ok
  local log=$logs/$name.log
  printf '\n== %s\n' "$name"
  : >"$logs/skips"
  {
    SKIPS=$logs/skips timeout --kill-after=30 "$limit_s" bash scripts/stages.sh "$name" 2>&1 &
    echo $! >"$logs/pid"
    wait $!
    echo $? >"$logs/code"
    # What a test left behind would hold the pipe open, and this stage would never end. `timeout` leads their group.
    kill -KILL -- "-$(cat "$logs/pid")" 2>/dev/null && echo "stage $name: processes were left behind, and are ended"
  } | tee "$log"
  code=$(cat "$logs/code")
  if [ "$code" = 124 ]; then echo "stage $name: stopped after $limit_s s: it hangs" | tee -a "$log"; fi
  read -r p f s i runners < <(tally "$log")
  # A documentation example that is not run is left out, not left to a proof.
  if [ "$name" = doc ]; then s=$((s + i)) i=0; fi
  take_skips "$name"
  if [ "$code" != 0 ] && [ "$f" = 0 ]; then f=1; fi
  # A stage without a runner of its own (a linter, a build) counts as one test.
  if [ "$((p + f + s + runners))" = 0 ] && [ ! -e "$logs/idle" ]; then p=1; fi
  rm -f "$logs/idle"
  if [ "$f" != 0 ]; then word=FAILED; fi
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s)) proofs=$((proofs + i))
  summary+=$(printf '  %-9s %-6s %4d s  %5d passed %3d failed %3d skipped' "$name" "$word" $((SECONDS - started)) "$p" "$f" "$s")$'\n'
}

# Adds up what cargo's, node's, vitest's, the fuzzer's and our own runners say: passed, failed, skipped, left to
# `make prove`, and how many runners spoke.
tally() {
  awk '
    /^test result: / { p += $4; f += $6; i += $8; n += 1 }
    /^(#|ℹ) pass [0-9]+$/ { p += $3; n += 1 }
    /^(#|ℹ) (fail|cancelled) [0-9]+$/ { f += $3 }
    /^(#|ℹ) (skipped|todo) [0-9]+$/ { s += $3 }
    /^ +Tests .*\([0-9]+\)$/ {
      for (at = 3; at < NF; at += 1) {
        if ($at == "passed") p += $(at - 1)
        if ($at == "failed") f += $(at - 1)
        if ($at == "skipped" || $at == "todo") s += $(at - 1)
      }
      n += 1
    }
    /^fuzz .* no finding$/ { p += 1 }
    /^fuzz .*: FINDING$/ { f += 1 }
    /^[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?$/ { p += $1; f += $3; s += $5; n += 1 }
    END { print p + 0, f + 0, s + 0, i + 0, n + 0 }' "$1"
}

# A stage says what it leaves out as lines of "missing|refused COUNT WHY".
take_skips() {
  local kind count why
  while read -r kind count why; do
    if [ "$kind" = missing ] && [ "$CI" = true ]; then
      f=$((f + count))
      skips+="  $1: $count not run, which CI must run: $why"$'\n'
    else
      s=$((s + count))
      skips+="  $1: $count skipped: $why"$'\n'
    fi
  done <"$logs/skips"
}

close() {
  printf '\n== summary, %d s\n%s' $((SECONDS - $1)) "$summary"
  if [ -n "$skips" ]; then printf 'left out:\n%s' "$skips"; fi
  if [ "$proofs" != 0 ]; then echo "$proofs proofs at full size are left to \`make prove\`"; fi
  if [ "$passed" = 0 ] && [ "$failed" = 0 ]; then
    echo "no stage of that name ran a test; the stages are: $STAGES" | sed 's/:[0-9]*//g'
    failed=1
  fi
  echo "$passed passed, $failed failed, $skipped skipped"
  [ "$failed" = 0 ]
  exit
}

stop() {
  kill "$(cat "$logs/pid")" 2>/dev/null
  echo "stopped" >&2
  exit 130
}

main "$@"

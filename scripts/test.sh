#!/usr/bin/env bash
# Everything: the stages of scripts/stages.sh, timed, their tests counted, a summary at the end. Two lanes of them run
# beside each other, since what is tested in a browser mostly waits; what a stage said is told in one piece when it is over.
# `scripts/test.sh tidy e2e` runs these stages alone; one by itself is told as it goes. With CI=true, a skip for want of a
# program is a failure; a skip because the kernel or the network refuses stays a skip.
set -uo pipefail
cd "$(dirname "$0")/.." || exit
export PATH=$PATH:/usr/sbin:/sbin
export CARGO_TERM_COLOR=${CARGO_TERM_COLOR:-never} CI=${CI:-false}

# Name, and the seconds after which it hangs rather than works. First what needs no lock of cargo's on target/: `build` has
# it meanwhile, and the fuzzer has a directory of its own.
RUST="fmt:300 deny:1200 fuzz:1800 tidy:900 clippy:1800 rust:2700 netns:1200 doc:1200 examples:1800"
# What the lane of JavaScript stands on, and that lane. A third would make browsers wait that have bounds to hold.
BUILD=build:1800
PAGES="clients:1800 e2e:2400 pages:1800 snippets:600"

logs=target/test-logs
wanted=() lanes=() how=told_at_the_end

main() {
  local started=$SECONDS stage
  mkdir -p "$logs"
  rm -f "$logs"/*.{pid,result,skips,left,idle,flaky}
  trap stop INT TERM HUP
  # Thousands of sockets at once are a normal day here.
  ulimit -n "$(ulimit -Hn)"
  for stage in $RUST $BUILD $PAGES; do
    case " ${*:-${stage%:*}} " in *" ${stage%:*} "*) wanted+=("$stage") ;; esac
  done
  case " ${wanted[*]} " in
    *" $BUILD "*) ;;
    *" clients:"* | *" pages:"* | *" snippets:"* | *" e2e:"*) wanted=("$BUILD" "${wanted[@]}") ;;
  esac
  if ! scripts/setup-test.sh; then
    echo "0 1 0 0 FAILED 0" >"$logs/setup.result"
    wanted=(setup)
  elif [ ${#wanted[@]} != 0 ]; then
    run_lanes
  fi
  close $((SECONDS - started))
}

run_lanes() {
  if [ ${#wanted[@]} = 1 ]; then how=followed; fi
  lane "$RUST" &
  lanes+=($!)
  case " ${wanted[*]} " in
    *" $BUILD "*)
      run "$BUILD"
      # What another build left behind is nothing to test.
      if grep -q ' ok ' "$logs/${BUILD%:*}.result"; then
        lane "$PAGES" &
        lanes+=($!)
      fi
      ;;
  esac
  wait "${lanes[@]}"
}

lane() {
  local stage
  for stage in $1; do
    case " ${wanted[*]} " in *" $stage "*) run "$stage" ;; esac
  done
}

# run NAME:LIMIT: leaves what became of it in NAME.result, and what was skipped in NAME.left.
run() {
  local name=${1%:*} limit_s=${1#*:} started=$SECONDS code p f s i runners word=ok
  local log=$logs/$name.log
  printf '\n== %s\n' "$name"
  : >"$log"
  SKIPS=$logs/$name.skips timeout --kill-after=30 "$limit_s" bash scripts/stages.sh "$name" >"$log" 2>&1 &
  echo $! >"$logs/$name.pid"
  if [ "$how" = followed ]; then tail -n +1 -f -s 0.2 --pid=$! "$log"; fi
  wait $!
  code=$?
  end_what_is_left "$(cat "$logs/$name.pid")" && echo "stage $name: processes were left behind, and are ended" >>"$log"
  rm "$logs/$name.pid"
  if [ "$code" = 124 ]; then echo "stage $name: stopped after $limit_s s: it hangs" >>"$log"; fi
  read -r p f s i runners < <(tally "$log")
  # A documentation example that is not run is left out, not left to a proof.
  if [ "$name" = doc ]; then s=$((s + i)) i=0; fi
  take_skips "$name"
  # A stage that hangs or could not be built is not tried again.
  if [ "$code" != 0 ] && [ "$code" != 124 ] && bash scripts/again.sh "$name" "$f" >"$logs/$name.flaky" 2>&1; then
    p=$((p + f)) f=0 code=0
  fi
  if [ "$code" != 0 ] && [ "$f" = 0 ]; then f=1; fi
  # A stage without a runner of its own (a linter, a build) counts as one test.
  if [ "$((p + f + s + runners))" = 0 ] && [ ! -e "$logs/$name.idle" ]; then p=1; fi
  rm -f "$logs/$name.idle"
  if [ "$f" != 0 ]; then word=FAILED; fi
  echo "$p $f $s $i $word $((SECONDS - started))" >"$logs/$name.result"
  if [ "$how" = followed ]; then return; fi
  {
    flock 9
    printf '\n== %s, %d s, %s\n' "$name" $((SECONDS - started)) "$word"
    cat "$log"
  } 9>"$logs/.told"
}

# What a test left behind would go on beside the next. `timeout` led their group; those that end already have a moment.
end_what_is_left() {
  local moment
  for moment in 1 2 3 4 5; do
    kill -0 -- "-$1" 2>/dev/null || return 1
    sleep 0."$moment"
  done
  kill -KILL -- "-$1" 2>/dev/null
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
  [ -e "$logs/$1.skips" ] || return 0
  while read -r kind count why; do
    if [ "$kind" = missing ] && [ "$CI" = true ]; then
      f=$((f + count))
      echo "  $1: $count not run, which CI must run: $why"
    else
      s=$((s + count))
      echo "  $1: $count skipped: $why"
    fi
  done <"$logs/$1.skips" >"$logs/$1.left"
}

close() {
  local stage name p f s i word took passed=0 failed=0 skipped=0 proofs=0
  printf '\n== summary, %d s\n' "$1"
  for stage in "${wanted[@]}"; do
    name=${stage%:*}
    # A lane that was ended has no word of the stages that it did not come to.
    read -r p f s i word took <"$logs/$name.result" || { p=0 f=1 s=0 i=0 word=NOT-RUN took=0; }
    printf '  %-9s %-7s %4d s  %5d passed %3d failed %3d skipped\n' "$name" "$word" "$took" "$p" "$f" "$s"
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s)) proofs=$((proofs + i))
  done 2>/dev/null
  cat "$logs"/*.left 2>/dev/null
  grep -h '^flaky: ' "$logs"/*.flaky 2>/dev/null
  if [ "$proofs" != 0 ]; then echo "$proofs proofs at full size are left to \`make prove\`"; fi
  if [ ${#wanted[@]} = 0 ]; then
    echo "there is no stage of that name; the stages are: $RUST $BUILD $PAGES" | sed 's/:[0-9]*//g'
    failed=1
  fi
  echo "$passed passed, $failed failed, $skipped skipped"
  [ "$failed" = 0 ]
  exit
}

stop() {
  kill "${lanes[@]}" 2>/dev/null
  cat "$logs"/*.pid 2>/dev/null | xargs --no-run-if-empty kill 2>/dev/null
  echo "stopped" >&2
  exit 130
}

main "$@"

#!/usr/bin/env bash
# `bash scripts/again.sh STAGE FAILED`: what failed of a stage of scripts/test.sh, FAILED tests by its log, once more and one
# by one. Real processes and browsers beside each other on two processors miss a bound at times that they hold by
# themselves. Each that passes now is told as flaky, by its name, and is to be mended; one that fails again has failed, and
# more than FLAKY_MAX are no accident.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/stages.sh
source scripts/stages.sh

FLAKY_MAX=3
stage=$1 count=$2
log=target/test-logs/$stage.log
list=target/test-logs/$stage.again

# Lines of RUNNER, WHERE, TEST; and one that says `unknown` for what failed without a test's name.
failed_of() {
  awk '
    function unheard() { if (where != "" && !spoke) print "unknown\t" where "\t-" }
    /^-- npm test --workspace / { unheard(); where = $NF; spoke = 0 }
    /^# fail / || /^ +Tests .*\([0-9]+\)$/ { spoke = 1 }
    /^not ok [0-9]+ - / { sub(/^not ok [0-9]+ - /, ""); print "node\t" where "\t" $0 }
    /^ FAIL  / { print "vitest\t" where "\t" $2 }
    /^test .* \.\.\. FAILED$/ { name[++names] = $2 }
    /^error: test failed, to rerun pass `/ {
      split($0, part, "`")
      # One that crashed names no test.
      if (!names) print "unknown\t" part[2] "\t-"
      for (at = 1; at <= names; at += 1) print "cargo\t" part[2] "\t" name[at]
      names = 0
    }
    /^error(\[|: could not compile)/ { print "unknown\t-\t" $0 }
    END { unheard() }' "$1"
}

alone() {
  local runner=$1 where=$2 test=$3
  case $runner in
    # shellcheck disable=SC2086 # they are several arguments
    cargo) cargo test --locked --features "$FAULT_POINTS" $where -- --exact "$test" ;;
    node)
      # As TAP has it, a number sign and a backslash stand behind a backslash.
      pattern="^$(sed -e 's/\\\([#\\]\)/\1/g' -e 's/[][\.*^$()+?{}|/-]/\\&/g' <<<"$test")$"
      npm exec --workspace "$where" -- node --test --test-name-pattern="$pattern" tests/
      ;;
    vitest) npm test --workspace "$where" -- "$test" ;;
    *) return 1 ;;
  esac
}

failed_of "$log" >"$list"
[ "$count" -gt 0 ] && [ "$count" -le "$FLAKY_MAX" ] && [ "$(wc -l <"$list")" = "$count" ] || exit 1
case $stage in clients | e2e | pages) js_is_there && CHROMIUM_BIN=$(browser_there) && export CHROMIUM_BIN ;; esac
while IFS=$'\t' read -r runner where test <&3; do
  alone "$runner" "$where" "$test" >"$list.log" 2>&1 || { cat "$list.log"; exit 1; }
  # A name that is not found would pass as well.
  grep -Eq '^(# pass|test result: ok\.) [1-9]|^ +Tests +[1-9][0-9]* passed' "$list.log" || exit 1
  echo "flaky: $test ($where): failed beside the others, passed by itself"
done 3<"$list"

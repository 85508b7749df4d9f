#!/usr/bin/env bash
# What is quick, before a commit. Stops at the first thing that is wrong; installs nothing.
set -euo pipefail
cd "$(dirname "$0")/.."
export CARGO_TERM_QUIET=true
source scripts/stages.sh

say() { printf '\n== %s\n' "$*"; }
say "format";     cargo fmt --all --check
say "lints";      cargo clippy --workspace --all-targets --features "$FAULT_POINTS" -- -D warnings
say "unit tests"; cargo test --workspace --lib --bins --features "$FAULT_POINTS"
say "tidy";       cargo xtask tidy
printf '\nAll well. `make test` runs the rest.\n'

#!/usr/bin/env bash
# Memory for each idle connection and time from publish to last read, beside a bare write loop over the same sockets.
set -euo pipefail
cd "$(dirname "$0")/.."
# 19,000 connections take 19,000 descriptors on either side.
ulimit -n "$(ulimit -Hn)"
echo "Building the hub and the load generator in release mode …"
cargo build --release --locked --package tidings-server --package tidings-bench
exec target/release/tidings-bench "$@"

#!/usr/bin/env bash
# Memory for each idle connection and time from publish to last read, beside a bare write loop over the same sockets.
set -euo pipefail
cd "$(dirname "$0")/.."
echo "Building the hub and the load generator in release mode …"
cargo build --release --locked --package tidings-server --package tidings-bench
if [ $# = 0 ]; then set -- run; fi
exec target/release/tidings-bench "$@"

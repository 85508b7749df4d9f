#!/usr/bin/env bash
# Builds the hub and starts it for trying out. Needs cargo and nothing else: no root, no service, no Node.
set -euo pipefail
cd "$(dirname "$0")/.."
listen=${1:-127.0.0.1:3000}

if ! command -v cargo >/dev/null; then
  cat >&2 <<'TEXT'
make run: cargo is not there. Tidings is built with Rust (the version is in rust-toolchain.toml);
install it with rustup, or from your system's packages, open a new shell, and run `make run` again.
TEXT
  exit 1
fi

echo "Building the hub in release mode (some minutes the first time, nothing is installed) …"
cargo build --release --locked --package tidings-server

cat <<TEXT

Starting: target/release/tidings serve --dev --listen $listen
On this machine alone, no token needed; Ctrl-C drains and stops it. It says itself what to open and to curl.

TEXT
exec target/release/tidings serve --dev --listen "$listen"

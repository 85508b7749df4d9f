#!/usr/bin/env bash
# What the hub and the clients consist of, as CycloneDX in target/sbom. Needs cargo, and npm for the clients.
set -euo pipefail
cd "$(dirname "$0")/.."
CARGO_CYCLONEDX_VERSION=0.5.9
out=target/sbom
mkdir -p "$out"

if ! cargo cyclonedx --version >/dev/null 2>&1; then
  echo "installing cargo-cyclonedx $CARGO_CYCLONEDX_VERSION by cargo, unoptimised (some minutes, once)"
  cargo install --quiet --locked --debug cargo-cyclonedx@$CARGO_CYCLONEDX_VERSION
fi
# It writes beside each manifest of the workspace; the binary's is the one to keep.
name=tidings-sbom
trap 'find crates xtask -maxdepth 2 -name "$name*.json" -delete' EXIT
cargo cyclonedx --quiet --format json --spec-version 1.5 --override-filename "$name" \
  --manifest-path crates/tidings-server/Cargo.toml
mv "crates/tidings-server/$name.json" "$out/tidings.cdx.json"

# Each crate that the binary is built from has to be in it.
cargo tree --locked --package tidings-server --edges normal,build --prefix none --format '{p}' |
  awk '{ sub(/^v/, "", $2); print $1 "@" $2 }' | sort -u >"$out/built"
grep -o '"pkg:cargo/[^"?]*' "$out/tidings.cdx.json" | sed 's|.*/||' | sort -u >"$out/listed"
missing=$(comm -23 "$out/built" "$out/listed")
if [ -n "$missing" ]; then
  echo "the SBOM lacks crates that the hub is built from:" $missing >&2
  exit 1
fi
echo "$out/tidings.cdx.json: $(wc -l <"$out/built") crates"

if command -v npm >/dev/null; then
  bill() { npm sbom --loglevel error --sbom-format cyclonedx --package-lock-only --workspace "$@"; }
  bill @tidings/client --omit dev >"$out/client.cdx.json"
  bill @tidings/react --omit dev >"$out/react.cdx.json"
  # What is bundled into the monitor, and what it is built with.
  bill tidings-monitor >"$out/monitor.cdx.json"
  grep -q '"pkg:npm/preact@' "$out/monitor.cdx.json" || { echo "the SBOM lacks what the monitor is built from" >&2; exit 1; }
  echo "$out/{client,react,monitor}.cdx.json"
fi

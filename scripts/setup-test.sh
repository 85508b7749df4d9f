#!/usr/bin/env bash
# Installs what the tests need and this machine lacks, by apt, as root or through sudo. What is there stays as it is,
# and no service is started. What can't be installed is named; `make test` then shows the tests that it skips.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin

# Any of these commands will do; else this package brings it.
NEEDED="
chromium,chromium-browser,google-chrome chromium
nginx        nginx-light
haproxy      haproxy
caddy        caddy
pebble       pebble
redis-server redis-server
ip           iproute2
nft          nftables
iptables     iptables
curl         curl
c++          g++
"

main() {
  local missing
  check_toolchains
  missing=$(missing_packages)
  if [ -z "$missing" ]; then
    echo "setup: everything that apt brings is there"
    return
  fi
  echo "setup: missing: ${missing//$'\n'/ }"
  # shellcheck disable=SC2086 # one word each
  install $missing || echo "setup: not installed; the tests that need them are skipped, visibly"
}

check_toolchains() {
  if ! command -v cargo >/dev/null; then
    echo "setup: cargo is not there: install Rust by rustup (rust-toolchain.toml names the version)" >&2
    exit 1
  fi
  echo "setup: $(cargo --version)"
  local node=0
  if command -v node >/dev/null; then
    node=$(node --version | sed 's/^v\([0-9]*\).*/\1/')
  fi
  if [ "$node" -ge 20 ]; then
    echo "setup: node $(node --version)"
  else
    echo "setup: Node 20 or newer is not there: install it; the browser tests are skipped without it"
  fi
}

missing_packages() {
  local commands package
  while read -r commands package; do
    [ -n "$commands" ] || continue
    there "$commands" || echo "$package"
  done <<<"$NEEDED"
}

there() {
  local command
  for command in ${1//,/ }; do
    if command -v "$command" >/dev/null; then return 0; fi
  done
  return 1
}

install() {
  local root=()
  if ! command -v apt-get >/dev/null; then
    echo "setup: there is no apt here: install these by your system's own means"
    return 1
  fi
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
      echo "setup: neither root nor sudo: ask for apt-get install $*"
      return 1
    fi
    root=(sudo)
    # Nobody can type a password where there is no terminal.
    if [ ! -t 0 ]; then root=(sudo -n); fi
  fi
  echo "setup: ${root[*]:+${root[*]} }apt-get install --no-install-recommends $*"
  without_starting_services "${root[@]}"
  "${root[@]}" apt-get update -qq &&
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends "$@" </dev/null >/dev/null
}

# Debian starts a web server as soon as it is installed, unless this policy says no.
without_starting_services() {
  local policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | "$@" tee "$policy" >/dev/null
    "$@" chmod +x "$policy"
    # shellcheck disable=SC2064 # the command as it is now
    trap "$* rm -f $policy" EXIT
  fi
}

main

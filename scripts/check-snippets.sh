#!/usr/bin/env bash
# Holds docs/snippets to the programs they are for: each reads its own file, and each proxy is put in front of a real
# hub, where an event must come through at once and a reader that leaves must leave the hub too.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH=$PATH:/usr/sbin:/sbin
source scripts/stages.sh

snippets=$PWD/docs/snippets
tidings=${TIDINGS_BIN:-$PWD/target/release/tidings}
# To the hub it would be a setting that it doesn't know.
unset TIDINGS_BIN
scratch=$(mktemp -d)
started=() passed=0 failed=0
trap 'kill "${started[@]}" 2>/dev/null || true; wait; rm -rf "$scratch"' EXIT

main() {
  with nginx "nginx reads nginx.conf" nginx_reads
  with haproxy "haproxy reads haproxy.cfg" haproxy -c -q -f "$snippets/haproxy.cfg"
  with caddy "caddy reads Caddyfile" caddy_reads
  with systemd-analyze "systemd reads tidings.service and tidings.socket" systemd_reads
  with kubectl "kubectl reads kubernetes.yaml" kubectl_reads
  check "the kernel knows the settings of 99-tidings.conf" kernel_knows
  if find_promtool; then
    check "promtool reads alerts.yml" "$promtool" check rules "$snippets/alerts.yml"
    check "each alert fires when it must and only then" "$promtool" test rules "$snippets/alerts.test.yml"
  else
    skip refused 2 "promtool is not there, and apt could not bring it"
  fi
  if start_hub; then
    with nginx "through nginx" through nginx
    with haproxy "through haproxy" through haproxy
    with caddy "through caddy" through caddy
  fi
  echo "$passed passed, $failed failed"
  [ "$failed" = 0 ]
}

# with PROGRAM WHAT COMMAND…: a skip where the program is not there.
with() {
  if command -v "$1" >/dev/null; then
    check "${@:2}"
  elif [ "$1" = kubectl ] || [ "$1" = systemd-analyze ]; then
    skip refused 1 "$2: $1 is not there, and setup installs no such thing"
  else
    skip missing 1 "$2: $1 is not there"
  fi
}

check() {
  if "${@:2}" >"$scratch/said" 2>&1; then
    passed=$((passed + 1))
    echo "ok     $1"
  else
    failed=$((failed + 1))
    echo "FAILED $1"
    sed 's/^/         /' "$scratch/said"
  fi
}

# --- each program reads its file -------------------------------------------------------------------------------------

nginx_reads() {
  # A socket of its own, since nginx binds what it reads and port 80 may be somebody's.
  nginx_configuration "unix:$scratch/nginx.sock" 127.0.0.1:3000 &&
    nginx -t -p "$scratch" -c "$scratch/nginx.conf"
}

caddy_reads() {
  XDG_DATA_HOME=$scratch XDG_CONFIG_HOME=$scratch caddy validate --adapter caddyfile --config "$snippets/Caddyfile" &&
    caddy fmt --diff "$snippets/Caddyfile" >"$scratch/format" && ! grep -q '^[-+]' "$scratch/format"
}

systemd_reads() {
  sed 's|^ExecStart=[^ ]*|ExecStart=/bin/true|' "$snippets/tidings.service" >"$scratch/tidings.service"
  cp "$snippets/tidings.socket" "$scratch"
  # It also speaks of other units of this machine: only what it says of ours counts.
  systemd-analyze verify "$scratch/tidings.service" "$scratch/tidings.socket" >"$scratch/verify" 2>&1 || true
  ! grep "tidings" "$scratch/verify"
}

kubectl_reads() {
  mkdir -p "$scratch/kustomize"
  cp "$snippets/kubernetes.yaml" "$scratch/kustomize"
  echo 'resources: [kubernetes.yaml]' >"$scratch/kustomize/kustomization.yaml"
  [ "$(kubectl kustomize "$scratch/kustomize" | grep -c '^kind:')" = 3 ]
}

kernel_knows() {
  local key
  sed -n 's/^\(net[a-z0-9_.]*\) = .*/\1/p' "$snippets/99-tidings.conf" >"$scratch/keys"
  [ -s "$scratch/keys" ]
  while read -r key; do
    [ -e "/proc/sys/${key//.//}" ] || { echo "no $key"; return 1; }
  done <"$scratch/keys"
}

# One program out of a package that also brings a server: unpacked, not installed.
find_promtool() {
  local unpacked=$PWD/target/tools/prometheus
  promtool=$(command -v promtool) && return
  promtool=$unpacked/usr/bin/promtool
  [ -x "$promtool" ] && return
  command -v apt-get >/dev/null || return 1
  echo "fetching promtool out of the package prometheus, into target/tools"
  mkdir -p "$unpacked"
  (cd "$scratch" && apt-get download -qq prometheus && dpkg-deb -x prometheus_*.deb "$unpacked") >/dev/null 2>&1
}

# --- each proxy in front of a hub ------------------------------------------------------------------------------------

start_hub() {
  if [ ! -x "$tidings" ]; then
    skip missing 3 "the proxies in front of a hub: ${tidings#"$PWD/"} is not built"
    return 1
  fi
  "$tidings" serve --dev --listen 127.0.0.1:0 --data-dir "$scratch/data" >"$scratch/hub.log" 2>&1 &
  started+=($!)
  if ! eventually grep -q 'listening on http://' "$scratch/hub.log"; then
    failed=$((failed + 1))
    echo "FAILED the hub did not start"
    tail -5 "$scratch/hub.log"
    return 1
  fi
  hub=$(sed -n 's|.*listening on http://\([0-9.:]*\).*|\1|p' "$scratch/hub.log" | head -1)
}

through() {
  local port reader
  port=$(free_port)
  "start_$1" "$port"
  eventually curl -sf -o /dev/null "http://127.0.0.1:$port/health" || return 1
  curl -sN --max-time 30 "http://127.0.0.1:$port/api/sse/stream?channels=snippets" >"$scratch/stream" &
  reader=$!
  started+=("$reader")
  eventually grep -q '^event: connected' "$scratch/stream" &&
    curl -sf -o /dev/null "http://127.0.0.1:$port/api/sse/publish" -H 'content-type: application/json' \
      -d "{\"channel\":\"snippets\",\"data\":\"through $1\"}" &&
    eventually grep -q "through $1" "$scratch/stream" &&
    eventually counts 1 &&
    kill "$reader" &&
    eventually counts 0
}

start_nginx() {
  nginx_configuration "127.0.0.1:$1" "$hub"
  nginx -p "$scratch" -c "$scratch/nginx.conf" -g 'daemon off;' &
  started+=($!)
}

start_haproxy() {
  sed "s|bind :80|bind 127.0.0.1:$1|; s|127.0.0.1:3000|$hub|" "$snippets/haproxy.cfg" >"$scratch/haproxy.cfg"
  # -db stays in the foreground, so that it can be stopped by its id.
  haproxy -db -n 500 -f "$scratch/haproxy.cfg" &
  started+=($!)
}

start_caddy() {
  printf '{\n\tadmin off\n\tauto_https off\n}\n' >"$scratch/Caddyfile"
  sed "s|^tidings.example.org|http://127.0.0.1:$1|; s|127.0.0.1:3000|$hub|" "$snippets/Caddyfile" >>"$scratch/Caddyfile"
  XDG_DATA_HOME=$scratch XDG_CONFIG_HOME=$scratch caddy run --adapter caddyfile --config "$scratch/Caddyfile" &
  started+=($!)
}

# nginx_configuration LISTEN HUB: the snippet, and around it the least that nginx needs to run by itself.
nginx_configuration() {
  sed "s|listen 80;|listen $1;|; s|127.0.0.1:3000|$2|" "$snippets/nginx.conf" >"$scratch/nginx-site.conf"
  cat >"$scratch/nginx.conf" <<CONF
pid $scratch/nginx.pid;
error_log stderr;
events {}
http {
  access_log off;
  client_body_temp_path $scratch/body;
  proxy_temp_path $scratch/proxy;
  fastcgi_temp_path $scratch/fastcgi;
  uwsgi_temp_path $scratch/uwsgi;
  scgi_temp_path $scratch/scgi;
  include $scratch/nginx-site.conf;
}
CONF
}

counts() {
  [ "$(curl -sf "http://$hub/api/sse/stats" | sed -n 's/.*"connections":{"active":\([0-9]*\).*/\1/p')" = "$1" ]
}

free_port() {
  local port
  while port=$((20000 + RANDOM % 10000)); do
    if ! (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      echo "$port"
      return
    fi
  done
}

# Asks again until it holds, for five seconds at most.
eventually() {
  local tries_max=100
  for _ in $(seq "$tries_max"); do
    if "$@" >/dev/null 2>&1; then return 0; fi
    sleep 0.05
  done
  echo "not within 5 s: $*"
  return 1
}

main

#!/usr/bin/env bash
# Holds docs/snippets to the programs they are for: each reads its own file, and each proxy is put in front of a real
# hub, where an event must come through at once and a reader that leaves must leave the hub too.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH=$PATH:/usr/sbin:/sbin
source scripts/stages.sh

KUBERNETES_VALIDATE=1.37.0 KUBERNETES_NEWEST=1.37
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
  with kubectl "kubectl reads kubernetes.yaml and kubernetes/" kubectl_reads
  if find_kubernetes_validate; then
    check "Kubernetes' schemas know every field of its files, the oldest that they are for and the newest" schemas_know
  else
    skip refused 1 "the schemas of Kubernetes are not there, and pip could not bring them"
  fi
  check "a drain fits into the time that Kubernetes and systemd give it" drains_fit
  check "the rights in kubernetes/users.acl are those of docs/cluster.md" rights_agree
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
  if [ -x "$tidings" ]; then
    with redis-server "a hub by kubernetes/tidings.toml is ready on a Redis by kubernetes/redis.conf, and publishes" on_redis
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
  [ "$(kubectl kustomize "$scratch/kustomize" | grep -c '^kind:')" = 3 ] &&
    [ "$(kubectl kustomize "$snippets/kubernetes" | grep -c '^kind:')" = 12 ]
}

schemas_know() {
  local files=("$snippets"/kubernetes.yaml) file version
  for file in "$snippets"/kubernetes/*.yaml; do
    # It is for kustomize, which has no schema here.
    [ "${file##*/}" = kustomization.yaml ] || files+=("$file")
  done
  for version in 1.30 "$KUBERNETES_NEWEST"; do
    "$kubernetes_validate" --strict --quiet --kubernetes-version "$version" "${files[@]}" || return 1
  done
}

# The pause before SIGTERM, the drain's window and 5 s more must be over before SIGKILL.
drains_fit() {
  local pause window grace
  pause=$(sed -n 's/.*preStop: { sleep: { seconds: \([0-9]*\) } }/\1/p' "$snippets/kubernetes/hubs.yaml")
  window=$(sed -n 's/^window_ms = //p' "$snippets/kubernetes/tidings.toml" | tr -d _)
  grace=$(sed -n 's/.*terminationGracePeriodSeconds: //p' "$snippets/kubernetes/hubs.yaml")
  fits kubernetes/hubs.yaml "$pause" "$window" "$grace" || return 1
  window=$(sed -n '/^\[drain\]/,/^$/s/^#* *window_ms = //p' tidings.example.toml | tr -d _)
  fits kubernetes.yaml 0 "$window" "$(sed -n 's/.*terminationGracePeriodSeconds: //p' "$snippets/kubernetes.yaml")" &&
    fits tidings.service 0 "$window" "$(sed -n 's/^TimeoutStopSec=//p' "$snippets/tidings.service")"
}

# fits FILE PAUSE_S WINDOW_MS GRACE_S
fits() {
  echo "$1: $2 s, $3 ms and 5 s within $4 s"
  [ $(($2 * 1000 + $3 + 5000)) -lt $(($4 * 1000)) ]
}

rights_agree() {
  local said given
  said=$(tr '\n' ' ' <docs/cluster.md | tr -s ' ' | sed 's/.*ACL SETUSER tidings on >password \([^`]*\)`.*/\1/')
  given=$(sed -n 's/^user tidings on >PASSWORD //p' "$snippets/kubernetes/users.acl")
  diff <(echo "$said") <(echo "$given")
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

# The schemas of all versions come with it; no cluster is asked.
find_kubernetes_validate() {
  local tool=$PWD/target/tools/kubernetes-validate-$KUBERNETES_VALIDATE
  kubernetes_validate=$tool/bin/kubernetes-validate
  [ -x "$kubernetes_validate" ] && return
  command -v python3 >/dev/null || return 1
  echo "fetching kubernetes-validate $KUBERNETES_VALIDATE by pip, into target/tools"
  python3 -m venv "$tool" >/dev/null 2>&1 &&
    "$tool/bin/pip" install --quiet "kubernetes-validate==$KUBERNETES_VALIDATE" >/dev/null 2>&1 && return
  rm -rf "$tool"
  return 1
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

# --- several hubs on one Redis ---------------------------------------------------------------------------------------

# One hub, with what the pods have: their files, a secret, a password; only addresses and directories are this test's.
on_redis() {
  local port listen key=$scratch/key
  port=$(free_port)
  mkdir -p "$scratch/redis" "$scratch/hub"
  sed "s/PASSWORD/a-password-of-this-test/" "$snippets/kubernetes/users.acl" >"$scratch/users.acl"
  sed "s|/data|$scratch/redis|; s|/etc/redis/acl|$scratch|" "$snippets/kubernetes/redis.conf" >"$scratch/redis.conf"
  redis-server "$scratch/redis.conf" --port "$port" --bind 127.0.0.1 &
  started+=($!)
  echo "a secret that nobody but this test has, and long enough for any hash" >"$key"
  sed "s|0.0.0.0:300.|127.0.0.1:0|; s|127.0.0.1:3001|127.0.0.1:0|; s|/var/lib/tidings|$scratch/hub|; s|/etc/tidings/secret/key|$key|" \
    "$snippets/kubernetes/tidings.toml" >"$scratch/tidings.toml"
  eventually answers "$port" || return 1
  TIDINGS_CLUSTER_NODE=tidings-0 TIDINGS_ENGINE_URL="redis://tidings:a-password-of-this-test@127.0.0.1:$port" \
    "$tidings" serve --config "$scratch/tidings.toml" >"$scratch/on-redis.log" 2>&1 &
  started+=($!)
  eventually grep -q '^listening on http://' "$scratch/on-redis.log" || { cat "$scratch/on-redis.log"; return 1; }
  listen=$(sed -n 's|^listening on http://||p' "$scratch/on-redis.log")
  eventually curl -sf -o /dev/null "http://$listen/ready" &&
    curl -sf -o "$scratch/answer" "http://$listen/api/sse/publish" -d '{"channel":"snippets","data":1}' \
      -H "authorization: Bearer $("$tidings" token --user snippets --publish snippets --key-file "$key")" &&
    grep -q '"offset":1' "$scratch/answer" && ! grep -qi ' warn' "$scratch/on-redis.log"
}

answers() {
  (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null
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

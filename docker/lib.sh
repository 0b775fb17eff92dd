# shellcheck shell=bash
# What docker/up, tests/run and docker/install.sh share: steps with a log, retries, stamps.
# Source it; it needs bash 4 and sets `set -euo pipefail` expectations, not the options themselves.
#
# Every `ensure_*` function may run any number of times. It takes the ordinary way first, with a short
# time limit, and a way that needs only package registries when that cannot be reached.

BERTH_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$BERTH_ROOT/target}
# Tools of an exact version live apart, so that nothing of the person's own is replaced.
BERTH_TOOLS=${BERTH_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/berth-tools}
BERTH_LOG=${BERTH_LOG:-$CARGO_TARGET_DIR/berth-prepare.log}
BERTH_STEP=""
BERTH_IN_STEP=""
# shellcheck disable=SC2034 # read by those who source this
BERTH_STARTED=$SECONDS
mkdir -p "$BERTH_TOOLS" "$CARGO_TARGET_DIR" "$(dirname "$BERTH_LOG")"

# Inside a step everything goes to the log; what ends the program still has to reach the person.
exec 3>&1 4>&2

say() { printf '%s\n' "$*" >&2; }
die() {
  BERTH_STEP=""
  say "error: $*"
  [ -z "$BERTH_IN_STEP" ] || printf 'failed\n\nerror: %s\n' "$*" >&4
  exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  else
    sudo -n true 2>/dev/null || say "(asks for your password: $1 needs root)"
    sudo -E "$@"
  fi
}

# step TEXT COMMAND...: one line with the seconds it took; output goes to the log, whose end is shown on failure.
# The command runs in this shell and outside any condition, so that `set -e` ends it at its first error.
step() {
  local text=$1 from=$SECONDS
  shift
  BERTH_STEP=$text
  BERTH_IN_STEP=yes
  BERTH_NOTE=""
  printf '\n===== %s\n' "$text" >>"$BERTH_LOG"
  printf '  %-52s' "$text" >&2
  "$@" >>"$BERTH_LOG" 2>&1 </dev/null
  BERTH_STEP=""
  BERTH_IN_STEP=""
  printf '%4d s  %s\n' $((SECONDS - from)) "${BERTH_NOTE:-}" >&2
}

# Says what broke; belongs into the caller's EXIT trap.
explain_failure() {
  local code=$1
  exec 1>&3 2>&4
  [ "$code" -ne 0 ] && [ -n "$BERTH_STEP" ] || return 0
  printf 'failed\n\n%s failed (exit %s). The end of %s:\n\n' "$BERTH_STEP" "$code" "$BERTH_LOG" >&2
  tail -n 40 "$BERTH_LOG" >&2
}

# retry N COMMAND...: registries hiccup; three tries with a pause between.
retry() {
  local tries=$1 n=1
  shift
  until "$@"; do
    [ "$n" -lt "$tries" ] || return 1
    say "try $n of $tries failed: $*"
    sleep $((n * 3))
    n=$((n + 1))
  done
}

# await SECONDS COMMAND...: until it succeeds.
await() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$end" ] || return 1
    sleep 0.2
  done
}

# One hash over the content of tracked and new files below the given paths (and over the extra words in $BERTH_SALT).
content_hash() {
  (
    cd "$BERTH_ROOT" || exit
    printf '%s\n' "${BERTH_SALT:-}"
    {
      if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
        git -c safe.directory='*' ls-files -z -co --exclude-standard -- "$@"
      else
        find "$@" -type f -print0 2>/dev/null
      fi
    } | sort -zu | while IFS= read -r -d '' file; do
      [ -f "$file" ] && sha256sum "$file"
    done
  ) | sha256sum | cut -d' ' -f1
}

stamped() { [ -f "$1" ] && [ "$(cat "$1")" = "$2" ]; }

locked_version() {
  awk -v name="\"$1\"" '$1=="name" && $3==name {getline; gsub(/"/,"",$3); print $3; exit}' "$BERTH_ROOT/Cargo.lock"
}

# shellcheck source=docker/lib/machine.sh
. "$BERTH_ROOT/docker/lib/machine.sh"
# shellcheck source=docker/lib/engine.sh
. "$BERTH_ROOT/docker/lib/engine.sh"
# shellcheck source=docker/lib/build.sh
. "$BERTH_ROOT/docker/lib/build.sh"

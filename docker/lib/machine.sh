# shellcheck shell=bash
# Packages and toolchains of the machine.

APT_FRESH=""

missing_packages() {
  local package
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || printf '%s ' "$package"
  done
}

# ensure_apt PACKAGE...: installs only what is missing.
ensure_apt() {
  local missing
  missing=$(missing_packages "$@")
  [ -n "$missing" ] || return 0
  have apt-get || die "this machine has no apt: please install ${missing}yourself"
  if [ -z "$APT_FRESH" ]; then
    retry 3 as_root apt-get -o DPkg::Lock::Timeout=120 update -q
    APT_FRESH=yes
  fi
  # shellcheck disable=SC2086 # a list of words on purpose
  retry 3 as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 \
    apt-get -o DPkg::Lock::Timeout=120 install -y -q --no-install-recommends $missing
  BERTH_NOTE="installed: $missing"
}

wanted_rust() { sed -n 's/^rust-version = "\(.*\)"/\1/p' "$BERTH_ROOT/Cargo.toml" | head -n 1; }

rust_is_new_enough() {
  local found
  have cargo && have rustc || return 1
  found=$(cd "$BERTH_ROOT" && rustc --version | cut -d' ' -f2) || return 1
  [ "$(printf '%s\n' "$(wanted_rust)" "${found%%-*}" | sort -V | head -n 1)" = "$(wanted_rust)" ]
}

# What the lints were written against; used where this installs Rust, never forced on a Rust that is there.
RUST_VERSION=1.95.0

install_rustup() {
  local init url
  init=$(mktemp)
  # The second is the same script on the server that the toolchains come from.
  for url in https://sh.rustup.rs https://static.rust-lang.org/rustup/rustup-init.sh; do
    if curl --proto '=https' --tlsv1.2 -sSf --connect-timeout 5 --max-time 60 -o "$init" "$url" &&
      timeout 300 sh "$init" -y --no-modify-path --default-toolchain "$RUST_VERSION" --profile minimal -c clippy -c rustfmt; then
      break
    fi
  done
  rm -f "$init"
  PATH="$HOME/.cargo/bin:$PATH"
}

# Debian's own current Rust (the packages that browsers are built with), for machines that rustup's servers do not answer.
install_debian_rust() {
  ensure_apt rustc-web cargo-web
  # Its clippy and rustfmt are separate packages that not every suite has.
  ensure_apt rust-web-clippy rustfmt-web || true
}

ensure_rust() {
  [ -d "$HOME/.cargo/bin" ] && PATH="$HOME/.cargo/bin:$PATH"
  if ! rust_is_new_enough; then
    if have rustup; then
      timeout 300 rustup update stable || true
    else
      install_rustup || true
    fi
  fi
  hash -r
  rust_is_new_enough || install_debian_rust
  hash -r
  rust_is_new_enough || die "Rust $(wanted_rust) or newer is needed and could not be installed"
  BERTH_NOTE=$(rustc --version)
}

# The command that builds for the browser; `ensure_wasm_target` chooses it.
WASM_CARGO=(cargo)
WASM_TRIPLE=wasm32-unknown-unknown

# has_wasm RUSTC...: does this compiler find a standard library for the target?
has_wasm() {
  local libdir
  libdir=$("$@" --print target-libdir --target $WASM_TRIPLE 2>/dev/null) || return 1
  compgen -G "$libdir/libstd-*.rlib" >/dev/null
}

use_debian_wasm() {
  if have rustup; then
    rustup toolchain link wasm /usr
    WASM_CARGO=(cargo +wasm)
  else
    WASM_CARGO=(env "PATH=/usr/bin:$PATH" /usr/bin/cargo)
  fi
}

# BERTH_FORCE_LAB=1 goes the long way even where a short one exists, to prove it.
ensure_wasm_target() {
  if [ -n "${BERTH_FORCE_LAB:-}" ]; then
    build_wasm_std
    use_debian_wasm
  elif ! choose_wasm_compiler; then
    if have rustup; then timeout 120 rustup target add $WASM_TRIPLE || true; fi
    choose_wasm_compiler || {
      build_wasm_std
      use_debian_wasm
    }
  fi
  BERTH_NOTE="${WASM_CARGO[*]}"
}

choose_wasm_compiler() {
  if has_wasm rustc; then
    WASM_CARGO=(cargo)
  elif have rustup && has_wasm rustc +wasm; then
    WASM_CARGO=(cargo +wasm)
  elif has_wasm /usr/bin/rustc; then
    use_debian_wasm
  else
    return 1
  fi
}

# Debian ships the standard library's sources; built once and put where rustc looks, the target is an ordinary one.
build_wasm_std() {
  local scratch
  ensure_apt rustc-web cargo-web rust-web-src lld-22
  scratch=$(mktemp -d)
  mkdir "$scratch/src"
  printf '[package]\nname = "empty"\nversion = "0.0.0"\nedition = "2021"\n[lib]\n' >"$scratch/Cargo.toml"
  : >"$scratch/src/lib.rs"
  (
    cd "$scratch" || exit
    unset RUSTFLAGS CARGO_BUILD_TARGET
    PATH=/usr/bin:$PATH RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR="$scratch/target" \
      retry 3 /usr/bin/cargo build --release -Zbuild-std=std,panic_abort --target $WASM_TRIPLE
  )
  as_root mkdir -p /usr/lib/rustlib/$WASM_TRIPLE/lib
  as_root cp "$scratch"/target/$WASM_TRIPLE/release/deps/*.rlib /usr/lib/rustlib/$WASM_TRIPLE/lib/
  rm -rf "$scratch"
}

# cargo_tool FOLDER CRATE OPTION...: with the versions its authors locked; without when the registry does not offer one of them.
cargo_tool() {
  local home=$1 crate=$2 build=$BERTH_TOOLS/build-$2
  shift 2
  if ! CARGO_TARGET_DIR=$build cargo install --locked --root "$home" "$crate" "$@"; then
    CARGO_TARGET_DIR=$build retry 3 cargo install --root "$home" "$crate" "$@"
  fi
  rm -rf "$build"
}

# The tool has to be of exactly the library's version, or its output does not load.
ensure_wasm_bindgen() {
  local version home
  version=$(locked_version wasm-bindgen)
  home=$BERTH_TOOLS/wasm-bindgen-$version
  if [ ! -x "$home/bin/wasm-bindgen" ]; then
    cargo_tool "$home" wasm-bindgen-cli --bin wasm-bindgen --version "$version"
  fi
  WASM_BINDGEN=$home/bin/wasm-bindgen
  BERTH_NOTE=$version
}

BINARYEN_VERSION=132.0.0
WASM_OPT=""

# Optional: saves a fifth of the download. Without it the panel works the same.
ensure_wasm_opt() {
  local home=$BERTH_TOOLS/binaryen-$BINARYEN_VERSION
  if [ ! -x "$home/node_modules/.bin/wasm-opt" ] && have npm; then
    timeout 120 npm install --prefix "$home" --no-save --no-audit --no-fund "binaryen@$BINARYEN_VERSION" || true
  fi
  if [ -x "$home/node_modules/.bin/wasm-opt" ]; then
    WASM_OPT=$home/node_modules/.bin/wasm-opt
    BERTH_NOTE="binaryen $BINARYEN_VERSION"
  else
    BERTH_NOTE="not to be had: goes without"
  fi
}

ensure_nextest() {
  if ! have cargo-nextest && [ ! -x "$BERTH_TOOLS/nextest/bin/cargo-nextest" ]; then
    # Unoptimised: it only waits for tests, and is built in a third of the time.
    CARGO_PROFILE_DEV_DEBUG=0 cargo_tool "$BERTH_TOOLS/nextest" cargo-nextest --debug
  fi
  PATH="$BERTH_TOOLS/nextest/bin:$PATH"
}

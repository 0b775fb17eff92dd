# shellcheck shell=bash
# The server and the panel.

# The network is tried again; a compiler's error is not.
fetch_crates() {
  local triple
  for triple in "$(rustc -vV | sed -n 's/^host: //p')" $WASM_TRIPLE; do
    (cd "$BERTH_ROOT" && retry 3 "$@" fetch --locked --target "$triple")
  done
}

# build_server PROFILE (dev or release): sets BERTH_BIN.
build_server() {
  local profile=$1 folder=$1
  [ "$profile" = dev ] && folder=debug
  fetch_crates cargo
  (cd "$BERTH_ROOT" && cargo build --locked -p berth --bin berth --profile "$profile")
  BERTH_BIN=$CARGO_TARGET_DIR/$folder/berth
  BERTH_NOTE=$(du -h "$BERTH_BIN" | cut -f1)
}

# build_panel PROFILE: the site folder that the server serves; sets BERTH_SITE.
build_panel() {
  local profile=$1 hash
  BERTH_SITE=$CARGO_TARGET_DIR/site
  [ "$profile" = wasm ] || BERTH_SITE=$CARGO_TARGET_DIR/site-$profile
  hash=$(BERTH_SALT="$profile ${WASM_CARGO[*]} $("${WASM_CARGO[@]}" --version) $WASM_OPT" content_hash \
    Cargo.toml Cargo.lock app frontend server/domain assets docker/lib/build.sh)
  if stamped "$BERTH_SITE.stamp" "$hash"; then
    BERTH_NOTE="unchanged"
    return 0
  fi
  rm -rf "$BERTH_SITE.new"
  mkdir -p "$BERTH_SITE.new/pkg"
  panel_wasm "$profile" "$BERTH_SITE.new/pkg"
  panel_assets "$BERTH_SITE.new"
  if [ "$profile" = wasm ]; then precompress "$BERTH_SITE.new" 11; else precompress "$BERTH_SITE.new" 4; fi
  # A running server keeps its own open files: swap whole folders.
  rm -rf "$BERTH_SITE.old"
  [ ! -d "$BERTH_SITE" ] || mv "$BERTH_SITE" "$BERTH_SITE.old"
  mv "$BERTH_SITE.new" "$BERTH_SITE"
  rm -rf "$BERTH_SITE.old"
  printf '%s' "$hash" >"$BERTH_SITE.stamp"
  BERTH_NOTE="wasm $(du -b "$BERTH_SITE/pkg/berth_bg.wasm" | cut -f1) bytes"
}

panel_wasm() {
  local profile=$1 out=$2
  # A folder of its own: the compiler for wasm may be another one.
  local target=$CARGO_TARGET_DIR/wasm
  fetch_crates "${WASM_CARGO[@]}"
  (
    cd "$BERTH_ROOT" || exit
    unset RUSTFLAGS
    CARGO_TARGET_DIR=$target "${WASM_CARGO[@]}" build --locked -p berth-frontend \
      --target $WASM_TRIPLE --profile "$profile"
  )
  "$WASM_BINDGEN" --target web --no-typescript --out-dir "$out" --out-name berth \
    "$target/$WASM_TRIPLE/$profile/berth_frontend.wasm"
  if [ -n "$WASM_OPT" ] && [ "$profile" = wasm ]; then
    if "$WASM_OPT" -O2 --all-features -o "$out/optimised.wasm" "$out/berth_bg.wasm"; then
      mv "$out/optimised.wasm" "$out/berth_bg.wasm"
    else
      say "wasm-opt refused the file: the plain one is used"
      rm -f "$out/optimised.wasm"
    fi
  fi
}

panel_assets() {
  local out=$1 source=$BERTH_ROOT/assets
  if compgen -G "$source/css/*.css" >/dev/null; then
    cat "$source"/css/*.css >"$out/pkg/berth.css"
  else
    : >"$out/pkg/berth.css"
  fi
  if [ -d "$source" ]; then
    tar -C "$source" --exclude=./css -c . | tar -C "$out" -x
  fi
}

# precompress FOLDER QUALITY: once here, not at every request.
precompress() {
  find "$1" -type f -size +512c \
    \( -name '*.wasm' -o -name '*.js' -o -name '*.css' -o -name '*.svg' -o -name '*.html' -o -name '*.txt' -o -name '*.json' \) \
    -exec brotli -k -f -q "$2" {} \; -exec gzip -k -f -n -9 {} \;
}

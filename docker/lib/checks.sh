# shellcheck shell=bash
# Checks that need no test process. Each counts as one in the totals of tests/run.

# Named after what it is made from: two checkouts that test at the same time do not take it from each other.
TEST_IMAGE=berth-test-shipped:$(content_hash tests/images/shipped | cut -c1-12)

# check NAME COMMAND...: the output is shown only when it fails.
check() {
  local name=$1 from=$SECONDS output
  shift
  printf '  %-52s' "$name" >&2
  output=$(mktemp)
  if "$@" >"$output" 2>&1 </dev/null; then
    PASSED=$((PASSED + 1))
    printf '%4d s  passed\n' $((SECONDS - from)) >&2
  else
    FAILED=$((FAILED + 1))
    printf '%4d s  FAILED\n' $((SECONDS - from)) >&2
    tail -n 60 "$output" >&2
  fi
  cat "$output" >>"$BERTH_LOG"
  rm -f "$output"
}

run_checks() {
  check "format" cargo fmt --all -- --check --color=never
  check "shell scripts" check_scripts
  check "layering of the browser's crate" check_wasm_tree
  check "clippy" cargo clippy --locked --all-targets -- -D warnings
}

# The programs with all that they source; the sourced files are not complete by themselves.
check_scripts() {
  git ls-files -co --exclude-standard docker tests .ci |
    while read -r file; do
      if head -c 64 "$file" | head -n 1 | tr -d '\0' | grep -q '^#!.*bash$'; then printf '%s\n' "$file"; fi
    done | xargs shellcheck -x -a
}

# The production install, as far as it goes without the registries' images.
run_install_checks() {
  check "compose file" check_compose
  check "Dockerfile and its health check" check_dockerfile
}

check_compose() {
  local settings code=0
  settings=$(mktemp)
  printf 'POSTGRES_PASSWORD=x\nBERTH_DATA=/var/lib/berth\nDOCKER_GID=1\nBERTH_VERSION=0\n' >"$settings"
  "${COMPOSE[@]}" --env-file "$settings" -f docker/compose.yaml config -q || code=$?
  rm -f "$settings"
  return $code
}

# Builds the image from what was compiled here and asks the program inside for its version, as the user it runs as.
check_dockerfile() {
  local staging image=berth-$BERTH_TEST_RUN code=0
  staging=$(mktemp -d)
  cp "$BERTH_BIN" "$staging/berth" && cp -r "$BERTH_SITE" "$staging/site" || return 1
  DOCKER_BUILDKIT=1 "$(buildkit_client)" build -f docker/Dockerfile --build-arg PROGRAM=prebuilt \
    --label "berth.instance=$BERTH_TEST_RUN" -t "$image" "$staging" &&
    [ "$(docker image inspect -f '{{.Config.User}}' "$image")" = 10001:10001 ] &&
    docker run --rm --network none --cap-drop ALL --read-only "$image" --version &&
    docker run --rm --network none --entrypoint git "$image" --version || code=$?
  rm -rf "$staging"
  return $code
}

# What runs in a browser must not drag the server's parts along.
check_wasm_tree() {
  local tree
  tree=$(cargo tree --locked -p berth-frontend --target wasm32-unknown-unknown -e normal --prefix none --format '{p}') || return 1
  if printf '%s\n' "$tree" | grep -E '^(berth-engine|berth-migrations|tokio|sea-orm|sea-orm-migration|bollard|instant-acme) '; then
    echo "these crates must not be part of the panel in the browser"
    return 1
  fi
}

# One compilation for the server and all tests, with the features that the tests use: nothing is built twice.
build_tests() {
  fetch_crates cargo
  (cd "$BERTH_ROOT" && cargo build --locked --workspace --exclude berth-frontend --bins --tests)
  BERTH_BIN=$CARGO_TARGET_DIR/debug/berth
}

# The image holds one static program: it needs no base image.
ensure_test_image() {
  local triple folder=$BERTH_ROOT/tests/images/shipped out=$CARGO_TARGET_DIR/shipped
  BERTH_NOTE=$TEST_IMAGE
  if has_image "$TEST_IMAGE"; then return 0; fi
  triple=$(rustc -vV | sed -n 's/^host: //p')
  (cd "$folder" && RUSTFLAGS="-C target-feature=+crt-static" CARGO_TARGET_DIR=$out \
    cargo build --locked --release --target "$triple")
  tar -C "$out/$triple/release" -c shipped |
    dk import -c 'ENTRYPOINT ["/shipped"]' -c 'EXPOSE 8080' - "$TEST_IMAGE"
}

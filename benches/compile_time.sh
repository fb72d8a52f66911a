#!/usr/bin/env bash
# What the attributes cost a user's compile time, measured beside what they replace, in one run:
#
# 1. `cargo check` of a crate with 200 annotated functions against the same crate with the calls written by hand;
# 2. CPU seconds of a cold debug build of `gardefou-macros` with its dependencies against a crate that only depends on
#    syn with `full`.
#
#   benches/compile_time.sh [ROUNDS]      the minimum over so many rounds counts; 5 by default
#
# Fails where one of the two ratios is above 1.5.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD
rounds=${1:-5}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Without incremental compilation, which would keep what it knows of unchanged bodies and only expand again.
export CARGO_TARGET_DIR="$work/target" CARGO_TERM_QUIET=true CARGO_INCREMENTAL=0
limit=1.5

# One crate of 200 functions: 25 for each of four guards, sync and async.
crate() {
  local kind=$1
  mkdir -p "$work/$kind/src"
  cat >"$work/$kind/Cargo.toml" <<TOML
[package]
name = "$kind"
version = "0.0.0"
edition = "2024"

[dependencies]
gardefou = { path = "$root/runtime" }

[workspace]
TOML
  cp "$root/Cargo.lock" "$work/$kind/Cargo.lock"
  {
    echo '#![allow(dead_code, unused_imports)]'
    echo 'use gardefou::{*, breaker::CircuitBreaker, boundary::ErrorBoundary};'
    echo 'use std::{sync::LazyLock, time::Duration};'
    echo 'async fn tick() {}'
    for i in $(seq 25); do "functions_$kind" "$i"; done
  } >"$work/$kind/src/lib.rs"
}

body='if text.is_empty() { return Ok(0); } let value: i32 = text.parse()?; Ok(value + by)'

functions_annotated() {
  cat <<RUST
#[enhanced_error_handling(error_code = ErrorCode::CONFIG_ERROR)]
pub fn handled_$1(text: &str, by: i32) -> Result<i32> { $body }
#[enhanced_error_handling(error_code = ErrorCode::CONFIG_ERROR)]
pub async fn handled_later_$1(text: &str, by: i32) -> Result<i32> { tick().await; $body }
#[with_circuit_breaker(name = "breaker-$1", failure_threshold = 3)]
pub fn guarded_$1(text: &str, by: i32) -> Result<i32> { $body }
#[with_circuit_breaker(name = "breaker-$1", failure_threshold = 3)]
pub async fn guarded_later_$1(text: &str, by: i32) -> Result<i32> { tick().await; $body }
#[retry(max_retries = 5, initial_delay = 0.25)]
pub fn retried_$1(text: &str, by: i32) -> Result<i32> { $body }
#[retry(max_retries = 5, initial_delay = 0.25)]
pub async fn retried_later_$1(text: &str, by: i32) -> Result<i32> { tick().await; $body }
#[retry_with_circuit_breaker(name = "both-$1", max_retries = 5)]
pub fn both_$1(text: &str, by: i32) -> Result<i32> { $body }
#[retry_with_circuit_breaker(name = "both-$1", max_retries = 5)]
pub async fn both_later_$1(text: &str, by: i32) -> Result<i32> { tick().await; $body }
RUST
}

functions_by_hand() {
  local breaker="static BREAKER: LazyLock<CircuitBreaker> = LazyLock::new(|| circuit_breakers()
        .get_or_create(\"breaker-$1\", |breaker| breaker.failure_threshold(3)).expect(\"a sound configuration\"));"
  local retry="static RETRY: LazyLock<retry::Retry> = LazyLock::new(|| retry::Retry::builder()
        .max_retries(5).initial_delay(Duration::from_millis(250)).build().expect(\"a sound configuration\"));"
  cat <<RUST
pub fn handled_$1(text: &str, by: i32) -> Result<i32> {
    ErrorBoundary::new("handled_$1").error_code(ErrorCode::CONFIG_ERROR).call(|| -> Result<i32> { $body })
}
pub async fn handled_later_$1(text: &str, by: i32) -> Result<i32> {
    ErrorBoundary::new("handled_later_$1").error_code(ErrorCode::CONFIG_ERROR)
        .call_async(async || -> Result<i32> { tick().await; $body }).await
}
pub fn guarded_$1(text: &str, by: i32) -> Result<i32> {
    $breaker
    BREAKER.call(|| { $body })
}
pub async fn guarded_later_$1(text: &str, by: i32) -> Result<i32> {
    $breaker
    BREAKER.call_async(async || { tick().await; $body }).await
}
pub fn retried_$1(text: &str, by: i32) -> Result<i32> {
    $retry
    RETRY.call(|| { $body })
}
pub async fn retried_later_$1(text: &str, by: i32) -> Result<i32> {
    $retry
    RETRY.call_async(async || { tick().await; $body }).await
}
pub fn both_$1(text: &str, by: i32) -> Result<i32> {
    $breaker
    $retry
    RETRY.call(|| BREAKER.call(|| { $body }))
}
pub async fn both_later_$1(text: &str, by: i32) -> Result<i32> {
    $breaker
    $retry
    RETRY.call_async(async || BREAKER.call_async(async || { tick().await; $body }).await).await
}
RUST
}

# CPU seconds of a command.
cpu() {
  local TIMEFORMAT='%U %S'
  { time "$@" >/dev/null 2>"$work/log"; } 2>"$work/time" || { cat "$work/log"; exit 1; }
  awk '{ print $1 + $2 }' "$work/time"
}

least() { sort -n | head -1; }

verdict() {
  awk -v what="$1" -v ours="$2" -v theirs="$3" -v limit="$limit" 'BEGIN {
    printf "%-62s %6.2f s against %6.2f s: %.2f times (at most %.1f)\n", what, ours, theirs, ours / theirs, limit
    exit ours / theirs > limit
  }'
}

check() { (cd "$work/$1" && touch src/lib.rs && cargo check --offline); }

crate annotated
crate by_hand
for kind in annotated by_hand; do check "$kind" >/dev/null 2>"$work/log" || { cat "$work/log"; exit 1; }; done
for _ in $(seq "$rounds"); do
  cpu check annotated >>"$work/annotated.cpu"
  cpu check by_hand >>"$work/by_hand.cpu"
done

mkdir -p "$work/syn/src"
syn=$(sed -n 's/^syn = { version = "\([^"]*\)".*/\1/p' Cargo.toml)
printf '[package]\nname = "only-syn"\nversion = "0.0.0"\nedition = "2024"\n[lib]\nproc-macro = true\n[dependencies]\nsyn = { version = "%s", features = ["full"] }\n[workspace]\n' "$syn" >"$work/syn/Cargo.toml"
cp Cargo.lock "$work/syn/Cargo.lock"
: >"$work/syn/src/lib.rs"
cold() { (cd "$1" && rm -rf "$work/cold" && CARGO_TARGET_DIR="$work/cold" cargo build --offline --lib); }
cold_rounds=$(((rounds + 1) / 2))
for _ in $(seq "$cold_rounds"); do
  cpu cold macros >>"$work/macros.cpu"
  cpu cold "$work/syn" >>"$work/syn.cpu"
done

failed=0
verdict 'check of 200 annotated functions, and written by hand' \
  "$(least <"$work/annotated.cpu")" "$(least <"$work/by_hand.cpu")" || failed=1
verdict 'cold build of gardefou-macros, and of a crate with syn alone' \
  "$(least <"$work/macros.cpu")" "$(least <"$work/syn.cpu")" || failed=1
exit "$failed"

#!/usr/bin/env bash
# How long a user waits for gardefou in a first debug build, beside tower-resilience-circuitbreaker 0.14.
#
#   benches/cold_build.sh [ROUNDS]
#
# Makes projects with one dependency each: gardefou with its default features, its async core alone, its blocking core
# alone, and the peer. Fetches all, builds them cold by turns, and compares the quickest builds. Fails if a core takes more
# than 1.6 times as long as the peer, or the defaults more than 2.2 times. Run it while the machine has nothing else to do.
set -euo pipefail
rounds=${1:-3}
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset CARGO_TARGET_DIR
# As a registry's crates are built: a path alone would add incremental compilation and lints.
export CARGO_INCREMENTAL=0 RUSTFLAGS=--cap-lints=allow

# The most that each form may take, in percent of the peer's time.
declare -A limits=([core]=160 [core-async]=160 [default]=220)
forms=(peer core core-async default)

project() {
  mkdir -p "$work/$1/src"
  echo 'fn main() {}' >"$work/$1/src/main.rs"
  printf '[package]\nname = "user"\nedition = "2024"\n\n[dependencies]\n%s\n\n[workspace]\n' "$2" >"$work/$1/Cargo.toml"
  (cd "$work/$1" && cargo fetch --quiet)
}

# Prints the milliseconds on the clock and those of all processors together.
build() {
  local log=$work/$1/log TIMEFORMAT='%R %U %S' taken
  rm -rf "$work/$1/target"
  taken=$({ time (cd "$work/$1" && cargo build --quiet --offline >"$log" 2>&1 || cat "$log" >&3); } 3>&2 2>&1)
  awk '{ printf "%d %d\n", $1 * 1000, ($2 + $3) * 1000 }' <<<"$taken"
}

crates() {
  (cd "$work/$1" && cargo tree --edges normal,build --prefix none | sed 's/ (\*)$//' | sort -u | grep -vc '^user ')
}

project peer 'tower-resilience-circuitbreaker = "=0.14.0"'
project core "gardefou = { path = \"$root/runtime\", default-features = false }"
project core-async "gardefou = { path = \"$root/runtime\", default-features = false, features = [\"async\"] }"
project default "gardefou = { path = \"$root/runtime\" }"

declare -A quickest=()
for ((round = 1; round <= rounds; round++)); do
  for form in "${forms[@]}"; do
    read -r clock work_done < <(build "$form")
    echo "round $round: $form $clock ms ($work_done ms of work)"
    [[ -v quickest[$form] && ${quickest[$form]} -le $clock ]] || quickest[$form]=$clock
  done
done

failed=0
for form in "${forms[@]}"; do
  percent=$((quickest[$form] * 100 / quickest[peer]))
  verdict=
  if [[ -v limits[$form] ]]; then
    verdict=", $percent % of the peer's (at most ${limits[$form]} %)"
    ((quickest[$form] * 100 <= quickest[peer] * limits[$form])) || failed=1
  fi
  echo "$form: quickest ${quickest[$form]} ms, $(crates "$form") crates$verdict"
done
exit "$failed"

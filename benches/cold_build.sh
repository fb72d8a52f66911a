#!/usr/bin/env bash
# How long a user waits for gardefou in a first debug build, beside tower-resilience-circuitbreaker 0.14.
#
#   benches/cold_build.sh [ROUNDS]
#
# Makes a project with each as its only dependency, fetches both, then builds them cold by turns and compares the
# quickest builds. Fails if gardefou takes more than 1.6 times as long. Run it while the machine has nothing else to do.
set -euo pipefail
rounds=${1:-3}
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset CARGO_TARGET_DIR

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

project gardefou "gardefou = { path = \"$root/runtime\" }"
project peer 'tower-resilience-circuitbreaker = "=0.14.0"'

best_gardefou=0
best_peer=0
for ((round = 1; round <= rounds; round++)); do
  read -r ours our_work < <(build gardefou)
  read -r theirs their_work < <(build peer)
  echo "round $round: gardefou $ours ms ($our_work ms of work)," \
    "tower-resilience-circuitbreaker $theirs ms ($their_work ms of work)"
  ((best_gardefou == 0 || ours < best_gardefou)) && best_gardefou=$ours
  ((best_peer == 0 || theirs < best_peer)) && best_peer=$theirs
done

crates() {
  (cd "$work/$1" && cargo tree --edges normal,build --prefix none | sed 's/ (\*)$//' | sort -u | grep -vc '^user ')
}
echo "crates: gardefou $(crates gardefou), tower-resilience-circuitbreaker $(crates peer)"
echo "quickest: gardefou $best_gardefou ms, tower-resilience-circuitbreaker $best_peer ms," \
  "ratio $((best_gardefou * 100 / best_peer)) %"
((best_gardefou * 100 <= best_peer * 160))

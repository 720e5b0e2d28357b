#!/usr/bin/env bash
# Coverage-guided fuzzing of everything that reads what strangers send; `tests/run fuzz` calls it. It owns:
# the flags, where the build, the grown inputs and the findings are kept, and what is said of a finding. It
# does not own what must hold: that is in fuzz/fuzz_targets, one file a parser.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
    cat <<'TEXT'
Usage: tests/run fuzz [SECONDS] [TARGET…]

Runs each target (default: all in fuzz/fuzz_targets) for SECONDS (default 60), as many at once as there are
cores. VESTIBULE_FUZZ_SEED repeats a run. What was built and learnt is kept under
${XDG_CACHE_HOME:-~/.cache}/vestibule-fuzz; a finding is written there too, and named.
TEXT
}

say() { printf 'tests/fuzz.sh: %s\n' "$*" >&2; }
die() { say "$@"; exit 1; }

seconds=60
case "${1:-}" in
    help | -h | --help) usage; exit 0 ;;
    [0-9]*) seconds=$1; shift ;;
esac
[[ "$seconds" =~ ^[1-9][0-9]*$ ]] || die "SECONDS is a whole number, not '$seconds'"

targets=("$@")
if [ ${#targets[@]} = 0 ]; then
    for file in fuzz/fuzz_targets/*.rs; do targets+=("$(basename "$file" .rs)"); done
fi
for target in "${targets[@]}"; do
    [ -e "fuzz/fuzz_targets/$target.rs" ] || die "there is no target '$target' in fuzz/fuzz_targets"
done

# A workspace of its own has a lock file of its own; it follows the main one.
cargo metadata --manifest-path fuzz/Cargo.toml --format-version 1 --locked >/dev/null 2>&1 || die \
    "fuzz/Cargo.lock lags behind: cp Cargo.lock fuzz/ && cargo metadata --manifest-path fuzz/Cargo.toml >/dev/null"
command -v c++ >/dev/null || die "a C++ compiler is missing (Debian: build-essential): libFuzzer is built with it"
home="${XDG_CACHE_HOME:-${HOME:?set HOME or XDG_CACHE_HOME}/.cache}/vestibule-fuzz"
mkdir -p "$home/findings"
triple=$(rustc -vV | sed -n 's/^host: //p')
seed="${VESTIBULE_FUZZ_SEED:-$(od -An -N3 -tu4 /dev/urandom | tr -d ' ')}"

# What cargo-fuzz passes too, all of it stable: coverage and comparisons go to libFuzzer. No sanitizer: there is
# no unsafe code here, and overflows and broken assertions are panics in this profile.
coverage="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4"
coverage+=" -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table"
coverage+=" -Cllvm-args=-sanitizer-coverage-trace-compares -Cllvm-args=-simplifycfg-branch-fold-threshold=0"

built=("${targets[@]/#/--bin=}")
# A target is named, so that build scripts and macros are built without these flags.
RUSTFLAGS="$coverage" CARGO_TARGET_DIR="$home/target" CARGO_INCREMENTAL=0 \
    cargo build --manifest-path fuzz/Cargo.toml --release --locked --target "$triple" "${built[@]}"

say "${#targets[@]} targets, $seconds s each; seed: VESTIBULE_FUZZ_SEED=$seed"

one() {
    local target=$1 log="$home/$1.log" dictionary=fuzz/dictionaries/oauth.dict
    [ "$target" != config ] || dictionary=fuzz/dictionaries/toml.dict
    mkdir -p "$home/corpus/$target"
    local program="$home/target/$triple/release/$target"
    # The first folder is where new inputs go; the others are only read.
    if "$program" -max_total_time="$seconds" -seed="$seed" -dict="$dictionary" -max_len=4096 -timeout=10 \
        -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="$home/findings/$target-" \
        "$home/corpus/$target" "fuzz/corpus/$target" >"$log" 2>&1; then
        local runs features
        runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
        features=$(grep -o 'cov: [0-9]*' "$log" | tail -n 1)
        printf '  ok    %-22s %9s inputs, %s\n' "$target" "$runs" "$features"
    else
        printf '  FOUND %s\n' "$target"
        grep -v '^#' "$log" | tail -n 60 | sed 's/^/        /'
        printf '        again: %q FILE (the Test unit above); keep a small one as fuzz/corpus/%s/NAME\n' "$program" "$target"
        return 1
    fi
}

passed=0 failed=0 running=0
finish_one() {
    if wait -n; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
    running=$((running - 1))
}
for target in "${targets[@]}"; do
    if [ "$running" -ge "$(nproc)" ]; then finish_one; fi
    one "$target" &
    running=$((running + 1))
done
while [ "$running" -gt 0 ]; do finish_one; done
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" = 0 ]

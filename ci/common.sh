# Shared by the checks; sourced, never run.
source "$(dirname "${BASH_SOURCE[0]}")/../dev.d/common.sh"

# counts PASSED FAILED SKIPPED: tells the runner how many tests this check ran.
counts() { [[ -z ${CI_COUNTS:-} ]] || echo "$*" >"$CI_COUNTS"; }

# cannot_run WHY: ends a check that needs what this machine can't have.
cannot_run() {
    echo "$*"
    exit 77
}

# cargo_test ARGUMENT...: cargo test, its counts read from the lines that each test binary closes with.
cargo_test() {
    local output status=0
    output=$(mktemp)
    cargo test --locked --no-fail-fast "$@" 2>&1 | tee "$output" || status=$?
    # shellcheck disable=SC2046
    counts $(awk '/^test result:/ { p += $4; f += $6; s += $8 } END { print p + 0, f + 0, s + 0 }' "$output")
    if ((status != 0)); then # once more at the end, where one looks first
        printf '\nWhat failed:\n'
        awk '/^failures:$/, /^test result: FAILED/; /^error(\[|:)/, /^$/' "$output"
    fi
    rm -f "$output"
    return "$status"
}

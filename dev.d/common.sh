# Shared by the scripts beside this file and in ci/; sourced, never run.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$root/Cargo.toml" | head -n 1)
jar=$root/build/libs/flink-connector-starrocks-native-$version.jar
library=$root/build/libs/libstarrocks_flink.so
programs=$root/build/bin
cache=${STARROCKS_SINK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/flink-connector-starrocks-native}
export PYTHONPATH=$root/tests/e2e PYTHONDONTWRITEBYTECODE=1
cd "$root"

say() { printf '%s\n' "$*" >&2; }

die() {
    say "error: $*"
    exit 1
}

# run WHAT COMMAND...: runs a command that may take long, its output in a log. Prints the seconds gone by now and
# then, and the end of the log if it fails.
run() {
    local what=$1 log pid status=0 begin=$SECONDS next=5
    shift
    mkdir -p "$root/build/logs"
    log=$root/build/logs/${CI_CHECK:+$CI_CHECK-}${what//[^A-Za-z0-9]/-}.log # of its own where checks run side by side
    say "== $what"
    set -m # a process group of its own, so that all of it can be stopped
    "$@" >"$log" 2>&1 </dev/null &
    pid=$!
    set +m
    trap 'kill -- "-$pid" 2>/dev/null; exit 130' INT TERM
    while kill -0 "$pid" 2>/dev/null; do
        sleep 0.2
        if ((SECONDS - begin >= next)); then
            say "   ... $((SECONDS - begin)) s: $(tail -n 1 "$log" | cut -c 1-100)"
            next=$((SECONDS - begin + 10))
        fi
    done
    wait "$pid" || status=$?
    trap - INT TERM
    if ((status != 0)); then
        say "   failed after $((SECONDS - begin)) s, exit code $status; the end of $log:"
        tail -n 60 "$log" >&2
        exit "$status"
    fi
    say "   done in $((SECONDS - begin)) s"
}

# need COMMAND PACKAGE...: makes sure a command is there, from Debian's packages if need be and if we may.
need() {
    local command=$1
    shift
    command -v "$command" >/dev/null && return
    if [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
        [[ -n $(find /var/lib/apt/lists -name '*_Packages*' -mmin -1440 2>/dev/null | head -n 1) ]] ||
            run "updating Debian's package lists" apt-get update -q
        run "installing $*" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@"
    else
        die "the command '$command' is missing. On Debian or Ubuntu: sudo apt-get install $*"
    fi
}

need_rust() { command -v cargo >/dev/null || die "cargo is missing: install Rust 1.88 or later (rustup.rs)"; }

need_java() {
    need javac openjdk-17-jdk-headless
    need gradle gradle
}

# Flink clusters and their checks: Maven fetches the one jar that PyPI lacks.
need_flink() {
    need python3 python3
    python3 -m pip --version >/dev/null 2>&1 || need pip3 python3-pip
    need javac openjdk-17-jdk-headless
    need mvn maven
}

need_mariadb_client() { need mariadb mariadb-client; }

# need_built: the programs of build/bin as the sources are now; and a jar and a library, which may be older.
need_built() {
    if [[ -f $jar && -f $library ]]; then
        dev.d/build --programs
    else
        dev.d/build
    fi
}

# gradle_run TASK...: the one way this project calls Gradle.
gradle_run() { gradle --no-daemon --console=plain -q "$@"; }

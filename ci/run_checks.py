#!/usr/bin/env python3
"""Runs the checks of this folder, the quick ones first, and closes with one line: N passed, N failed, N skipped.

A check is a small script: exit code 0 means it holds, 77 that it can't be run here (the last line of its output says
why). It counts as one test unless it writes how many tests it ran, `passed failed skipped`, to the file named by
CI_COUNTS. Its output goes to build/ci-logs/.
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

CI = Path(__file__).resolve().parent
ROOT = CI.parent
LOGS = ROOT / "build" / "ci-logs"

# What fails soonest comes first; each may count on what those before it have built.
ORDER = [
    "rust-fmt", "java-format", "imports", "clippy", "rust-test", "rust-doc", "build", "java-test", "glibc", "fuzz",
    "sanitizers", "foreign-clients", "chaos", "e2e", "secrets",
]
CANNOT_RUN = 77


def checks() -> list:
    """The checks there are, in order; one that the order doesn't name is an error, lest it never run."""
    known = {path.name for path in CI.iterdir() if path.is_file() and "." not in path.name}
    unordered = known - set(ORDER)
    if unordered:
        sys.exit(f"ci/run_checks.py: ORDER lacks {', '.join(sorted(unordered))}")
    return [name for name in ORDER if name in known]


def run(name: str, environment: dict):
    """Runs one check; its exit code, its counts, and the seconds it took."""
    log, counts = LOGS / f"{name}.log", LOGS / f"{name}.counts"
    counts.unlink(missing_ok=True)
    begin = time.monotonic()
    print(f"== {name}", flush=True)
    with open(log, "wb") as out:
        child = subprocess.Popen([CI / name], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                                 env={**environment, "CI_COUNTS": str(counts)}, start_new_session=True)
        try:
            said = begin
            while True:
                try:
                    code = child.wait(1)
                    break
                except subprocess.TimeoutExpired:
                    now = time.monotonic()
                    if now - said >= 30:
                        said = now
                        print(f"   ... {now - begin:.0f} s: {last_line(log)[:100]}", flush=True)
        except BaseException:
            stop(child)
            raise
    try:
        passed, failed, skipped = map(int, counts.read_text().split())
    except (FileNotFoundError, ValueError):
        passed, failed, skipped = int(code == 0), int(code not in (0, CANNOT_RUN)), int(code == CANNOT_RUN)
    if code not in (0, CANNOT_RUN) and failed == 0:
        failed = 1  # it broke before or after its tests
    return code, (passed, failed, skipped), time.monotonic() - begin


def stop(child) -> None:
    """Ends a check and what it started: politely first, so that it can clean up."""
    for number, patience in ((signal.SIGTERM, 30), (signal.SIGKILL, 5)):
        try:
            os.killpg(child.pid, number)
            child.wait(patience)
            return
        except (ProcessLookupError, subprocess.TimeoutExpired):
            pass


def last_line(log: Path) -> str:
    lines = log.read_bytes()[-2000:].decode(errors="replace").rstrip().splitlines()
    return re.sub(r"\x1b\[[0-9;]*m", "", lines[-1]) if lines else ""


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev test", description=__doc__.splitlines()[0])
    parser.add_argument("check", nargs="*", help="only these")
    parser.add_argument("--list", action="store_true", help="print the names of the checks")
    arguments = parser.parse_args()
    names = checks()
    if arguments.list:
        print("\n".join(names))
        return 0
    unknown = set(arguments.check) - set(names)
    if unknown:
        parser.error(f"no check named {', '.join(sorted(unknown))}; there are {', '.join(names)}")

    LOGS.mkdir(parents=True, exist_ok=True)
    # A check that needs what another one builds would otherwise wait for cargo to notice that nothing changed.
    environment = {**os.environ, "CARGO_TERM_COLOR": "never", "CARGO_TERM_PROGRESS_WHEN": "never"}
    total, failures = [0, 0, 0], []
    for name in names:
        if arguments.check and name not in arguments.check:
            continue
        code, counts, seconds = run(name, environment)
        total = [a + b for a, b in zip(total, counts)]
        result = {0: "ok", CANNOT_RUN: "cannot run here: " + last_line(LOGS / f"{name}.log")}.get(code, "FAILED")
        passed, failed, skipped = counts
        print(f"   {result}: {passed} passed, {failed} failed, {skipped} skipped in {seconds:.0f} s", flush=True)
        if counts[1]:
            failures.append(name)
            tail = (LOGS / f"{name}.log").read_text(errors="replace").splitlines()[-80:]
            print("\n".join("   | " + line for line in tail), flush=True)
    if failures:
        print(f"failed: {', '.join(failures)}; the whole output is in {LOGS.relative_to(ROOT)}/")
    print("{} passed, {} failed, {} skipped".format(*total), flush=True)
    return 1 if failures or not total[0] else 0


def interrupted(_number, _frame):
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, interrupted)
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)

#!/usr/bin/env python3
"""Runs the checks of this folder, the quick ones first, and closes with one line: N passed, N failed, N skipped.

A check is a small script: exit code 0 means it holds, 77 that it can't be run here (the last line of its output says
why). It counts as one test unless it writes how many tests it ran, `passed failed skipped`, to the file named by
CI_COUNTS. Its output goes to build/ci-logs/. Two checks run at the same time, each with a log of its own: much of what
they do is waiting.
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

# What fails soonest comes first; then in an order that keeps both places taken.
ORDER = [
    "rust-fmt", "java-format", "imports", "clippy", "fuzz", "build", "rust-test", "glibc", "linkage", "readme",
    "java-test", "sanitizers", "foreign-clients", "chaos", "rust-doc", "e2e", "secrets",
]
# Checks that use what others have built, and begin after them.
AFTER = dict.fromkeys(["glibc", "linkage", "readme", "java-test", "foreign-clients", "chaos", "e2e"], ["build"])
AFTER["secrets"] = ["e2e", "java-test"]
# With as many processes of its own as there are cores, and with time-outs that a busy machine would not keep.
ALONE = ["e2e"]
CANNOT_RUN = 77


def checks() -> list:
    """The checks there are, in order; one that the order doesn't name is an error, lest it never run."""
    known = {path.name for path in CI.iterdir() if path.is_file() and "." not in path.name}
    unordered = known - set(ORDER)
    if unordered:
        sys.exit(f"ci/run_checks.py: ORDER lacks {', '.join(sorted(unordered))}")
    return [name for name in ORDER if name in known]


class Running:
    """A check that has been started."""

    def __init__(self, name: str, environment: dict):
        self.name, self.log = name, LOGS / f"{name}.log"
        self._counts = LOGS / f"{name}.counts"
        self._counts.unlink(missing_ok=True)
        self._begin = self._said = time.monotonic()
        with open(self.log, "wb") as out:
            self._child = subprocess.Popen(
                [CI / name], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                env={**environment, "CI_CHECK": name, "CI_COUNTS": str(self._counts)}, start_new_session=True)

    def seconds(self) -> float:
        return time.monotonic() - self._begin

    def ended(self):
        """The exit code; None while it runs."""
        return self._child.poll()

    def tell(self) -> None:
        """Says now and then what it is at."""
        if time.monotonic() - self._said >= 30:
            self._said = time.monotonic()
            print(f"   ... {self.name}, {self.seconds():.0f} s: {last_line(self.log)[:100]}", flush=True)

    def counts(self, code: int) -> tuple:
        """Tests passed, failed, skipped."""
        try:
            passed, failed, skipped = map(int, self._counts.read_text().split())
        except (FileNotFoundError, ValueError):
            passed, failed, skipped = int(code == 0), int(code not in (0, CANNOT_RUN)), int(code == CANNOT_RUN)
        if code not in (0, CANNOT_RUN) and failed == 0:
            failed = 1  # it broke before or after its tests
        return passed, failed, skipped

    def stop(self) -> None:
        """Ends it and what it started: politely first, so that it can clean up."""
        for number, patience in ((signal.SIGTERM, 30), (signal.SIGKILL, 5)):
            try:
                os.killpg(self._child.pid, number)
                self._child.wait(patience)
                return
            except (ProcessLookupError, subprocess.TimeoutExpired):
                pass


def may_start(name: str, waiting: list, running: list) -> bool:
    """Whether all is over that a check comes after, and it doesn't disturb or is disturbed."""
    unfinished = waiting + [check.name for check in running]
    if any(before in unfinished for before in AFTER.get(name, [])):
        return False
    return not running or not (name in ALONE or any(check.name in ALONE for check in running))


def run_all(names: list, at_once: int, environment: dict, ended) -> None:
    """Runs checks, in their order but for those that have to wait; `ended(check, code)` is called as they end."""
    waiting, running = list(names), []
    try:
        while waiting or running:
            for name in list(waiting):
                if len(running) < at_once and may_start(name, waiting, running):
                    waiting.remove(name)
                    print(f"== {name}", flush=True)
                    running.append(Running(name, environment))
            time.sleep(0.1)
            for check in list(running):
                code = check.ended()
                if code is None:
                    check.tell()
                else:
                    running.remove(check)
                    ended(check, code)
    finally:
        for check in running:
            check.stop()


def last_line(log: Path) -> str:
    lines = log.read_bytes()[-2000:].decode(errors="replace").rstrip().splitlines()
    return re.sub(r"\x1b\[[0-9;]*m", "", lines[-1]) if lines else ""


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev test", description=__doc__.splitlines()[0])
    parser.add_argument("check", nargs="*", help="only these")
    parser.add_argument("--at-once", type=int, default=2, help="how many at the same time, 2 unless told")
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

    def ended(check: Running, code: int) -> None:
        counts = passed, failed, skipped = check.counts(code)
        total[:] = [a + b for a, b in zip(total, counts)]
        result = {0: "ok", CANNOT_RUN: "cannot run here: " + last_line(check.log)}.get(code, "FAILED")
        print(f"   {check.name}: {result}: {passed} passed, {failed} failed, {skipped} skipped in {check.seconds():.0f} s",
              flush=True)
        if failed:
            failures.append(check.name)
            tail = check.log.read_text(errors="replace").splitlines()[-80:]
            print("\n".join(f"   {check.name} | {line}" for line in tail), flush=True)

    begin = time.monotonic()
    run_all([name for name in names if not arguments.check or name in arguments.check], arguments.at_once, environment,
            ended)
    print(f"all of it took {time.monotonic() - begin:.0f} s")
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

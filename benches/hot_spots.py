"""Where the CPU time of a case goes in this sink's JVM: threads, libraries and functions (perf), and its system calls (strace).

The native library is built a second time, with its symbols; Java's come from the JVM's own map of what it has compiled. Time
in the source is in it as well.
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cases import ALL
from harness.paths import ROOT, cargo_target
from harness.process import exit_on_signals, run_logged
from sink_jvm import Bench


def library() -> Path:
    """The native library with symbols."""
    target = cargo_target() / "profile"
    run_logged("building the native library with symbols", [
        "cargo", "build", "--locked", "--release", "-p", "starrocks-jni", "--target-dir", target],
        cwd=ROOT, env={**os.environ, "CARGO_PROFILE_RELEASE_STRIP": "none"})
    return target / "release" / "libstarrocks_flink.so"


def sampled(bench, case, options: dict, folder: Path) -> tuple:
    """What perf has seen of a large run, after a warm-up, and the JVM's map of its code."""
    data = folder / "perf.data"
    with bench.start("ours", case.kind, case.shape, case.format, options) as jvm:
        jvm.run(case.rows // 2)
        perf = subprocess.Popen(["perf", "record", "-q", "-e", "cpu-clock", "-F", "499", "-p", str(jvm.pid), "-o", data],
                                stderr=subprocess.PIPE, text=True)
        figures = jvm.run(case.rows)
        perf.send_signal(signal.SIGINT)
        _, complaints = perf.communicate(timeout=60)
        if not data.exists():
            raise RuntimeError(f"perf recorded nothing: {complaints.strip()}")
        subprocess.run(["jcmd", str(jvm.pid), "Compiler.perfmap"], check=True, stdout=subprocess.DEVNULL)
        print(f"{case.title}: {figures['cpu_ns'] / figures['rows']:.0f} ns of CPU a row, source and Flink with it; "
              f"{figures['rows']:,} rows, {figures['sent'] / 1e6:.0f} MB in {figures['loads']} loads")
        return data, Path(f"/tmp/perf-{jvm.pid}.map")


def report(data: Path, title: str, keys: str, least: float) -> None:
    text = subprocess.run(["perf", "report", "--stdio", "-q", "--percent-limit", str(least), "--sort", keys, "-i", data],
                          capture_output=True, text=True, check=True).stdout
    print(f"\n== {title}")
    print("\n".join(line.rstrip()[:150] for line in text.splitlines() if line.strip()))


def system_calls(bench, case, options: dict, folder: Path) -> None:
    """The system calls of a large run, by those of a run half as long taken away."""
    counts = []
    with bench.start("ours", case.kind, case.shape, case.format, options) as jvm:
        jvm.run(case.rows // 10)
        for rows in (case.rows // 4, case.rows // 2):
            out = folder / f"strace-{rows}"
            trace = subprocess.Popen(["strace", "-c", "-f", "-qq", "-o", out, "-p", str(jvm.pid)])
            time.sleep(1)  # until it has attached to all threads
            figures = jvm.run(rows)
            trace.send_signal(signal.SIGINT)
            trace.wait(60)
            calls = {m.group(2): int(m.group(1)) for m in re.finditer(
                r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)(?:\s+\d+)?\s+(\w+)$", out.read_text(), re.M)}
            calls.pop("total", None)
            counts.append((figures["sent"], calls))
    (less, before), (more, after) = counts
    megabytes = (more - less) / 1e6
    print(f"\n== system calls of the whole JVM per MB sent (from {megabytes:.0f} MB)")
    grown = {name: (after[name] - before.get(name, 0)) / megabytes for name in after}
    for name, count in sorted(grown.items(), key=lambda of: -of[1])[:12]:
        if count >= 0.005:
            print(f"{count:10.2f}  {name}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev bench profile", description=__doc__.splitlines()[0])
    parser.add_argument("case", choices=sorted(ALL))
    parser.add_argument("--least", type=float, default=0.8, help="per cent from which on a function is shown")
    arguments = parser.parse_args()
    exit_on_signals()
    case = ALL[arguments.case]
    options = {"sink.native.library-path": str(library())}
    with tempfile.TemporaryDirectory(prefix="starrocks-bench-") as name, Bench(Path(name)) as bench:
        folder = Path(name)
        data, symbols = sampled(bench, case, options, folder)
        try:
            report(data, "threads", "comm", 0.5)
            report(data, "libraries", "dso", 0.5)
            report(data, "functions", "comm,dso,symbol", arguments.least)
        finally:
            symbols.unlink(missing_ok=True)
        system_calls(bench, case, options, folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())

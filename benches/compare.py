"""The whole sink against the published Java connector and against no sink at all, on the same rows.

A round of a case is, for each connector in turn, a small and a large run. What a row costs is the difference of the two
over the difference in rows, less the same figure of the run without a sink. All figures go into a file of benches/record/;
the tables and plots are made from that file alone.
"""

import argparse
import datetime
import os
import re
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import report
from cases import ALL, MAIN
from harness.paths import ROOT
from harness.process import exit_on_signals, say
from sink_jvm import CONNECTORS, FLINK, PUBLISHED, Bench

FED = 4 << 30  # bytes that the bare client sends
QUICK_SECONDS = 270
# What part of a case's rows, and seconds of warm-up for each connector: the JIT compiler works on for that long.
QUICK, WHOLE = (0.2, 4), (1, 12)
MEASURED = ("rows", "cpu_ns", "wall_ns", "task_bytes", "all_bytes", "sent", "loads", "server_cpu_ns")


def machine() -> str:
    model = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    memory = int(re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text()).group(1)) / (1 << 20)
    return f"{os.cpu_count()} cores of {model.group(1) if model else 'unknown make'}, {memory:.0f} GiB, Linux {os.uname().release}"


def commit() -> str:
    got = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True)
    return got.stdout.strip() or "unknown"


def about() -> dict:
    java = subprocess.run(["java", "-version"], capture_output=True, text=True).stderr.splitlines()
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"), "machine": machine(),
        "commit": commit(), "flink": FLINK, "published": PUBLISHED, "java": java[1] if len(java) > 1 else "unknown",
        "load_before": f"{os.getloadavg()[0]:.1f}",
    }


def measure_case(bench, case, rounds: int, shrink: float, warm_up: float, end: float) -> list:
    """Each connector's figures of each round. Past `end` no further round is begun."""
    sizes = {}
    for connector in CONNECTORS:
        large = int(case.rows * shrink / (case.slower if connector == "published" else 1))
        sizes[connector] = (large // 5, large)
    measured = []
    with ExitStack() as stack:
        jvms = {c: stack.enter_context(bench.start(c, case.kind, case.shape, case.format)) for c in CONNECTORS}
        for connector, jvm in jvms.items():
            # The same rows for all, so that what is sent can be compared byte for byte; then what the JIT needs.
            first = jvm.run(sizes["published"][0])
            measured.append({"case": case.name, "connector": connector, "round": 0, "size": "check", **first})
            until = time.monotonic() + warm_up
            while time.monotonic() < until:
                jvm.run(sizes[connector][1])
        for number in range(1, rounds + 1):
            if number > 1 and time.monotonic() > end:
                say(f"   {case.name}: no time for more than {number - 1} rounds")
                break
            for connector, jvm in jvms.items():
                for size, rows in zip(("small", "large"), sizes[connector]):
                    figures = jvm.run(rows)
                    measured.append({"case": case.name, "connector": connector, "round": number, "size": size, **figures})
            say(f"   {case.name}, round {number}: " + ", ".join(
                f"{c} {report.per_row(measured, case.name, c, 'cpu_ns')[-1]:.0f}" for c in CONNECTORS) + " ns of CPU a row")
    return measured


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="the main cases, fewer rows and rounds: five minutes")
    parser.add_argument("--case", action="append", choices=sorted(ALL), help="only this one; may be given more than once")
    parser.add_argument("--runs", type=int, help="rounds after the warm-up; 5 unless told, 2 with --quick")
    parser.add_argument("--record", action="store_true",
                        help="keep the figures in benches/record/ and put tables and plot into the READMEs")
    arguments = parser.parse_args()
    exit_on_signals()
    cases = [ALL[name] for name in arguments.case] if arguments.case else MAIN if arguments.quick else list(ALL.values())
    rounds = arguments.runs or (2 if arguments.quick else 5)
    began, facts, measured = time.monotonic(), about(), []
    with tempfile.TemporaryDirectory(prefix="starrocks-bench-") as folder, Bench(Path(folder)) as bench:
        seconds, client, server = bench.server.feed(FED)
        facts["bare_bytes_per_s"] = f"{FED / seconds:.0f}"
        facts["bare_client_ns_per_kb"] = f"{client / FED * 1e12:.1f}"
        facts["bare_server_ns_per_kb"] = f"{server / FED * 1e12:.1f}"
        for number, case in enumerate(cases, 1):
            say(f"== {case.title} ({number} of {len(cases)}, {time.monotonic() - began:.0f} s so far)")
            end = began + QUICK_SECONDS * number / len(cases) if arguments.quick else float("inf")
            measured += measure_case(bench, case, rounds, *(QUICK if arguments.quick else WHOLE), end)
        facts["load_after"] = f"{os.getloadavg()[0]:.1f}"
    name = "whole-sink.tsv" if arguments.record else "last.tsv"
    record = (ROOT / "benches" / "record" if arguments.record else ROOT / "build" / "bench") / name
    report.write_record(record, facts, measured, ("case", "connector", "round", "size", *MEASURED, "peak_rss"))
    result = report.Record(record)
    print(result.full_table())
    print(result.notes())
    if arguments.record:
        report.write_readmes(result)
    say(f"the figures are in {record.relative_to(ROOT)}; {time.monotonic() - began:.0f} s")
    return 0 if result.same_bytes() else 1


if __name__ == "__main__":
    sys.exit(main())

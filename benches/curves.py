"""How the cost of a row grows: with its columns, with the number of tables, and with the size of the batches.

Each point is a JVM of its own with this sink and one without, as in compare.py; what is shown is CPU time per byte sent.
"""

import argparse
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import plot
import report
from compare import about
from harness.paths import ROOT
from harness.process import exit_on_signals, say
from sink_jvm import Bench

MIB = 1 << 20
BYTES = 1_000_000_000  # of a large run
COLUMNS = (1, 2, 5, 10, 20, 50, 100)
TABLES = (1, 10, 100, 1000)
BATCHES = (64, 128, 256, 512, 1024)
COLUMN_BYTES = 9  # of CSV, about: what the number of rows is reckoned by
LINE_ITEM_JSON_BYTES = 390


def point(bench, kind: str, shape: str, data_format: str, row_bytes: int, rounds: int, options=None, database=None) -> list:
    """Of each round: CPU of the sink per byte, and per row, in nanoseconds."""
    large = BYTES // row_bytes
    options = {**(options or {}), **({"database-name": database, "table-name": database} if database else {})}
    found = []
    with ExitStack() as stack:
        jvms = {c: stack.enter_context(bench.start(c, kind, shape, data_format, options)) for c in ("ours", "none")}
        for jvm in jvms.values():
            jvm.run(large // 2)
        for _ in range(rounds):
            costs = {}
            for connector, jvm in jvms.items():
                small, big = jvm.run(large // 5), jvm.run(large)
                rows = big["rows"] - small["rows"]
                costs[connector] = (big["cpu_ns"] - small["cpu_ns"]) / rows
                if connector == "ours":
                    sent = (big["sent"] - small["sent"]) / rows
            row = costs["ours"] - costs["none"]
            found.append((row / sent, row))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev bench curves", description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3, help="rounds of each point, after the warm-up")
    parser.add_argument("--only", choices=("columns", "tables", "batches"))
    parser.add_argument("--record", action="store_true",
                        help="keep the figures in benches/record/ and put table and plot into benches/README.md")
    arguments = parser.parse_args()
    exit_on_signals()
    facts, points = about(), []

    def take(curve: str, x: int, *of, **more):
        if arguments.only in (None, curve):
            for number, (per_byte, per_row) in enumerate(point(bench, *of, arguments.runs, **more), 1):
                points.append({"curve": curve, "x": x, "round": number, "ns_per_kb": round(per_byte * 1000),
                               "ns_per_row": round(per_row)})
            say(f"   {curve} {x}: {report.Spread(p['ns_per_kb'] for p in points if (p['curve'], p['x']) == (curve, x)).text()}"
                " ns per 1000 bytes")

    with tempfile.TemporaryDirectory(prefix="starrocks-bench-") as folder, Bench(Path(folder)) as bench:
        for count in COLUMNS:
            take("columns", count, "binary", f"columns{count}", "csv", COLUMN_BYTES * count)
        for count in TABLES:
            take("tables", count, f"tables:{count}", "lineitem", "json", LINE_ITEM_JSON_BYTES, database="*")
        for size in BATCHES:
            # Wide rows, so that max-rows of them fill the largest batch.
            take("batches", size, "binary", "wide", "csv", COLUMN_BYTES * 100, options={
                "sink.buffer-flush.max-bytes": str(size * MIB), "sink.buffer.max-memory": str(2 * size * MIB)})
    record = ROOT / "benches" / "record" / "curves.tsv" if arguments.record else ROOT / "build" / "bench" / "curves.tsv"
    report.write_record(record, facts, points, ("curve", "x", "round", "ns_per_kb", "ns_per_row"))
    show(record, arguments.record)
    return 0


TITLES = {"columns": ("columns of a row (CSV)", "ns per byte"), "tables": ("tables (raw JSON)", "ns per byte"),
          "batches": ("MiB of a batch (CSV, 100 columns)", "ns per byte")}


def show(path: Path, write: bool) -> None:
    """Prints a record's table; puts it and its plot where they belong."""
    facts, points = report.read_record(path)
    panels, text = [], ["| curve | at | ns per 1000 bytes | ns per row |", "| --- | --- | --- | --- |"]
    for curve, titles in TITLES.items():
        at = dict.fromkeys(p["x"] for p in points if p["curve"] == curve)
        for x in at:
            of = [p for p in points if (p["curve"], p["x"]) == (curve, x)]
            text.append(f"| {titles[0]} | {x} | {report.Spread(p['ns_per_kb'] for p in of).text()} | "
                        f"{report.Spread(p['ns_per_row'] for p in of).text()} |")
            at[x] = report.Spread(p["ns_per_kb"] for p in of).median / 1000
        if at:
            panels.append((*titles, list(at.items())))
    under = (f"{facts['date']}, {facts['machine']}, load {facts['load_before']} before; commit {facts['commit']}. "
             "Medians of the rounds (least to greatest).")
    print("\n".join(text), under, sep="\n\n")
    if write:
        path.with_suffix(".svg").write_text(plot.lines("CPU time of this sink, without the pipeline before it", panels))
        report.put(ROOT / "benches" / "README.md", "curves", "\n![CPU time per byte over columns, tables and batches](record/curves.svg)\n\n" + "\n".join(text) + f"\n\n{under}\n")


if __name__ == "__main__":
    sys.exit(main())

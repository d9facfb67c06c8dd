"""Tables and plots of the comparison, made from a file of figures and nothing else.

As a program: `report.py FILE` prints the tables of a record; `report.py FILE --write` puts them into the READMEs.
"""

import math
import re
import statistics
import sys
from pathlib import Path

import plot
from cases import ALL, MAIN
from sink_jvm import BUFFER, CONNECTORS

ROOT = Path(__file__).resolve().parents[1]
MIB = 1 << 20
HEAP_TARGET = 16  # bytes a row
MEMORY_ALLOWANCE = 2 * BUFFER + 64 * MIB  # sink.buffer.max-memory's default, and 64 MiB
JSON_TARGET = 1.7  # times CSV


def write_record(path: Path, facts: dict, rows: list, columns) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"# {name}: {value}" for name, value in facts.items()]
    lines.append("\t".join(columns))
    lines += ["\t".join(str(row[column]) for column in columns) for row in rows]
    path.write_text("\n".join(lines) + "\n")


def read_record(path: Path) -> tuple:
    lines = path.read_text().splitlines()
    facts = dict(line[2:].split(": ", 1) for line in lines if line.startswith("# "))
    header, *rows = [line.split("\t") for line in lines if not line.startswith("#")]
    return facts, [{name: int(value) if re.fullmatch(r"-?\d+", value) else value for name, value in zip(header, row)}
                   for row in rows]


def per_row(rows: list, case: str, connector: str, figure: str) -> list:
    """Of each round: the large run less the small one, over the rows between them."""
    of = {(r["round"], r["size"]): r for r in rows if r["case"] == case and r["connector"] == connector}
    return [(large[figure] - of[number, "small"][figure]) / (large["rows"] - of[number, "small"]["rows"])
            for (number, size), large in sorted(of.items()) if size == "large" and (number, "small") in of]


class Spread:
    """Values of the rounds: median, least and greatest."""

    def __init__(self, values):
        self.values = list(values)
        # A round in which noise was more than what was measured leaves no figure: not a good one, either.
        self.median = math.nan if any(map(math.isnan, self.values)) else statistics.median(self.values)

    def text(self, digits: int = 0) -> str:
        if len(self.values) == 1:
            return f"{self.median:,.{digits}f}"
        return f"{self.median:,.{digits}f} ({min(self.values):,.{digits}f} to {max(self.values):,.{digits}f})"


class Line:
    """What a case comes to."""

    def __init__(self, case, rows: list):
        self.case = case

        def of(connector, figure):
            return per_row(rows, case.name, connector, figure)

        def net(connector, figure):
            return [with_sink - without for with_sink, without in zip(of(connector, figure), of("none", figure))]

        self.cpu = {c: Spread(net(c, "cpu_ns")) for c in ("published", "ours")}
        self.speed = {c: Spread(1e9 / ns if ns > 0 else math.nan for ns in of(c, "wall_ns")) for c in CONNECTORS}
        self.heap = {c: Spread(net(c, "task_bytes")) for c in ("published", "ours")}
        self.all_heap = {c: Spread(net(c, "all_bytes")) for c in ("published", "ours")}
        self.peak = {c: max(r["peak_rss"] for r in rows if r["case"] == case.name and r["connector"] == c)
                     for c in CONNECTORS}
        self.cpu_ratio = Spread(p / o if o > 0 else math.nan
                                for p, o in zip(self.cpu["published"].values, self.cpu["ours"].values))
        self.speed_ratio = Spread(o / p for p, o in zip(self.speed["published"].values, self.speed["ours"].values))
        check = {r["connector"]: r for r in rows if r["case"] == case.name and r["size"] == "check"}
        self.sent = {c: check[c]["sent"] / check[c]["rows"] for c in ("published", "ours")}
        large = [r for r in rows if r["case"] == case.name and r["size"] == "large" and r["connector"] == "ours"]
        self.server = sum(r["server_cpu_ns"] for r in large) / max(sum(r["wall_ns"] for r in large), 1)

    def memory(self) -> int:
        """Peak RSS over that of the run without a sink."""
        return self.peak["ours"] - self.peak["none"]

    def verdicts(self) -> list:
        """What is promised for the case: what, and whether it holds."""
        found = []
        if self.case.cpu_target:
            found.append((f"CPU {self.case.cpu_target:g}x", self.cpu_ratio.median >= self.case.cpu_target))
        if self.case.speed_target:
            found.append((f"speed {self.case.speed_target:g}x", self.speed_ratio.median >= self.case.speed_target))
        found.append((f"heap {HEAP_TARGET} B", self.heap["ours"].median <= HEAP_TARGET))
        found.append(("memory", self.memory() <= MEMORY_ALLOWANCE))
        return found

    def targets(self) -> str:
        missed = [what for what, held in self.verdicts() if not held]
        return "missed: " + ", ".join(missed) if missed else "met"


class Record:
    """A file of figures."""

    def __init__(self, path: Path):
        self.facts, self._rows = read_record(path)
        names = dict.fromkeys(row["case"] for row in self._rows)
        self.lines = {name: Line(ALL[name], self._rows) for name in names}

    def full_table(self) -> str:
        text = ["| case | CPU ns/row: published | ours | times less | rows/s: published | ours | times more | "
                "heap B/row: published | ours | peak RSS MiB: published | ours | no sink | targets |",
                "|" + " --- |" * 13]
        for line in self.lines.values():
            text.append("| " + " | ".join([
                line.case.title, line.cpu["published"].text(), line.cpu["ours"].text(), line.cpu_ratio.text(1),
                line.speed["published"].text(), line.speed["ours"].text(), line.speed_ratio.text(1),
                f"{line.heap['published'].median:,.0f}", f"{line.heap['ours'].median:,.0f}",
                *(f"{line.peak[c] / MIB:,.0f}" for c in ("published", "ours", "none")), line.targets()]) + " |")
        return "\n".join(text)

    def short_table(self) -> str:
        text = ["| rows and format | CPU per row, published connector | this sink | times less CPU | times more rows/s | "
                "heap per row | peak RSS |", "|" + " --- |" * 7]
        for case in MAIN:
            if case.name in self.lines:
                line = self.lines[case.name]
                text.append(
                    f"| {case.title} | {line.cpu['published'].median:,.0f} ns | {line.cpu['ours'].median:,.0f} ns | "
                    f"{line.cpu_ratio.text(1)} | {line.speed_ratio.text(1)} | {line.heap['published'].median:,.0f} B, "
                    f"{max(line.heap['ours'].median, 0):,.0f} B | {line.peak['published'] / MIB:,.0f} MiB, "
                    f"{line.peak['ours'] / MIB:,.0f} MiB |")
        return "\n".join(text)

    def same_bytes(self) -> bool:
        """Whether both connectors sent the same, but for a little framing."""
        return all(abs(line.sent["ours"] / line.sent["published"] - 1) < 0.02 for line in self.lines.values())

    def notes(self) -> str:
        f = self.facts
        text = [f"{f['date']}, {f['machine']}, load {f['load_before']} before and {f['load_after']} after; commit "
                f"{f['commit']}, Flink {f['flink']}, published connector {f['published']}, {f['java']}. "
                "Medians of the rounds (least to greatest).", ""]
        text.append("Bytes sent per row, the same rows, published and ours: " + "; ".join(
            f"{line.case.name} {line.sent['published']:.1f}, {line.sent['ours']:.1f}" for line in self.lines.values())
            + ("." if self.same_bytes() else ". THEY DIFFER."))
        text.append("")
        text.append(
            f"The counting server took {float(f['bare_bytes_per_s']) / 1e6:,.0f} MB/s from a bare client in this run, for "
            f"{float(f['bare_server_ns_per_kb']):.0f} ns of its own CPU (and {float(f['bare_client_ns_per_kb']):.0f} of the "
            "client's) per 1000 bytes; while this sink ran, it used this much of a core: " + "; ".join(
                f"{line.case.name} {line.server * 100:.0f} %" for line in self.lines.values()) + ".")
        pairs = [(name, name.replace("-json", "-csv")) for name in self.lines
                 if name.endswith("-json") and name.replace("-json", "-csv") in self.lines]
        if pairs:
            text.append("")
            text.append(f"JSON's CPU per row over CSV's (promised: at most {JSON_TARGET}): " + "; ".join(
                f"{json} {self.lines[json].cpu['ours'].median / self.lines[csv].cpu['ours'].median:.2f}"
                for json, csv in pairs) + ".")
        return "\n".join(text)

    def drawing(self) -> str:
        bars = [(line.case.title, line.cpu["published"].median, line.cpu["ours"].median, line.cpu_ratio.median)
                for line in (self.lines[case.name] for case in MAIN if case.name in self.lines)]
        return plot.bars("CPU time per row, nanoseconds, without the pipeline before it", bars,
                         ("published Java connector", "this sink"))


def put(path: Path, name: str, text: str) -> None:
    """Replaces what is between a file's markers of that name."""
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    content = path.read_text()
    if begin not in content or end not in content:
        raise ValueError(f"{path} has no markers {begin} and {end}")
    before, rest = content.split(begin, 1)
    path.write_text(f"{before}{begin}\n{text}\n{end}{rest.split(end, 1)[1]}")


def write_readmes(record: Record) -> None:
    (ROOT / "benches" / "record" / "whole-sink.svg").write_text(record.drawing())
    facts = record.facts
    under = (f"{facts['date'].split()[0]}, {facts['machine']}; median of the rounds (least to greatest); heap and peak RSS: "
             "published connector, this sink.")
    plotted = "![CPU time per row of both connectors](benches/record/whole-sink.svg)"
    put(ROOT / "README.md", "bench", f"\n{plotted}\n\n{record.short_table()}\n\n{under}\n")
    put(ROOT / "benches" / "README.md", "bench", f"\n{record.full_table()}\n\n{record.notes()}\n")


if __name__ == "__main__":
    shown = Record(Path(sys.argv[1]))
    print(shown.full_table())
    print(shown.notes())
    if "--write" in sys.argv:
        write_readmes(shown)

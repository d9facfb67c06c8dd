"""The table of Flink versions: what was seen to work on each."""

import time

from .paths import CONNECTOR_JAR, ROOT

# Case of cases/matrix.py -> the title of its column.
COLUMNS = {
    "sql": "SQL",
    "add_sink": "DataStream addSink",
    "sink_to": "DataStream sinkTo",
    "restore": "exactly-once restore",
}
_BEGIN, _END = "<!-- versions: written by ./dev matrix --record -->", "<!-- versions: end -->"


def table(results: list, versions: list) -> str:
    """Markdown, a row for each version."""
    lines = ["| Flink | " + " | ".join(COLUMNS.values()) + " | result |", "| --- " * (len(COLUMNS) + 2) + "|"]
    for version in versions:
        of = {r["case"].partition(".")[2]: r for r in results if r["version"] == version}
        cells = [_cell(of.get(column)) for column in COLUMNS]
        good = of and all(r["outcome"] == "passed" for r in of.values())
        lines.append(f"| {version} | " + " | ".join(cells) + f" | {'ok' if good else 'FAILED'} |")
    return "\n".join(lines)


def _cell(result) -> str:
    return "not there" if result is None else "ok" if result["outcome"] == "passed" else "FAILED"


def record(rows: str) -> None:
    """Writes the table and the date between the README's markers."""
    readme = ROOT / "README.md"
    text = readme.read_text()
    before, rest = text.split(_BEGIN)
    _, after = rest.split(_END)
    day = time.strftime("%Y-%m-%d")
    readme.write_text(f"{before}{_BEGIN}\nSeen on {day} with {CONNECTOR_JAR.name}, on standalone session clusters:\n\n"
                      f"{rows}\n\n{_END}{after}")

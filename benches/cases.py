"""The cases of the comparison."""

from typing import NamedTuple


class Case(NamedTuple):
    name: str
    title: str
    kind: str  # of the rows, as benches/jvm/Bench.java has it
    shape: str
    format: str
    rows: int  # of a large run with this connector; a small one has a fifth
    slower: int  # by how much fewer rows the published connector gets, as it needs that much longer
    cpu_target: float = 0  # times less CPU than the published connector
    speed_target: float = 0  # times its rows per second


MAIN = [
    Case("sql-binary-csv", "SQL, BinaryRowData, CSV", "binary", "lineitem", "csv", 18_000_000, 8, 20, 8),
    Case("sql-binary-json", "SQL, BinaryRowData, JSON", "binary", "lineitem", "json", 16_000_000, 8, 20, 10),
    Case("sql-generic-csv", "SQL, generic rows, CSV", "generic", "lineitem", "csv", 9_000_000, 4, 8, 5),
    Case("slots-csv", "slots, CSV", "slots", "lineitem", "csv", 9_000_000, 4, 8, 5),
    Case("raw-json", "raw JSON strings", "raw", "lineitem", "json", 18_000_000, 3, 8, 5),
]
FURTHER = [
    Case("sql-generic-json", "SQL, generic rows, JSON", "generic", "lineitem", "json", 3_000_000, 4),
    Case("narrow-csv", "3 integers, CSV", "binary", "narrow", "csv", 20_000_000, 6),
    Case("narrow-json", "3 integers, JSON", "binary", "narrow", "json", 16_000_000, 6),
    Case("wide-csv", "100 columns, CSV", "binary", "wide", "csv", 800_000, 8),
    Case("wide-json", "100 columns, JSON", "binary", "wide", "json", 600_000, 8),
    Case("long-csv", "4 KB strings, CSV", "binary", "long", "csv", 400_000, 2),
    Case("long-json", "4 KB strings, JSON", "binary", "long", "json", 400_000, 2),
    Case("chinese-csv", "Chinese text, CSV", "binary", "chinese", "csv", 4_000_000, 4),
    Case("chinese-json", "Chinese text, JSON", "binary", "chinese", "json", 4_000_000, 4),
]
ALL = {case.name: case for case in MAIN + FURTHER}

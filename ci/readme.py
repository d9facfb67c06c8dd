"""Compiles the README's Java snippets against Flink distributions: `readme.py VERSION...`.

A snippet becomes the body of a method, in a class that has what the README leaves out: streams, a row, an environment.
"""

import re
import sys
import tempfile
from pathlib import Path

from harness.download import flink_home, minor
from harness.jobs import build_jar
from harness.paths import ROOT

PROGRAM = """
import com.starrocks.connector.flink.*;
import com.starrocks.connector.flink.row.sink.*;
import com.starrocks.connector.flink.table.data.*;
import com.starrocks.connector.flink.table.sink.*;
import org.apache.flink.streaming.api.datastream.*;
import org.apache.flink.streaming.api.environment.*;
import org.apache.flink.table.api.*;
%s
class Snippet {
    static class Order {
        long id;
        String customer;
    }

    StreamExecutionEnvironment env;
    StarRocksSinkOptions options;
    StarRocksSinkRowBuilder<Order> rowBuilder;
    DataStream<Order> stream;
    DataStream<String> texts;
    DataStream<StarRocksRowData> tagged;

    void run() {
        %s
    }
}
"""


def snippets() -> list:
    """The README's Java, each with the line that it begins in."""
    text = (ROOT / "README.md").read_text()
    return [(text[:found.start()].count("\n") + 2, found.group(1))
            for found in re.finditer(r"^```java\n(.*?)^```", text, re.M | re.S)]


def serves(snippet: str, flink: str) -> bool:
    """`addSink` is there up to Flink 1.20, `sinkTo` from 1.15 on."""
    return minor(flink) <= (1, 20) if ".addSink(" in snippet else minor(flink) >= (1, 15)


def compiles(snippet: str, flink: str) -> bool:
    imports = re.findall(r"^import .*;$", snippet, re.M)
    body = re.sub(r"^import .*;$", "", snippet, flags=re.M)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "Snippet.java"
        source.write_text(PROGRAM % ("\n".join(imports), body))
        try:
            build_jar([source], Path(folder) / "snippet.jar", flink_home(flink))
        except RuntimeError as error:
            print(error)
            return False
    return True


def main() -> int:
    failed = 0
    found = snippets()
    for interface in (".addSink(", ".sinkTo("):
        if not any(interface in snippet for _, snippet in found):
            sys.exit(f"the README has no snippet with {interface}...)")
    for line, snippet in found:
        for flink in sys.argv[1:]:
            if serves(snippet, flink):
                good = compiles(snippet, flink)
                failed += not good
                print(f"README.md, line {line}, on Flink {flink}: {'ok' if good else 'FAILED'}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

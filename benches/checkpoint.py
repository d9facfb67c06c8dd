"""How long a checkpoint stops the rows of a subtask that has 90 MB to deliver: this sink and the published connector.

Both run in exactly-once mode, V1 and V2, on real Flink clusters, against the same server, which only counts. A round is
one burst of the same rows for each of the four jobs in turn, and a checkpoint right after its last row. What is compared
is the synchronous part of the sink's task, as Flink's REST API tells it: the time in which no row is taken.
"""

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path

from harness.cluster import FlinkCluster
from harness.download import flink_home
from harness.jobs import build_jar
from harness.paths import CONNECTOR_JAR, cache_folder
from harness.process import exit_on_signals, run_logged, say, wait_for
from harness.sandbox import Sandbox

HERE = Path(__file__).resolve().parent
PUBLISHED = "1.2.10_flink-1.19"  # the newest; runs on Flink 1.20 as well
COLUMNS = """l_orderkey BIGINT, l_partkey INT, l_suppkey INT, l_linenumber INT, l_quantity DECIMAL(15, 2),
    l_extendedprice DECIMAL(15, 2), l_discount DECIMAL(15, 2), l_tax DECIMAL(15, 2), l_returnflag VARCHAR(1),
    l_linestatus VARCHAR(1), l_shipdate DATE, l_commitdate DATE, l_receiptdate DATE, l_shipinstruct VARCHAR(25),
    l_shipmode VARCHAR(10), l_comment VARCHAR(44)"""
OPTIONS = {
    "sink.semantic": "exactly-once", "sink.label-prefix": "bench", "sink.properties.format": "csv",
    # Nothing but the checkpoint itself is to make them load: 90 MB is just below their buffers' 90 MiB.
    "sink.buffer-flush.max-rows": "5000000", "sink.buffer-flush.interval-ms": "3600000",
}
BYTES = 90_000_000
ROW = 132  # bytes in the mean, with its newline


def published_connector() -> Path:
    jar = cache_folder() / f"flink-connector-starrocks-{PUBLISHED}.jar"
    if not jar.exists():
        run_logged("downloading the published connector", [
            "mvn", "-q", "-B", "dependency:copy", f"-DoutputDirectory={jar.parent}",
            f"-Dartifact=com.starrocks:flink-connector-starrocks:{PUBLISHED}"])
    return jar


class Job:
    """A sink that waits for bursts."""

    def __init__(self, name: str, version: str, cluster, sandbox, jobs: str, folder: Path, arguments):
        self.name, self._cluster, self._sandbox = name, cluster, sandbox
        self._orders, self._reports = (folder / f"{name.replace(' ', '-')}.{what}" for what in ("orders", "reports"))
        self._bursts, self._rows = 0, BYTES // ROW
        self._table = name.replace(" ", "_")
        # The published connector's V1 loads what a checkpoint kept when the next row comes, not before.
        self._bursts_behind = 1 if name == "published V1" else 0
        with sandbox.connect() as connection:
            connection.query(f"CREATE TABLE bench.{self._table} ({COLUMNS}) DUPLICATE KEY (l_orderkey) "
                             "DISTRIBUTED BY HASH (l_orderkey)")
        options = {
            **OPTIONS, "sink.version": version, "jdbc-url": sandbox.jdbc_url, "load-url": sandbox.load_url,
            "username": sandbox.user, "password": sandbox.password, "database-name": "bench", "table-name": self._table,
            "rows": self._rows, "seconds": arguments.seconds, "checkpoint": 3_600_000, "name": name,
            "orders": self._orders, "reports": self._reports,
        }
        self._job = cluster.run(jobs, "com.starrocks.bench.BurstJob",
                                *(part for key, value in options.items() for part in ("--" + key, value)))
        cluster.wait_until_running(self._job)

    def round(self) -> dict:
        """A burst and its checkpoint: what Flink says of that."""
        self._bursts += 1
        partial = self._orders.with_suffix(".partial")
        partial.write_text(str(self._bursts))
        partial.rename(self._orders)  # so that the job never reads half of it
        wait_for(f"the rows of {self.name}", self._is_out, timeout=300, every=0.005)
        trigger = self._cluster.rest(f"/jobs/{self._job}/checkpoints", {"checkpointType": "CONFIGURED"})["request-id"]

        def completed():
            done = self._cluster.rest(f"/jobs/{self._job}/checkpoints/{trigger}")
            if "failureCause" in (done.get("operation") or {}):
                raise RuntimeError(f"checkpoint of {self.name}: {json.dumps(done['operation'])[:2000]}")
            return done["operation"] if done["status"]["id"] == "COMPLETED" else None

        number = wait_for(f"the checkpoint of {self.name}", completed, timeout=300)["checkpointId"]
        times = wait_for("its times", lambda: [
            of for of in self._cluster.checkpoint_times(self._job) if of["id"] == number], timeout=30)[0]
        loaded = (self._bursts - self._bursts_behind) * self._rows
        wait_for(f"the rows of {self.name} to be loaded",
                 lambda: self._sandbox.rows_loaded("bench", self._table) == loaded, timeout=120)
        return times

    def _is_out(self) -> bool:
        return self._reports.exists() and self._reports.read_text() == str(self._bursts)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7, help="after one that doesn't count")
    parser.add_argument("--seconds", type=float, default=9, help="over which a burst is spread; 0: at once")
    parser.add_argument("--sinks", nargs="+", default=["ours V1", "published V1", "ours V2", "published V2"])
    parser.add_argument("--rate", type=int, default=0, help="bytes per second that the server takes of each load")
    arguments = parser.parse_args()
    exit_on_signals()
    settings = {"taskmanager.memory.process.size": "3g", "restart-strategy.type": "disable"}
    with tempfile.TemporaryDirectory(prefix="starrocks-checkpoint-") as name:
        folder = Path(name)
        flink = flink_home("1.20")
        jar = build_jar([HERE / "jobs" / "BurstJob.java"], folder / "jobs.jar", flink)
        clusters = {which: FlinkCluster(flink, folder / which, [connector], slots=2, settings=settings)
                    for which, connector in (("ours", CONNECTOR_JAR), ("published", published_connector()))}
        with Sandbox(folder / "sandbox", ["--discard"]) as sandbox, clusters["ours"], clusters["published"]:
            with sandbox.connect() as connection:
                connection.query("CREATE DATABASE bench")
            sandbox.slow(arguments.rate)
            uploaded = {which: cluster.upload(jar) for which, cluster in clusters.items()}
            jobs = []
            for sink in arguments.sinks:
                which, version = sink.split()
                jobs.append(Job(sink, version, clusters[which], sandbox, uploaded[which], folder, arguments))
            measured = {job.name: [] for job in jobs}
            for number in range(arguments.rounds + 1):
                for job in jobs:
                    times = job.round()
                    say(f"   round {number}, {job.name}: " + ", ".join(f"{k} {v}" for k, v in times.items() if k != "id"))
                    if number > 0:
                        measured[job.name].append(times)
    speed = f"the server takes {arguments.rate / 1e6:g} MB/s" if arguments.rate else "the server takes all at once"
    print(f"{BYTES / 1e6:g} MB over {arguments.seconds:g} s, {speed}; {arguments.rounds} rounds; median (least to most)")
    print("| sink | synchronous part, ms | whole checkpoint, ms | state, MB |\n| --- | --- | --- | --- |")
    for job, rounds in measured.items():
        print(f"| {job} | {spread(rounds, 'sync')} | {spread(rounds, 'total')} | "
              f"{statistics.median(of['bytes'] for of in rounds) / 1e6:.3g} |")
    return 0


def spread(rounds: list, key: str) -> str:
    values = sorted(of[key] for of in rounds)
    return f"{statistics.median(values):g} ({values[0]} to {values[-1]})"


if __name__ == "__main__":
    sys.exit(main())

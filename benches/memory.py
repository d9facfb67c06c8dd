"""How much memory a TaskManager takes while rows come as fast as they can and the server takes 1 MB/s.

The bound to hold: the peak stays within sink.buffer.max-memory + 64 MiB of the idle job's resident set. The heap is
touched whole at the start (AlwaysPreTouch), so that the difference is what lies outside of it.
"""

import argparse
import re
import sys
import tempfile
import time
from pathlib import Path

from harness.cluster import FlinkCluster
from harness.download import flink_home
from harness.paths import CONNECTOR_JAR
from harness.process import exit_on_signals, say
from harness.sandbox import Sandbox

MIB = 1 << 20
ALLOWANCE = 64 * MIB

SCRIPT = """
CREATE TABLE numbers (id BIGINT, name STRING, amount DECIMAL(12, 2), happened TIMESTAMP(6)) WITH (
  'connector' = 'datagen', 'rows-per-second' = '{rate}', 'fields.name.length' = '60');
CREATE TABLE sink (id BIGINT, name STRING, amount DECIMAL(12, 2), happened TIMESTAMP(6)) WITH (
  'connector' = 'starrocks', 'jdbc-url' = '{jdbc}', 'load-url' = '{load}', 'database-name' = 'bench',
  'table-name' = 't', 'username' = '{user}', 'password' = '{password}', 'sink.properties.format' = '{format}',
  'sink.buffer-flush.max-bytes' = '{max_bytes}');
INSERT INTO sink SELECT * FROM numbers;
"""


def run_job(cluster, sandbox, rate: int, max_bytes: int, data_format: str) -> str:
    output = cluster.sql_client(SCRIPT.format(
        rate=rate, jdbc=sandbox.jdbc_url, load=sandbox.load_url, user=sandbox.user, password=sandbox.password,
        max_bytes=max_bytes, format=data_format))
    job = re.search(r"Job ID: ([0-9a-f]{32})", output).group(1)
    cluster.wait_until_running(job)
    return job


def peak(process, seconds: float, what: str) -> int:
    """The largest resident set within some time, sampled twice a second."""
    end, largest, told = time.monotonic() + seconds, 0, time.monotonic()
    while time.monotonic() < end:
        largest = max(largest, process.resident())
        if time.monotonic() - told >= 30:
            told = time.monotonic()
            say(f"   {what}: peak so far {largest / MIB:.0f} MiB, {end - told:.0f} s to go")
        time.sleep(0.5)
    return largest


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--rate", type=int, default=1_000_000, help="bytes per second that the server takes")
    parser.add_argument("--format", choices=("csv", "json"), default="csv")
    parser.add_argument("--max-bytes", type=int, default=94371840, help="sink.buffer-flush.max-bytes")
    arguments = parser.parse_args()
    exit_on_signals()
    bound = 2 * arguments.max_bytes
    with tempfile.TemporaryDirectory(prefix="starrocks-memory-") as folder:
        folder = Path(folder)
        settings = {"env.java.opts.taskmanager": "-XX:+AlwaysPreTouch", "restart-strategy.type": "disable"}
        with Sandbox(folder / "sandbox", ["--discard"]) as sandbox, \
                FlinkCluster(flink_home("1.20"), folder, [CONNECTOR_JAR], slots=1, settings=settings) as cluster:
            with sandbox.connect() as connection:
                connection.query("CREATE DATABASE bench")
                connection.query("CREATE TABLE bench.t (id BIGINT, name VARCHAR(100), amount DECIMAL(12, 2), "
                                 "happened DATETIME) DUPLICATE KEY (id) DISTRIBUTED BY HASH (id)")
            task_manager = cluster.task_manager
            say("== the idle job: one row a second")
            job = run_job(cluster, sandbox, 1, arguments.max_bytes, arguments.format)
            idle = peak(task_manager, 30, "idle")
            cluster.cancel(job)
            say(f"== full speed into a server that takes {arguments.rate} bytes/s, {arguments.minutes:g} minutes")
            sandbox.slow(arguments.rate)
            job = run_job(cluster, sandbox, 100_000_000, arguments.max_bytes, arguments.format)
            busy = peak(task_manager, arguments.minutes * 60, "busy")
            state = cluster.state(job)
            cancelled = cluster.cancel(job)
            time.sleep(2)
            after = task_manager.resident()
    above = busy - idle
    say(f"{arguments.format}: idle {idle / MIB:.0f} MiB, peak {busy / MIB:.0f} MiB, {above / MIB:.0f} MiB above idle; "
        f"bound {bound / MIB:.0f} + 64 MiB; after cancelling ({cancelled:.1f} s) {after / MIB:.0f} MiB; "
        f"the job was {state}")
    return 0 if above <= bound + ALLOWANCE and state == "RUNNING" else 1


if __name__ == "__main__":
    sys.exit(main())

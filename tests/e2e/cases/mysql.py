"""MySQL's tables and changes by the migrate tool and Flink CDC into StarRocks: both sides must end equal."""

import re
import time
from contextlib import contextmanager
from pathlib import Path

from harness import cdc
from harness.cases import LAST_1, RECOMMENDED, Env, case, equal, variants
from harness.cluster import FlinkCluster, job_ids
from harness.download import flink_home, maven_jar, minor
from harness.mariadb import CDC_PASSWORD, MariaDb
from harness.paths import CONNECTOR_JAR, ROOT
from harness.process import wait_for

ROWS = 600
MODES = {
    "at-least-once": "flink.starrocks.sink.buffer-flush.interval-ms = 1000",
    "exactly-once-v1": "flink.starrocks.sink.semantic = exactly-once\nflink.starrocks.sink.version = V1",
    "exactly-once-v2": "flink.starrocks.sink.semantic = exactly-once\nflink.starrocks.sink.version = V2",
}


@contextmanager
def pipeline(env: Env, name: str, mode: str, odd: bool = False):
    """A MariaDB, and a job on a cluster of its own that carries it into the sandbox: cluster, job, source, target, and
    what runs the migrate tool with more settings and returns its script for Flink.
    """
    flink = env.cluster.version
    folder = env.folder / f"mysql-{name}"
    folder.mkdir()
    jars = [CONNECTOR_JAR, *(maven_jar(artifact) for artifact in cdc.jars(flink))]
    with MariaDb(folder) as mariadb, mariadb.connect() as source, env.sandbox.connect() as target:
        cdc.create_tables(source, ROWS)
        if odd:
            cdc.create_odd(source)
        drop_targets(target)
        configuration = folder / "config_prod.conf"

        def generate(*settings) -> str:
            other = [f"statement_set = {'execute' if minor(flink) >= (1, 15) else 'begin'}",
                     "flink.set.execution.checkpointing.interval = 1s", *settings]
            configuration.write_text(cdc.configuration(
                mariadb.port, env.sandbox, folder / "result", "\n".join(other), MODES[mode]))
            printed = cdc.migrate(configuration, "--apply")
            equal("passwords on the screen", CDC_PASSWORD in printed or env.sandbox.password in printed, False)
            return (folder / "result/flink-create.all.sql").read_text()

        script = generate()
        with FlinkCluster(flink_home(flink), folder, lib=jars) as cluster:
            (job,) = job_ids(cluster.sql_client(script))
            wait_for("the snapshot", lambda: cluster.state(job) and cdc.row_count(target) == 4 * ROWS, timeout=180, every=0.5)
            cluster.wait_until_running(job)
            yield cluster, job, source, target, generate
        drop_targets(target)


def drop_targets(target) -> None:
    for database in ("edu_db__auto_shard", "kinds"):
        target.query(f"DROP DATABASE IF EXISTS {database}")


@case(RECOMMENDED, LAST_1)
def every_type_and_changes(env: Env) -> None:
    """Then the job is stopped and resumed as the README tells it."""
    with pipeline(env, "changes", "at-least-once", odd=True) as (cluster, job, source, target, generate):
        changes = cdc.Changes(ROWS)
        cdc.change_kinds(source)
        cdc.change_odd(source)
        for _ in range(4):
            changes.some(source, 50)
            changes.lag(source, target)
        equal("differences", cdc.wait_until_equal(source, target, odd=True), [])
        equal("state", cluster.state(job), "RUNNING")

        savepoint = cluster.flink_stop(job, env.folder / "mysql-savepoints")
        changes.some(source, 50)
        cdc.insert_odd(source, 7)
        (resumed,) = job_ids(cluster.sql_client(generate(f"flink.set.execution.savepoint.path = {savepoint}")))
        changes.some(source, 50)
        changes.lag(source, target, timeout=120)
        equal("differences after resuming", cdc.wait_until_equal(source, target, odd=True), [])
        equal("restored from", cluster.rest(f"/jobs/{resumed}/checkpoints")["latest"]["restored"]["external_path"], savepoint)


GOLDEN = ROOT / "native/smt/tests/golden"


@case(RECOMMENDED, LAST_1)
def generated_files_are_planned(env: Env) -> None:
    """The files that the tool's tests hold: StarRocks takes the tables, Flink plans each INSERT; nothing is run."""
    jars = [maven_jar(artifact) for artifact in cdc.jars(env.cluster.version)]
    scripts, plans = [], 0
    with env.sandbox.connect() as starrocks:
        for golden in sorted(file.parent for file in GOLDEN.glob("*/flink-create.1.sql")):
            which = "all" if (golden / "flink-create.all.sql").exists() else "1"
            tables, flink = ((golden / f"{side}-create.{which}.sql").read_text() for side in ("starrocks", "flink"))
            for database in re.findall("CREATE DATABASE IF NOT EXISTS `(.*)`", tables):  # several files make the same
                own = f"{env.database}_{golden.name}_{database}"
                tables = tables.replace(f"`{database}`", f"`{own}`")
                flink = flink.replace(f"`{database}`", f"`{own}`").replace(f"'database-name' = '{database}'", f"'database-name' = '{own}'")
            for statement in tables.split(";\n")[:-1]:
                starrocks.query(statement)
            flink = re.sub("'jdbc-url' = '.*'", f"'jdbc-url' = '{env.sandbox.jdbc_url}'", flink)
            flink = re.sub("'load-url' = '.*'", f"'load-url' = '{env.sandbox.load_url}'", flink)
            flink = re.sub("'password' = '.*'", f"'password' = '{env.sandbox.password}'", flink)
            if minor(env.cluster.version) >= (1, 15):
                flink = flink.replace("EXECUTE STATEMENT SET", "EXPLAIN STATEMENT SET")
            else:
                flink = re.sub("EXECUTE STATEMENT SET BEGIN (.*); END;", lambda found: found[1].replace("; INSERT", ";\nINSERT") + ";", flink)
            flink, inserts = re.subn("^INSERT INTO", "EXPLAIN PLAN FOR INSERT INTO", flink, flags=re.M)
            scripts.append(flink)
            plans += inserts + flink.count("EXPLAIN STATEMENT SET")
    output = env.cluster.sql_client("".join(scripts), jars=jars)
    equal("plans", output.count("== Abstract Syntax Tree =="), plans)
    equal("whether there are enough", plans > 30, True)


@variants(MODES, LAST_1)
def kills(env: Env, mode: str) -> None:
    """`kill -9` of the TaskManager while rows change."""
    with pipeline(env, f"kills-{mode}", mode) as (cluster, _, source, target, _):
        changes = cdc.Changes(ROWS)
        cdc.change_kinds(source)
        for _ in range(3):
            for _ in range(10):
                changes.some(source, 10)
                time.sleep(0.1)
            cluster.kill_task_manager()
            cluster.start_task_manager()
            changes.some(source, 50)
            changes.lag(source, target, timeout=180)
        equal("differences", cdc.wait_until_equal(source, target), [])

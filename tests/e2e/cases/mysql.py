"""MySQL's tables and changes by the migrate tool and Flink CDC into StarRocks: both sides must end equal."""

import re
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

from harness import cdc
from harness.cases import LAST_1, RECOMMENDED, Env, case, equal
from harness.cluster import FlinkCluster, job_ids
from harness.download import flink_home, maven_jar, minor
from harness.mariadb import CDC_PASSWORD, MariaDb
from harness.paths import CONNECTOR_JAR, ROOT
from harness.process import wait_for
from harness.sandbox import Sandbox

ROWS = 600
MODES = {
    "at-least-once": "flink.starrocks.sink.buffer-flush.interval-ms = 1000",
    "exactly-once-v1": "flink.starrocks.sink.semantic = exactly-once\nflink.starrocks.sink.version = V1",
    "exactly-once-v2": "flink.starrocks.sink.semantic = exactly-once\nflink.starrocks.sink.version = V2",
}


class Pipe:
    """A job that carries MariaDB's tables into a sandbox of its own."""

    def __init__(self, stack: ExitStack, folder: Path, flink: str, port: int, mode: str, server_id: int):
        self.mode, self._flink, self._port, self._server_id = mode, flink, port, server_id
        self._folder = folder
        self._sandbox = stack.enter_context(Sandbox(folder))
        self.target = stack.enter_context(self._sandbox.connect())

    def generate(self, *settings) -> str:
        """Runs the migrate tool, with more settings; its script for Flink."""
        other = [f"statement_set = {'execute' if minor(self._flink) >= (1, 15) else 'begin'}",
                 f"server_id_start = {self._server_id}", "flink.set.execution.checkpointing.interval = 1s", *settings]
        configuration = self._folder / "config_prod.conf"
        configuration.write_text(cdc.configuration(
            self._port, self._sandbox, self._folder / "result", "\n".join(other), MODES[self.mode]))
        printed = cdc.migrate(configuration, "--apply")
        equal("passwords on the screen", CDC_PASSWORD in printed or self._sandbox.password in printed, False)
        return (self._folder / "result/flink-create.all.sql").read_text()

    def start(self, cluster: FlinkCluster) -> None:
        (self.job,) = job_ids(cluster.sql_client(self.generate()))

    def wait_for_snapshot(self, cluster: FlinkCluster) -> None:
        wait_for(f"the snapshot, {self.mode}", lambda: cluster.state(self.job) and cdc.row_count(self.target) == 4 * ROWS,
                 timeout=180, every=0.5)
        cluster.wait_until_running(self.job)


@contextmanager
def pipes_of(env: Env, modes, odd: bool = False):
    """A MariaDB, and for each mode a job that has taken its snapshot, on one cluster: cluster, source, pipes."""
    flink = env.cluster.version
    folder = env.folder / f"mysql-{env.database}"
    folder.mkdir()
    jars = [CONNECTOR_JAR, *(maven_jar(artifact) for artifact in cdc.jars(flink))]
    with ExitStack() as stack:
        mariadb = stack.enter_context(MariaDb(folder))
        source = stack.enter_context(mariadb.connect())
        cdc.create_tables(source, ROWS)
        if odd:
            cdc.create_odd(source)
        pipes = [Pipe(stack, folder / mode, flink, mariadb.port, mode, 5400 + 100 * number)
                 for number, mode in enumerate(modes)]
        cluster = stack.enter_context(FlinkCluster(flink_home(flink), folder, lib=jars))
        for pipe in pipes:
            pipe.start(cluster)
        for pipe in pipes:
            pipe.wait_for_snapshot(cluster)
        yield cluster, source, pipes


@case(RECOMMENDED, LAST_1)
def every_type_and_changes(env: Env) -> None:
    """Then the job is stopped and resumed as the README tells it."""
    with pipes_of(env, ["at-least-once"], odd=True) as (cluster, source, (pipe,)):
        target = pipe.target
        changes = cdc.Changes(ROWS)
        cdc.change_kinds(source)
        cdc.change_odd(source)
        for _ in range(4):
            changes.some(source, 50)
            changes.lag(source, target)
        equal("differences", cdc.wait_until_equal(source, target, odd=True), [])
        equal("state", cluster.state(pipe.job), "RUNNING")

        savepoint = cluster.flink_stop(pipe.job, env.folder / "mysql-savepoints")
        changes.some(source, 50)
        cdc.insert_odd(source, 7)
        (resumed,) = job_ids(cluster.sql_client(pipe.generate(f"flink.set.execution.savepoint.path = {savepoint}")))
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


@case()
def kills(env: Env) -> None:
    """`kill -9` of the TaskManager while rows change, in every mode at once."""
    with pipes_of(env, MODES) as (cluster, source, pipes):
        changes = cdc.Changes(ROWS)
        cdc.change_kinds(source)
        for _ in range(3):
            for _ in range(10):
                changes.some(source, 10)
                time.sleep(0.1)
            cluster.kill_task_manager()
            cluster.start_task_manager()
            changes.some(source, 50)
            for pipe in pipes:
                changes.lag(source, pipe.target, timeout=180)
        for pipe in pipes:
            equal(f"differences, {pipe.mode}", cdc.wait_until_equal(source, pipe.target), [])

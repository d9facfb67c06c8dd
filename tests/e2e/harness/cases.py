"""What a test case is, what it is given, and the report of a run."""

import json
import re
import shutil
import threading
import time
import traceback
import uuid
from dataclasses import dataclass, field
from pathlib import Path

from .cluster import FlinkCluster
from .download import LATEST, minor
from .process import say
from .sandbox import PASSWORD, Sandbox

REGISTRY = []
# The programs of jobs/: through DataStream.addSink on Flink 1.x, and through sinkTo from 1.15 on.
ADD_SINK, SINK_TO = "com.starrocks.e2e.RowsJob", "com.starrocks.e2e.SinkRowsJob"
OLDEST, RECOMMENDED, LAST_1, NEWEST = "1.11", "1.13", "1.20", "2.3"


@dataclass
class Case:
    """One test: `run(env)` raises if what it checks doesn't hold."""

    name: str
    run: object
    flinks: tuple  # the versions on which it is run unasked
    long: bool
    since: str = None  # of the table of versions: runs from this one
    until: str = None  # to this one

    def runs_on(self, flink: str, any_version: bool) -> bool:
        if not any_version or self.since is None:
            return flink in self.flinks
        return minor(self.since) <= minor(flink) <= minor(self.until)


def case(*flinks, long=False):
    """Registers a function as a test case on these versions of Flink, the last 1.x unless told.

    `long` ones run only when asked for.
    """
    def register(function):
        REGISTRY.append(Case(_name(function), function, flinks or (LAST_1,), long))
        return function
    return register


def variants(names, *flinks):
    """Registers a function `run(env, name)` as one test case for each name."""
    def register(function):
        for name in names:
            REGISTRY.append(Case(f"{_name(function)}[{name}]", lambda env, name=name: function(env, name),
                                 flinks or (LAST_1,), False))
        return function
    return register


def column(since=OLDEST, until=NEWEST):
    """Registers a function as a case of the table of versions; unasked it runs on four of them."""
    def register(function):
        flinks = tuple(flink for flink in (OLDEST, RECOMMENDED, LAST_1, NEWEST)
                       if minor(since) <= minor(flink) <= minor(until))
        REGISTRY.append(Case(_name(function), function, flinks, False, since, until))
        return function
    return register


def _name(function) -> str:
    return f"{function.__module__.rsplit('.', 1)[-1]}.{function.__name__}"


@dataclass
class Env:
    """What a case works with: a cluster, a sandbox, both shared with other cases, and a database of its own."""

    cluster: FlinkCluster
    sandbox: Sandbox
    jobs: str  # the uploaded jar of tests/e2e/jobs
    jobs_jar: Path
    folder: Path
    database: str = field(default_factory=lambda: "db_" + uuid.uuid4().hex[:8])
    started: list = field(default_factory=list)

    # --- StarRocks

    def query(self, sql: str) -> list:
        with self.sandbox.connect() as connection:
            return connection.query(sql)

    def value(self, sql: str):
        """The one value of a query, as an int if it looks like one."""
        ((value,),) = self.query(sql)
        return int(value) if value is not None and re.fullmatch(r"-?\d+", value) else value

    def create(self, table: str, columns: str, keys: str = "DUPLICATE KEY (id)") -> str:
        """Creates a table in the case's database; its full name."""
        with self.sandbox.connect() as connection:
            connection.query(f"CREATE DATABASE IF NOT EXISTS {self.database}")
            connection.query(f'CREATE TABLE {self.database}.{table} ({columns}) {keys} DISTRIBUTED BY HASH (id) '
                             'PROPERTIES ("replication_num" = "1")')
        return f"{self.database}.{table}"

    # --- Flink

    def options(self, table: str, more=None) -> dict:
        """The sink's options for a table of the case's database, and some more."""
        sandbox = self.sandbox
        options = {
            "jdbc-url": sandbox.jdbc_url, "load-url": sandbox.load_url, "username": sandbox.user,
            "password": sandbox.password, "database-name": self.database, "table-name": table,
        }
        return {key: str(value) for key, value in {**options, **(more or {})}.items()}

    def sink_ddl(self, name: str, columns: str, options: dict) -> str:
        """Flink's DDL of a table with this connector."""
        pairs = ", ".join(f"'{key}' = '{value.replace(chr(39), chr(39) * 2)}'"
                          for key, value in {"connector": "starrocks", **options}.items())
        return f"CREATE TABLE {name} ({columns}) WITH ({pairs})"

    def sql(self, *statements: str, **arguments) -> str:
        """Runs statements, all INSERTs as one job, inside the JobManager; the job's id."""
        script = self.folder / f"{uuid.uuid4().hex[:8]}.sql"
        script.write_text("\n;\n".join(statements))
        return self._started(self.cluster.run(self.jobs, "com.starrocks.e2e.SqlJob", "--file", script,
                                              *_pairs(arguments)))

    def rows(self, form: str, options: dict, savepoint=None, program: str = ADD_SINK, client: bool = False,
             **arguments) -> str:
        """Starts a DataStream program, from a savepoint if one is given; the job's id.

        With `client` it goes through `bin/flink run`, else through the REST API, which is quicker.
        """
        arguments = self.row_arguments(form, options, **arguments)
        if client:
            return self._started(self.cluster.flink_run(self.jobs_jar, program, [self.argument_file(arguments)],
                                                        savepoint))
        return self._started(self.cluster.run(self.jobs, program, *arguments, savepoint=savepoint))

    @staticmethod
    def row_arguments(form: str, options: dict, **arguments) -> list:
        """Arguments of the DataStream programs."""
        return ["--form", form, *_pairs({**options, **arguments})]

    @property
    def program(self) -> str:
        """The DataStream program for the running Flink."""
        return ADD_SINK if minor(self.cluster.version) < (2, 0) else SINK_TO

    def argument_file(self, arguments) -> str:
        """Arguments of a program, in a file: Flink logs those of a command line, and a password is among them."""
        file = self.folder / f"{uuid.uuid4().hex[:8]}.arguments"
        file.write_text("\n".join(arguments))
        return f"@{file}"

    def progress_file(self) -> Path:
        return self.folder / f"{self.database}-{uuid.uuid4().hex[:4]}.progress"

    def _started(self, job: str) -> str:
        self.started.append(job)
        return job

    def clean_up(self) -> None:
        """Cancels what the case left running, and takes back its faults."""
        self.sandbox.clear_faults()
        for job in self.started:
            if self.cluster.state(job) not in ("FINISHED", "FAILED", "CANCELED"):
                self.cluster.cancel(job)
        with self.sandbox.connect() as connection:
            connection.query(f"DROP DATABASE IF EXISTS {self.database}")


def _pairs(arguments: dict) -> list:
    return [part for key, value in arguments.items() for part in ("--" + key, str(value))]


def checkpointed(progress: Path) -> int:
    """How many rows the source had emitted at the last completed checkpoint."""
    lines = progress.read_text().split("\n") if progress.exists() else []
    return max((int(line.split()[1]) for line in lines if line), default=0)


def equal(what: str, got, expected) -> None:
    """Raises with both values if they differ."""
    if got != expected:
        raise AssertionError(f"{what}: {got!r} instead of {expected!r}")


def contains(text: str, *wanted: str) -> None:
    """Raises unless the text holds each of the parts."""
    for part in wanted:
        if part not in text:
            raise AssertionError(f"{part!r} is not in:\n{text[:6000]}")


class Report:
    """Results, one line each as they come, and all of them in a JSON file. Lanes share it."""

    def __init__(self, file: Path):
        self._file = file
        self._lock = threading.Lock()
        self.results = []

    def run(self, case: Case, flink: str, make_env) -> None:
        say(f"-- {case.name}")
        begin = time.monotonic()
        env, outcome, why = None, "passed", ""
        try:
            env = make_env()
            case.run(env)
        except Exception:  # a failed case must not keep the others from running
            outcome, why = "failed", traceback.format_exc()
        finally:
            if env is not None:
                try:
                    env.clean_up()
                except Exception:
                    outcome, why = "failed", why + "\nWhen cleaning up:\n" + traceback.format_exc()
        self._add(case.name, flink, outcome, time.monotonic() - begin, why)

    def broken(self, lane: str, flink: str, why: str) -> None:
        """A lane could not be, or had to end early."""
        self._add(f"lane {lane}", flink, "failed", 0, why)

    def _add(self, name: str, flink: str, outcome: str, seconds: float, why: str) -> None:
        # Statements that the SQL client echoes hold the password; ci/secrets greps what is printed here.
        why = why.replace(PASSWORD, "(password)")
        result = {"case": name, "flink": flink, "version": LATEST.get(flink, flink), "outcome": outcome,
                  "seconds": round(seconds, 1), "why": why}
        with self._lock:
            self.results.append(result)
            self._file.write_text(json.dumps(self.results, indent=1))
        lines = [f"   {outcome} in {seconds:.1f} s: {name}", *("     " + line for line in why.splitlines())]
        say("\n".join(lines))

    def failures(self) -> str:
        """What failed and why, for the end of the output, where one looks first; empty if nothing did."""
        failed = [r for r in self.results if r["outcome"] == "failed"]
        return "".join(f"\nfailed on {r['version']}: {r['case']}\n{r['why'][-2500:]}\n" for r in failed)

    def counts(self) -> tuple:
        return tuple(sum(r["outcome"] == name for r in self.results) for name in ("passed", "failed"))


def fresh(folder: Path) -> Path:
    """The folder, made anew."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder

"""Streams of numbered rows, each in one delivery mode, and what they must have left in StarRocks."""

import random
import time
from pathlib import Path

from .cases import Env, checkpointed, equal
from .process import say, wait_for

EXACTLY = {
    "V1": {"sink.semantic": "exactly-once", "sink.version": "V1"},
    "V2": {"sink.semantic": "exactly-once", "sink.version": "V2"},
}
MODES = {
    **EXACTLY,
    "AUTO": {"sink.semantic": "exactly-once", "sink.version": "AUTO"},
    "at-least-once": {"sink.semantic": "at-least-once"},
}
ROWS = "id BIGINT, name VARCHAR(20), amount DECIMAL(20, 2), at DATETIME"
LATEST = "id BIGINT NOT NULL, name VARCHAR(20), amount DECIMAL(20, 2), at DATETIME"
KEYS = 1_000

# The rows of RowsJob, made by Flink's SQL.
_SELECT = ("SELECT {id}, CASE WHEN MOD(f0, 10) = 0 THEN CAST(NULL AS STRING) ELSE CONCAT('row-', CAST(f0 AS STRING)) END, "
           "CAST(f0 + 0.25 AS DECIMAL(20, 2)), TIMESTAMPADD(SECOND, CAST(f0 AS INT), TIMESTAMP '2020-01-01 00:00:00') "
           "FROM numbers")
_FLINK_COLUMNS = "id BIGINT NOT NULL, name STRING, amount DECIMAL(20, 2), `at` TIMESTAMP(0)"


class Stream:
    """A job that writes each number n into a DUPLICATE KEY table, and its key n % 1000 into a PRIMARY KEY table.

    The source keeps its position in checkpoints. Without `rows` it goes on until `end` is called. As `sql`, the job is
    planned from SQL statements; else it is the form `pair` of `program`, where rows also delete keys: of the running Flink's
    one, unless told. Without `pair`, there is the first table only. The tables are named for `table`, or for `name`.
    """

    def __init__(self, env: Env, mode: str, options=None, sql: bool = False, pair: bool = True, name: str = "",
                 table: str = "", program: str = "", **arguments):
        self.mode, self.name = mode, name or mode
        self._env, self._sql, self._pair, self._program = env, sql, pair, program or env.program
        suffix = table or self.name.replace("-", "_").replace(" ", "_")
        self.rows_table, self.latest_table = f"rows_{suffix}", f"latest_{suffix}"
        env.create(self.rows_table, ROWS)
        if pair:
            env.create(self.latest_table, LATEST, "PRIMARY KEY (id)")
        self._options = {**MODES[mode], **(options or {})}
        self.progress = env.progress_file()
        self._end = self.progress.with_suffix(".end")
        self.total = arguments.get("rows")
        self._arguments = arguments
        self._restarts = 0
        self.job = None

    def start(self, savepoint=None, options=None, **arguments) -> "Stream":
        """Starts the job, or goes on from a savepoint or checkpoint; options and arguments may be others then."""
        env = self._env
        more = {**self._options, **(options or {})}
        arguments = {"progress": self.progress, "end": self._end, "name": self.name, **self._arguments, **arguments}
        if self._sql:
            assert savepoint is None
            self.job = env.sql(
                env.sink_ddl("r", _FLINK_COLUMNS, env.options(self.rows_table, more)),
                env.sink_ddl("l", _FLINK_COLUMNS + ", PRIMARY KEY (id) NOT ENFORCED",
                             env.options(self.latest_table, more)),
                "INSERT INTO r " + _SELECT.format(id="f0"),
                "INSERT INTO l " + _SELECT.format(id=f"CAST(MOD(f0, {KEYS}) AS BIGINT)"),
                numbers="yes", **arguments)
        else:
            self.job = env.rows("pair" if self._pair else "slots", env.options(self.rows_table, more),
                                program=self._program, latest=self.latest_table, keys=KEYS, savepoint=savepoint,
                                **arguments)
        self._restarts = 0
        return self

    def move(self, env: Env) -> "Stream":
        """Is to be started elsewhere from now on."""
        self._env = env
        return self

    # --- on its way

    def position(self) -> int:
        """How many rows the source had emitted at the last completed checkpoint."""
        return checkpointed(self.progress)

    def next_checkpoint(self, timeout: float = 60) -> int:
        """Waits for another checkpoint to complete; the rows before it."""
        seen = self.position()
        wait_for(f"another checkpoint of {self.name}", lambda: self.position() > seen, timeout)
        return self.position()

    def was_restarted(self) -> bool:
        """Whether the job has been restarted since this was last true."""
        last = self._env.cluster.last_restart(self.job)
        new, self._restarts = last > self._restarts, last
        return new

    def end(self, seconds: float = 6) -> None:
        """Ends the input, not before some seconds from the last checkpoint."""
        self.total = self.position() + int(seconds * float(self._arguments["rate"]))
        partial = self._end.with_suffix(".partial")
        partial.write_text(str(self.total))
        partial.rename(self._end)

    def finish(self, timeout: float = 120) -> None:
        self._env.cluster.finish(self.job, timeout)

    # --- what is there

    def visible(self) -> int:
        return self._env.value(f"SELECT COUNT(*) FROM {self._env.database}.{self.rows_table}")

    def check(self, total=None, exactly=None) -> None:
        """Every row is there, as it was made; once each, unless the mode or the caller says otherwise."""
        total = self.total if total is None else total
        exactly = self.mode != "at-least-once" if exactly is None else exactly
        source = f"{self._env.database}.{self.rows_table}" if exactly else \
            f"(SELECT DISTINCT id, name, amount, at FROM {self._env.database}.{self.rows_table}) AS distinct_rows"
        equal(f"{self.name}: rows", _summary(self._env, source), _expected(range(total)))
        if self._pair:
            last = [n for n in range(max(0, total - KEYS), total) if self._sql or n % 100 != 99]
            equal(f"{self.name}: latest", _summary(self._env, f"{self._env.database}.{self.latest_table}"),
                  _expected(last, lambda n: n % KEYS))
        say(f"   {self.name}: {total} rows, {self.visible() - total} of them twice")


def each(streams, action) -> None:
    """Does something with each stream, all of them, and raises for those that failed together."""
    problems = []
    for stream in streams:
        try:
            action(stream)
        except Exception as problem:  # told below, with those of the others
            problems.append(f"{stream.name}: {type(problem).__name__}: {problem}")
    if problems:
        raise AssertionError("\n".join(problems))


def finish_and_check(env: Env, streams, excuse: bool = False) -> None:
    """Ends the input of all, waits for the jobs to finish, and checks what they have left."""
    for stream in streams:
        stream.end()
    each(streams, lambda stream: (stream.finish(), stream.check()))
    nothing_left(env, excuse)


def kill_at_random(env: Env, streams, times: int, seed: int) -> None:
    """`kill -9` for the TaskManager, again and again, half a second to six seconds after all tasks run."""
    chance = random.Random(seed)
    for number in range(1, times + 1):
        seconds = chance.uniform(0.5, 6)
        time.sleep(seconds)
        at = [stream.position() for stream in streams]
        for stream in streams:
            stream.was_restarted()  # more than once, perhaps, for the last kill
        env.cluster.kill_task_manager()
        env.cluster.start_task_manager()
        begin = time.monotonic()
        for stream in streams:
            wait_for(f"{stream.name} to be restarted", stream.was_restarted, timeout=120)
        each(streams, lambda stream: env.cluster.wait_until_running(stream.job, timeout=120))
        say(f"   kill {number} of {times} after {seconds:.1f} s, at rows {at}; "
            f"running again after {time.monotonic() - begin:.1f} s")


def nothing_left(env: Env, excuse: bool = False) -> None:
    """No transaction is open, and no file of the sink lies in Flink's temporary folders.

    With `excuse`, those may be left of processes that were killed before their first checkpoint, of whose labels none
    has become visible.
    """
    def open_for_no_reason() -> list:
        if not excuse:
            return env.sandbox.open_transactions(env.database)
        visible = {stem(label) for (label,) in env.query(
            f"SELECT DISTINCT label FROM sandbox.ledger WHERE db = '{env.database}' AND state = 'VISIBLE'")}
        return [t for t in env.sandbox.open_transactions(env.database) if stem(t["label"]) in visible]

    def stem(label: str) -> str:
        return label.rpartition("-")[0]

    try:
        wait_for("transactions to end", lambda: not open_for_no_reason(), timeout=15)
    except TimeoutError:
        equal("open transactions", open_for_no_reason(), [])
    left = [t["state"] for t in env.sandbox.open_transactions(env.database)]
    if left:
        say(f"   left to the server's time-outs: {left.count('PREPARE')} begun, {left.count('PREPARED')} prepared")
    files = [file for file in Path(env.cluster.temporary).rglob("*")
             if file.name.startswith(("starrocks", "libstarrocks")) or file.suffix in (".spill", ".so")]
    equal("files left", files, [])


def _summary(env: Env, source: str) -> tuple:
    ((count, distinct, least, most, ids, amounts, names, first, last),) = env.query(
        "SELECT COUNT(*), COUNT(DISTINCT id), MIN(id), MAX(id), SUM(id), SUM(amount), COUNT(name), MIN(at), MAX(at) "
        f"FROM {source}")
    return (int(count), int(distinct), int(least or 0), int(most or 0), int(ids or 0), float(amounts or 0), int(names),
            first, last)


def _expected(rows, id_of=lambda n: n) -> tuple:
    ids = [id_of(n) for n in rows]
    at = [time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(1_577_836_800 + n)) for n in (rows[0], rows[-1])]
    return (len(ids), len(set(ids)), min(ids), max(ids), sum(ids), sum(rows) + 0.25 * len(ids),
            sum(n % 10 != 0 for n in rows), *at)

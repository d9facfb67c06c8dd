"""The DataStream forms of the sink, with end of input, checkpoints, savepoints."""

from datetime import datetime, timedelta

from harness.cases import Env, case, checkpointed, equal, variants
from harness.process import wait_for

COLUMNS = "id BIGINT, name VARCHAR(20), amount DECIMAL(20, 2), at DATETIME"
KEYED = "id BIGINT NOT NULL, name VARCHAR(20), amount DECIMAL(20, 2), at DATETIME"
FORMATS = {"json": {"sink.properties.format": "json"}, "csv": {"sink.properties.columns": "id,name,amount,at"},
           "slots": {}, "slots-json": {"sink.properties.format": "json"}}


def summary(env: Env, table: str) -> tuple:
    """What tells one set of rows from another: counts, NULLs, sums, first and last time."""
    ((count, distinct, ids, amounts, names, first, last),) = env.query(
        "SELECT COUNT(*), COUNT(DISTINCT id), SUM(id), SUM(amount), COUNT(name), MIN(at), MAX(at) "
        f"FROM {env.database}.{table}")
    return int(count), int(distinct), int(ids or 0), float(amounts or 0), int(names), first, last


def expected(rows, id_of=lambda n: n) -> tuple:
    """The summary of the rows n of RowsJob."""
    rows = list(rows)
    at = [str(datetime(2020, 1, 1) + timedelta(seconds=n)) for n in (rows[0], rows[-1])]
    return (len(rows), len(rows), sum(map(id_of, rows)), sum(rows) + 0.25 * len(rows),
            sum(n % 10 != 0 for n in rows), *at)


@variants(tuple(FORMATS))
def bounded(env: Env, form: str) -> None:
    """Every row of a job that ends arrives, with no checkpoint to help."""
    env.create("r", COLUMNS)
    env.cluster.finish(env.rows(form.partition("-")[0], env.options("r", FORMATS[form]), rows=200_000))
    equal("summary", summary(env, "r"), expected(range(200_000)))


@case()
def upserts_and_deletes(env: Env) -> None:
    """On a PRIMARY KEY table the last change of each key wins, in the order the job made them."""
    env.create("k", KEYED, "PRIMARY KEY (id)")
    env.cluster.finish(env.rows("upsert", env.options("k"), rows=150_000, keys=1_000))
    # Keys ending in 99 were deleted by their last change; of the others the last of 150 changes stays.
    last = [n for n in range(149_000, 150_000) if n % 100 != 99]
    equal("summary", summary(env, "k"), expected(last, lambda n: n % 1_000))


@case()
def rows_that_name_their_table(env: Env) -> None:
    for table in ("even", "odd"):
        env.create(table, COLUMNS)
    options = env.options("even", {"sink.properties.format": "json"})
    env.cluster.finish(env.rows("tables", options, rows=100_000))
    equal("even", summary(env, "even"), expected(range(0, 100_000, 2)))
    equal("odd", summary(env, "odd"), expected(range(1, 100_000, 2)))


@case()
def checkpoints_wait_for_loads(env: Env) -> None:
    """Whenever a checkpoint is done, all rows before it are in the table."""
    env.create("c", COLUMNS)
    progress = env.progress_file()
    job = env.rows("slots", env.options("c"), checkpoint=500, progress=progress, rate=20_000)
    seen = 0
    for _ in range(5):
        wait_for("another checkpoint", lambda: checkpointed(progress) > seen, timeout=60)
        seen = checkpointed(progress)
        arrived = env.value(f"SELECT COUNT(*) FROM {env.database}.c WHERE id < {seen}")
        equal(f"rows below {seen}", arrived, seen)
    env.cluster.cancel(job)
    count, distinct, *_ = summary(env, "c")
    equal("duplicates", count - distinct, 0)


@case()
def savepoint_stop_and_resume(env: Env) -> None:
    """stop-with-savepoint loads everything; a job resumed from it goes on with the next row."""
    env.create("s", COLUMNS)
    options = env.options("s", {"sink.properties.format": "json"})
    arguments = {"checkpoint": 1_000, "rate": 20_000, "rows": 200_000}
    job = env.rows("json", options, **arguments)
    wait_for("rows", lambda: env.cluster.completed_checkpoints(job) > 0, timeout=60)
    savepoint = env.cluster.savepoint(job, env.folder / "savepoints", stop=True)
    env.cluster.finish(job)
    before = summary(env, "s")
    equal("summary", before, expected(range(before[0])))
    job = env.rows("json", options, savepoint=savepoint, **arguments)
    env.cluster.finish(job)
    equal("summary", summary(env, "s"), expected(range(200_000)))

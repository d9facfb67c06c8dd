"""What users of Flink's tables expect of any sink, through `sql-client.sh`, and what this one refuses."""

from harness.cases import LAST_1, NEWEST, RECOMMENDED, Env, case, contains, equal
from harness.cluster import ClientFailed, job_ids
from harness.download import minor

THREE = (RECOMMENDED, LAST_1, NEWEST)


def finish(env: Env, *statements: str) -> list:
    """Runs statements and waits for their jobs, the ids of which it returns."""
    jobs = job_ids(env.cluster.sql_client(";\n".join(statements) + ";\n"))
    for job in jobs:
        env.cluster.finish(job)
    return jobs


def batch(env: Env) -> str:
    quote = "'" if minor(env.cluster.version) >= (1, 14) else ""
    return f"SET {quote}execution.runtime-mode{quote} = {quote}batch{quote}"


@case(*THREE)
def accepted(env: Env) -> None:
    """sink.parallelism, LIKE, column lists in INSERT, statement sets, and batch mode without checkpoints."""
    for table in ("a", "b", "c"):
        env.create(table, "id INT, name VARCHAR(20), score INT")
    begin, end = (["BEGIN STATEMENT SET"], ["END"])
    if minor(env.cluster.version) >= (1, 15):
        begin, end = ["EXECUTE STATEMENT SET BEGIN\nINSERT INTO a (id, score) VALUES (1, 10)"], end
    else:
        begin.append("INSERT INTO a (id, score) VALUES (1, 10)")
    jobs = finish(
        env,
        env.sink_ddl("a", "id INT, name STRING, score INT", env.options("a", {"sink.parallelism": 2})),
        "CREATE TABLE b WITH ('table-name' = 'b') LIKE a",
        "CREATE TABLE c WITH ('table-name' = 'c', 'sink.parallelism' = '1') LIKE a",
        *begin, "INSERT INTO b (name, id) VALUES ('two', 2), ('three', 3)", *end,
        batch(env),
        "INSERT INTO c SELECT id, name, id * 2 FROM (VALUES (1, 'x'), (2, 'y'), (3, 'z')) AS v (id, name)")
    equal("jobs", len(jobs), 2)
    parallel = [vertex["parallelism"] for vertex in env.cluster.rest(f"/jobs/{jobs[0]}")["vertices"]]
    equal("parallelism of the sinks", max(parallel), 2)
    for table, rows in (("a", [("1", None, "10")]), ("b", [("2", "two", None), ("3", "three", None)]),
                        ("c", [("1", "x", "2"), ("2", "y", "4"), ("3", "z", "6")])):
        equal(table, env.query(f"SELECT id, name, score FROM {env.database}.{table} ORDER BY id"), rows)


@case(*THREE)
def refused(env: Env) -> None:
    """Partitions, overwriting and metadata columns: each an error that names what isn't supported; no row is written."""
    env.create("t", "id INT, name VARCHAR(20)")
    options = env.options("t")
    plain = env.sink_ddl("t", "id INT, name STRING", options)
    insert = "INSERT INTO t VALUES (1, 'x')"
    for what, statements, wanted in (
        ("PARTITIONED BY", [plain.replace(") WITH", ") PARTITIONED BY (name) WITH"), insert], ["partition"]),
        ("a static partition",
         [plain.replace(") WITH", ") PARTITIONED BY (name) WITH"), "INSERT INTO t PARTITION (name = 'x') SELECT 1"],
         ["partition"]),
        ("INSERT OVERWRITE", [plain, batch(env), "INSERT OVERWRITE t VALUES (1, 'x')"], ["overwrite"]),
        ("metadata", [env.sink_ddl("t", "id INT, name STRING, ts STRING METADATA", options),
                      "INSERT INTO t VALUES (1, 'x', 'y')"], ["metadata"]),
    ):
        try:
            jobs = finish(env, *statements)
        except ClientFailed as error:
            said = error.output[error.output.index("[ERROR]"):]
            try:
                contains(said.lower(), *wanted)
            except AssertionError as problem:
                raise AssertionError(f"{what}: {problem}") from None
        else:
            raise AssertionError(f"{what} was accepted: jobs {jobs}")
    equal("rows", env.value(f"SELECT COUNT(*) FROM {env.database}.t"), 0)

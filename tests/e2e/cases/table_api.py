"""What users of Flink's tables expect of any sink, through `sql-client.sh`, and what this one refuses."""

from harness.cases import LAST_1, NEWEST, OLDEST, RECOMMENDED, Env, case, contains, equal
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
def partial_update(env: Env) -> None:
    """Columns that the INSERT doesn't list keep what is in them; before 1.18 Flink doesn't tell the list."""
    env.create("t", "id BIGINT NOT NULL, name VARCHAR(20), score BIGINT", "PRIMARY KEY (id)")
    env.query(f"INSERT INTO {env.database}.t VALUES (0, 'zero', 0), (5, 'five', 5)")
    ddl = env.sink_ddl("t", "name STRING, id BIGINT NOT NULL, score BIGINT, twice AS score * 2, PRIMARY KEY (id) NOT ENFORCED",
                       env.options("t", {"sink.properties.partial_update": "true"}))
    env.cluster.finish(env.sql(ddl, "INSERT INTO t (score, id) SELECT MAX(f0) + 10, f0 FROM numbers GROUP BY f0",
                               numbers="yes", rows=2))
    told = minor(env.cluster.version) >= (1, 18)
    equal("rows", env.query(f"SELECT id, name, score FROM {env.database}.t ORDER BY id"),
          [("0", "zero" if told else None, "10"), ("1", None, "11"), ("5", "five", "5")])


@case(OLDEST, *THREE)
def refused(env: Env) -> None:
    """Partitions, overwriting and metadata columns: each an error that names the table and says what to do instead.

    No row is written. Flink 1.11 has no metadata columns.
    """
    env.create("t", "id INT, name VARCHAR(20)")
    options = env.options("t")
    plain = env.sink_ddl("t", "id INT, name STRING", options)
    partitioned = plain.replace(") WITH", ") PARTITIONED BY (name) WITH")
    insert = "INSERT INTO t VALUES (1, 'x')"
    partitions = ["PARTITIONED BY (name) isn't supported", "default_database.t", "Leave it out"]
    refusals = [
        ("PARTITIONED BY", [partitioned, insert], partitions),
        ("a static partition", [partitioned, "INSERT INTO t PARTITION (name = 'x') SELECT 1"], partitions),
        ("INSERT OVERWRITE", [plain, "INSERT OVERWRITE t VALUES (1, 'x')"],
         ["INSERT OVERWRITE isn't supported", f"{env.database}.t", "Use INSERT INTO"]),
    ]
    if minor(env.cluster.version) >= (1, 12):  # by Flink itself
        refusals.append(("metadata", [env.sink_ddl("t", "id INT, name STRING, ts STRING METADATA", options),
                                      "INSERT INTO t VALUES (1, 'x', 'y')"],
                         ["default_database.t", "metadata columns", "VIRTUAL"]))
    for what, statements, wanted in refusals:
        try:
            if what == "PARTITIONED BY":
                job = finish(env, *statements)
            else:  # without the SQL client, which takes long to start
                job = env.sql(*statements)
        except ClientFailed as error:
            try:
                contains(error.output[max(error.output.find("[ERROR]"), 0):], *wanted)
            except AssertionError as problem:
                raise AssertionError(f"{what}: {problem}") from None
        else:
            raise AssertionError(f"{what} was accepted: {job}")
    equal("rows", env.value(f"SELECT COUNT(*) FROM {env.database}.t"), 0)

"""The columns of the table of Flink versions: one jar in lib/, and SQL, DataStream and restores on each of them."""

from cases.datastream import COLUMNS, KEYED, expected, summary
from cases.sql import COUNTED, COUNTS, NESTED, SCALARS, check_types, numbers_ddl
from harness.cases import ADD_SINK, SINK_TO, Env, column, equal
from harness.cluster import job_ids
from harness.download import minor
from harness.process import wait_for
from harness.streams import EXACTLY, Stream, each, finish_and_check, kill_at_random


@column()
def sql(env: Env) -> None:
    """Through sql-client.sh: every type, updates and deletes of keys, several tables from one source."""
    columns = SCALARS + NESTED
    env.create("types", "id INT, " + ", ".join(f"`{c[0]}` {c[1]}" for c in columns))
    env.create("counts", "id BIGINT NOT NULL, n BIGINT, total BIGINT", "PRIMARY KEY (id)")
    env.create("copies", "id BIGINT, twice BIGINT")
    inserts = ["INSERT INTO types SELECT 0, " + ", ".join(f"CAST(NULL AS {c[2]})" for c in columns)]
    inserts += [f"INSERT INTO types SELECT {row}, " + ", ".join(c[3 + row][0] for c in columns) for row in (1, 2)]
    inserts += [f"INSERT INTO counts SELECT id, n, total FROM ({COUNTS}) WHERE n <= 900 OR id >= 50",
                "INSERT INTO copies SELECT v, v * 2 FROM s"]
    version = minor(env.cluster.version)
    if version >= (1, 13):
        inserts = ["BEGIN STATEMENT SET" if version < (1, 15) else "EXECUTE STATEMENT SET BEGIN\n" + inserts.pop(0),
                   *inserts, "END"]
    output = env.cluster.sql_client(";\n".join([
        env.sink_ddl("types", "id INT, " + ", ".join(f"`{c[0]}` {c[2]}" for c in columns),
                     env.options("types", {"sink.properties.format": "json"})),
        env.sink_ddl("counts", COUNTED, env.options("counts")),
        env.sink_ddl("copies", "id BIGINT, twice BIGINT", env.options("copies")),
        numbers_ddl(env), *inserts]) + ";\n")
    jobs = job_ids(output)
    equal("jobs", len(jobs), 1 if version >= (1, 13) else 5)
    for job in jobs:
        env.cluster.finish(job)
    check_types(env, columns)
    equal("counts", [tuple(map(int, row)) for row in env.query(f"SELECT * FROM {env.database}.counts ORDER BY id")],
          [(key, 1000, sum(range(key, 100_000, 100))) for key in range(50, 100)])
    equal("copies", env.query(f"SELECT COUNT(*), COUNT(DISTINCT id), SUM(id), SUM(twice) FROM {env.database}.copies"),
          [("100000", "100000", str(sum(range(100_000))), str(2 * sum(range(100_000))))])


@column(until="1.20")
def add_sink(env: Env) -> None:
    forms(env, ADD_SINK)


@column(since="1.15")
def sink_to(env: Env) -> None:
    forms(env, SINK_TO)


def forms(env: Env, program: str) -> None:
    """Through bin/flink run: rows into a DUPLICATE KEY table, upserts and deletes into a PRIMARY KEY table."""
    for table, keys in (("r", COLUMNS), ("k", KEYED)):
        env.create(table, keys, "PRIMARY KEY (id)" if table == "k" else "DUPLICATE KEY (id)")
    job = env.rows("pair", env.options("r"), program=program, client=True, latest="k", rows=150_000, keys=1_000)
    env.cluster.finish(job)
    equal("rows", summary(env, "r"), expected(range(150_000)))
    last = [n for n in range(149_000, 150_000) if n % 100 != 99]
    equal("keys", summary(env, "k"), expected(last, lambda n: n % 1_000))


@column()
def restore(env: Env) -> None:
    """Exactly once, V1 and V2, through each sink interface: `kill -9`, then stop with savepoint and resume."""
    version = minor(env.cluster.version)
    programs = [(ADD_SINK, "addSink")] * (version <= (1, 20)) + [(SINK_TO, "sinkTo")] * (version >= (1, 15))
    streams = [Stream(env, mode, name=f"{mode} {name}", program=program, rate=4_000, checkpoint=1_000, restarts=1_000,
                      **{"restart-delay": 200}).start() for mode in EXACTLY for program, name in programs]
    for stream in streams:
        stream.next_checkpoint()
    kill_at_random(env, streams, 1, seed=7)
    for stream in streams:
        stream.next_checkpoint()
    for stream in streams:
        savepoint = env.cluster.savepoint(stream.job, env.folder / "savepoints", stop=True)
        stream.finish()
        wait_for(f"the rows of {stream.name}", lambda: stream.visible() >= stream.position(), timeout=30)
        stream.check(stream.visible())
        stream.start(savepoint)
    each(streams, lambda stream: stream.next_checkpoint())
    finish_and_check(env, streams, excuse=version < (1, 16))

"""Each mistake ends in one error that names it, when the job is planned: before anything is sent."""

from harness.cases import LAST_1, OLDEST, RECOMMENDED, Env, case, contains, equal
from harness.cluster import ClientFailed, without_frames

COLUMNS = "id INT, name STRING"

# What is wrong: options on top of good ones (None removes one), the Flink columns, what the error must say.
MISTAKES = {
    "no jdbc-url": ({"jdbc-url": None}, COLUMNS, ["jdbc-url"]),
    "no load-url": ({"load-url": None}, COLUMNS, ["load-url"]),
    "no database-name": ({"database-name": None}, COLUMNS, ["database-name"]),
    "no table-name": ({"table-name": None}, COLUMNS, ["table-name"]),
    "no username": ({"username": None}, COLUMNS, ["username"]),
    "no password": ({"password": None}, COLUMNS, ["password"]),
    "bad jdbc-url": ({"jdbc-url": "mysql://fe:9030"}, COLUMNS, ["jdbc-url", "mysql://fe:9030"]),
    "bad load-url": ({"load-url": "fe1"}, COLUMNS, ["load-url", "fe1"]),
    "unknown key": ({"sink.bufer-flush.max-rows": "70000"}, COLUMNS, ["sink.bufer-flush.max-rows"]),
    "max-bytes": ({"sink.buffer-flush.max-bytes": "67108863"}, COLUMNS,
                  ["sink.buffer-flush.max-bytes", "67108863", "67108864"]),
    "max-rows": ({"sink.buffer-flush.max-rows": "63999"}, COLUMNS, ["sink.buffer-flush.max-rows", "63999", "64000"]),
    "interval": ({"sink.buffer-flush.interval-ms": "999"}, COLUMNS, ["sink.buffer-flush.interval-ms", "999", "1000"]),
    "retries": ({"sink.max-retries": "-1"}, COLUMNS, ["sink.max-retries", "-1"]),
    "connect time-out": ({"sink.connect.timeout-ms": "99"}, COLUMNS, ["sink.connect.timeout-ms", "99", "100"]),
    "semantic": ({"sink.semantic": "at-most-once"}, COLUMNS, ["sink.semantic", "at-most-once", "at-least-once"]),
    "version": ({"sink.version": "V3"}, COLUMNS, ["sink.version", "V3"]),
    "label prefix": ({"sink.label-prefix": "a b"}, COLUMNS, ["sink.label-prefix", "a b"]),
    "two at once": ({"sink.max-retries": "77", "sink.buffer-flush.max-rows": "1"}, COLUMNS,
                    ["sink.max-retries", "sink.buffer-flush.max-rows"]),
    "wrong password": ({"password": "not-the-password"}, COLUMNS, ["denied"]),
    "no such database": ({"database-name": "nowhere"}, COLUMNS, ["nowhere", "database"]),
    "no such table": ({"table-name": "nothing"}, COLUMNS, ["nothing", "table"]),
    "column missing": ({}, "id INT, nickname STRING", ["nickname"]),
    "type that doesn't fit": ({}, "id STRING, name STRING", ["id", "STRING"]),
    "several columns": ({}, "id STRING, nickname STRING", ["id", "nickname"]),
    "primary key here only": ({}, COLUMNS + ", PRIMARY KEY (id) NOT ENFORCED", ["PRIMARY KEY"]),
    "StarRocks is down": ({"jdbc-url": "jdbc:mysql://127.0.0.1:1"}, COLUMNS, ["127.0.0.1:1"]),
}


@case(OLDEST, RECOMMENDED, LAST_1)
def at_planning(env: Env) -> None:
    env.create("right", "id INT, name VARCHAR(20)")
    requests = env.sandbox.requests()
    problems = []
    for name, (changes, columns, wanted) in MISTAKES.items():
        options = {k: v for k, v in {**env.options("right"), **changes}.items() if v is not None}
        try:
            env.sql(env.sink_ddl("t", columns, options), "INSERT INTO t SELECT * FROM (VALUES (1, 'x')) AS s (a, b)"
                    if not columns.startswith("id STRING") else "INSERT INTO t VALUES ('1', 'x')")
        except ClientFailed as error:
            said = without_frames(error.output)
            missing = [part for part in wanted if part.lower() not in said.lower()]
            if missing:
                problems.append(f"{name}: {missing} not in {said}")
            if env.sandbox.password in error.output:
                problems.append(f"{name}: shows the password")
        else:
            problems.append(f"{name}: accepted")
    if problems:
        raise AssertionError("\n".join(problems))
    equal("requests sent", env.sandbox.requests(), requests)


@case()
def no_primary_key_here(env: Env) -> None:
    """A PRIMARY KEY table that Flink's DDL declares without a key."""
    env.create("keyed", "id INT NOT NULL, name VARCHAR(20)", "PRIMARY KEY (id)")
    try:
        env.sql(env.sink_ddl("t", COLUMNS, env.options("keyed")), "INSERT INTO t VALUES (1, 'x')")
    except ClientFailed as error:
        contains(error.output, "PRIMARY KEY")
    else:
        raise AssertionError("accepted")


@case()
def separator_in_data(env: Env) -> None:
    """A value that CSV can't carry fails the job, naming the column and the ways out, and not the value."""
    env.create("csv", "id INT, name VARCHAR(20)")
    job = env.sql(env.sink_ddl("t", COLUMNS, env.options("csv")), "INSERT INTO t SELECT 1, CONCAT('se', CHR(9), 'cret')")
    env.cluster.wait_for_state(job, "FAILED")
    failure = env.cluster.failure(job)
    contains(failure, "name", "column_separator", "json")
    equal("rows", env.value(f"SELECT COUNT(*) FROM {env.database}.csv"), 0)

"""Flink SQL: every type, change logs with a primary key, end of input, and the real SQL client."""

import json
from decimal import Decimal

from harness.cases import LAST_1, NEWEST, RECOMMENDED, Env, case, contains, equal, variants
from harness.cluster import ClientFailed, job_ids
from harness.download import minor

TEXT = "tab\there, 'quote', \"double\", back\\slash, ünïcödé, 漢字, 😀"

# name, StarRocks type, Flink type, how the value read back is understood, and per row: SQL literal -> value expected.
SCALARS = [
    ("flag", "BOOLEAN", "BOOLEAN", int, ("TRUE", 1), ("FALSE", 0)),
    ("tiny", "TINYINT", "TINYINT", int, ("CAST(127 AS TINYINT)", 127), ("CAST(-128 AS TINYINT)", -128)),
    ("small", "SMALLINT", "SMALLINT", int, ("CAST(32767 AS SMALLINT)", 32767), ("CAST(-32768 AS SMALLINT)", -32768)),
    ("plain", "INT", "INT", int, ("2147483647", 2147483647), ("CAST(-2147483648 AS INT)", -2147483648)),
    ("big", "BIGINT", "BIGINT", int, ("9223372036854775807", 2**63 - 1), ("-9223372036854775807 - 1", -(2**63))),
    ("large", "LARGEINT", "DECIMAL(38, 0)", int,
     ("CAST('99999999999999999999999999999999999999' AS DECIMAL(38, 0))", 10**38 - 1),
     ("CAST('-99999999999999999999999999999999999999' AS DECIMAL(38, 0))", 1 - 10**38)),
    ("single", "FLOAT", "FLOAT", float, ("CAST(3.4028235E38 AS FLOAT)", 3.4028235e38),
     ("CAST(-1.5 AS FLOAT)", -1.5)),
    ("precise", "DOUBLE", "DOUBLE", float, ("1.7976931348623157E308", 1.7976931348623157e308), ("0.1E0", 0.1)),
    ("amount", "DECIMAL(38, 10)", "DECIMAL(38, 10)", Decimal,
     ("CAST('9999999999999999999999999999.9999999999' AS DECIMAL(38, 10))",
      Decimal("9999999999999999999999999999.9999999999")),
     ("CAST('-0.0000000001' AS DECIMAL(38, 10))", Decimal("-0.0000000001"))),
    ("word", "CHAR(10)", "CHAR(2)", str, ("CAST('ab' AS CHAR(2))", "ab"), ("CAST('é漢' AS CHAR(2))", "é漢")),
    ("day", "DATE", "DATE", str, ("DATE '0001-01-01'", "0001-01-01"), ("DATE '9999-12-31'", "9999-12-31")),
    ("moment", "DATETIME", "TIMESTAMP(6)", str, ("TIMESTAMP '9999-12-31 23:59:59.999999'", "9999-12-31 23:59:59.999999"),
     ("TIMESTAMP '1969-12-31 23:59:59'", "1969-12-31 23:59:59")),
    ("clock", "VARCHAR(20)", "TIME(0)", str, ("TIME '23:59:58'", "23:59:58"), ("TIME '00:00:00'", "00:00:00")),
    ("raw", "VARBINARY", "BYTES", bytes, ("x'00FF10'", b"\0\xff\x10"), ("x'61'", b"a")),
    ("numbers", "ARRAY<INT>", "ARRAY<INT>", json.loads, ("ARRAY[1, CAST(NULL AS INT), -3]", [1, None, -3]),
     ("ARRAY[0]", [0])),
    ("words", "ARRAY<VARCHAR(20)>", "ARRAY<STRING>", json.loads, ("ARRAY['a,b', 'c']", ["a,b", "c"]),
     ("ARRAY['[x]']", ["[x]"])),
    ("document", "JSON", "STRING", json.loads, ('\'{"b": [1, null], "a": "x"}\'', {"b": [1, None], "a": "x"}),
     ("'[]'", [])),
]
# CSV has no form for these.
NESTED = [
    ("pairs", "MAP<VARCHAR(10), INT>", "MAP<STRING, INT>", json.loads, ("MAP['k', 1]", {"k": 1}),
     ("MAP['x', 2, 'y', 3]", {"x": 2, "y": 3})),
    ("parts", "STRUCT<a INT, b VARCHAR(10)>", "ROW<a INT, b STRING>", json.loads,
     ("ROW(7, 'seven')", {"a": 7, "b": "seven"}), ("ROW(CAST(NULL AS INT), '')", {"a": None, "b": ""})),
]


@case(RECOMMENDED, LAST_1)
def separators_by_hand(env: Env) -> None:
    """Bytes as separators, written as people write them: in a script, and typed at the SQL client's prompt."""
    row = "(1, 'a,b'), (2, '|\\x01'), (3, 'line' || U&'\\000A' || 'end'), (4, CAST(NULL AS STRING))"
    for typed in (False, True):
        for backslash in ("\\", "\\\\"):
            table = f"t{'_typed' if typed else ''}{len(backslash)}"
            env.create(table, "id INT, v STRING")
            options = env.options(table, {"sink.properties.column_separator": f"{backslash}x01",
                                          "sink.properties.row_delimiter": f"{backslash}x02"})
            script = f"{env.sink_ddl(table, 'id INT, v STRING', options)};\nINSERT INTO {table} VALUES {row};\n"
            (job,) = job_ids(env.cluster.sql_client(script, typed=typed))
            env.started.append(job)
            env.cluster.finish(job)
            equal(f"{options['sink.properties.column_separator']}, {'typed' if typed else 'script'}",
                  env.query(f"SELECT id, v FROM {env.database}.{table} ORDER BY id"),
                  [("1", "a,b"), ("2", "|\\x01"), ("3", "line\nend"), ("4", None)])


@variants(("csv", "json"))
def every_type(env: Env, format: str) -> None:
    columns = SCALARS + (NESTED if format == "json" else [])
    env.create("types", "id INT, " + ", ".join(f"`{c[0]}` {c[1]}" for c in columns))
    options = env.options("types", {"sink.properties.format": format})
    # One INSERT per row: VALUES with several rows would pad CHAR and widen DECIMAL to a common type.
    inserts = ["INSERT INTO t SELECT 0, " + ", ".join(f"CAST(NULL AS {c[2]})" for c in columns)]
    inserts += [f"INSERT INTO t SELECT {row}, " + ", ".join(c[3 + row][0] for c in columns) for row in (1, 2)]
    env.cluster.finish(env.sql(
        env.sink_ddl("t", "id INT, " + ", ".join(f"`{c[0]}` {c[2]}" for c in columns), options), *inserts))
    check_types(env, columns)


def check_types(env: Env, columns: list) -> None:
    """The table `types` has a row of NULLs and the two rows of values."""
    with env.sandbox.connect() as connection:
        rows = connection.query_bytes(f"SELECT * FROM {env.database}.types ORDER BY id")
    equal("rows", len(rows), 3)
    wrong = []
    for number, row in enumerate(rows):
        for (name, _, _, reads, *values), got in zip(columns, row[1:]):
            expected = None if number == 0 else values[number - 1][1]
            if got is not None:
                got = got if reads is bytes else reads(got.decode())
            if got != expected:
                wrong.append(f"row {number}, {name}: {got!r} instead of {expected!r}")
    equal("wrong values", wrong, [])


@variants(("csv", "json"))
def awkward_text(env: Env, format: str) -> None:
    """Strings that separators and quoting get wrong; in CSV by separators that the text doesn't have."""
    texts = ["", " ", TEXT, "line\nbreak\r\n", "x" * 1_000_000, "NULL", "0"] + (["\\N"] if format == "json" else [])
    env.create("texts", "id INT, v VARCHAR(1048576)")
    file = env.folder / f"{env.database}.json"
    file.write_text("".join(json.dumps({"id": i, "v": v}) + "\n" for i, v in enumerate(texts)), encoding="utf-8")
    options = env.options("texts", {"sink.properties.format": format})
    if format == "csv":
        options.update({"sink.properties.column_separator": "\\x01", "sink.properties.row_delimiter": "\\x02"})
    env.cluster.finish(env.sql(
        f"CREATE TABLE s (id INT, v STRING) WITH ('connector' = 'filesystem', 'path' = '{file}', 'format' = 'json')",
        env.sink_ddl("t", "id INT, v STRING", options), "INSERT INTO t SELECT * FROM s"))
    got = [row[1] for row in env.query(f"SELECT id, v FROM {env.database}.texts ORDER BY id")]
    for i, (one, other) in enumerate(zip(got, texts)):
        equal(f"text {i}", one if one is None else one[:200], other[:200])
    equal("texts", got, texts)


@case()
def not_a_number_becomes_null(env: Env) -> None:
    env.create("floats", "id INT, f DOUBLE")
    file = env.folder / f"{env.database}.csv"
    file.write_text("1,NaN\n2,Infinity\n3,-Infinity\n4,2.5\n")
    env.cluster.finish(env.sql(
        f"CREATE TABLE s (id INT, v DOUBLE) WITH ('connector' = 'filesystem', 'path' = '{file}', 'format' = 'csv')",
        env.sink_ddl("t", "id INT, f DOUBLE", env.options("floats")), "INSERT INTO t SELECT * FROM s"))
    rows = env.query(f"SELECT id, f FROM {env.database}.floats ORDER BY id")
    equal("rows", [(int(i), v if v is None else float(v)) for i, v in rows],
          [(1, None), (2, None), (3, None), (4, 2.5)])


@variants(("csv", "json"), RECOMMENDED, LAST_1)
def local_time_zone(env: Env, format: str) -> None:
    """TIMESTAMP_LTZ is written as wall time of the session's zone, or of the one the option names."""
    env.create("session_zone", "id INT, `at` DATETIME")
    env.create("utc", "id INT, `at` DATETIME")
    ddl = [env.sink_ddl(name, "id INT, `at` TIMESTAMP_LTZ(3)",
                        env.options(name, {"sink.properties.format": format, **more}))
           for name, more in (("session_zone", {}), ("utc", {"sink.timestamp-ltz.time-zone": "UTC"}))]
    # The hour that summer time skips in Berlin, and two instants around the end of it.
    instants = [0, 1648342800000 - 1, 1648342800000, 1667091600000 - 1, 1667091600000]
    inserts = [f"INSERT INTO {name} SELECT {i}, TO_TIMESTAMP_LTZ({instant}, 3)"
               for name in ("session_zone", "utc") for i, instant in enumerate(instants)]
    env.cluster.finish(env.sql(*ddl, *inserts, zone="Europe/Berlin"))
    for table, expected in (
        ("session_zone", ["1970-01-01 01:00:00", "2022-03-27 01:59:59.999", "2022-03-27 03:00:00",
                          "2022-10-30 02:59:59.999", "2022-10-30 02:00:00"]),
        ("utc", ["1970-01-01 00:00:00", "2022-03-27 00:59:59.999", "2022-03-27 01:00:00",
                 "2022-10-30 00:59:59.999", "2022-10-30 01:00:00"]),
    ):
        got = [row[0] for row in env.query(f"SELECT `at` FROM {env.database}.{table} ORDER BY id")]
        equal(table, [v[:-3] if v.endswith("999000") else v for v in got], expected)


def numbers_ddl(env: Env) -> str:
    """The table s, of the numbers below 100,000."""
    count = "'number-of-rows' = '100000', " if minor(env.cluster.version) >= (1, 12) else ""
    return ("CREATE TABLE s (v BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '1000000', " + count +
            "'fields.v.kind' = 'sequence', 'fields.v.start' = '0', 'fields.v.end' = '99999')")


COUNTS = "SELECT MOD(v, 100) AS id, COUNT(*) AS n, SUM(v) AS total FROM s GROUP BY MOD(v, 100)"
COUNTED = "id BIGINT, n BIGINT, total BIGINT, PRIMARY KEY (id) NOT ENFORCED"


def counted(env: Env, options: dict, query: str) -> list:
    """What a query about 100,000 numbers leaves in a table with a primary key."""
    env.create("counts", "id BIGINT NOT NULL, n BIGINT, total BIGINT", "PRIMARY KEY (id)")
    env.cluster.finish(env.sql(numbers_ddl(env), env.sink_ddl("t", COUNTED, env.options("counts", options)),
                               "INSERT INTO t " + query))
    return [tuple(map(int, row)) for row in env.query(f"SELECT id, n, total FROM {env.database}.counts ORDER BY id")]


@variants(("csv", "json"))
def updates_with_primary_key(env: Env, format: str) -> None:
    """Of all the updates of a key the last one stays."""
    equal("rows", counted(env, {"sink.properties.format": format}, COUNTS),
          [(key, 1000, sum(range(key, 100_000, 100))) for key in range(100)])


@variants(("csv", "json"))
def retractions_with_primary_key(env: Env, format: str) -> None:
    """A query that takes rows back: the counts of half of the keys go past the filter, which retracts them.

    Flink sends these retractions as UPDATE_BEFORE without an UPDATE_AFTER, so they are not to be ignored unasked.
    """
    options = {"sink.properties.format": format}
    equal("rows", counted(env, options, f"SELECT id, n, total FROM ({COUNTS}) WHERE n <= 900 OR id >= 50"),
          [(key, 1000, sum(range(key, 100_000, 100))) for key in range(50, 100)])


@case()
def bounded_job_is_complete_at_its_end(env: Env) -> None:
    """Without any checkpoint: what is buffered at the end of input is loaded before the job counts as finished."""
    env.create("numbers", "id BIGINT, v BIGINT")
    job = env.sql(
        "CREATE TABLE s (id BIGINT) WITH ('connector' = 'datagen', 'number-of-rows' = '300000', 'rows-per-second' = '1000000', "
        "'fields.id.kind' = 'sequence', 'fields.id.start' = '1', 'fields.id.end' = '300000')",
        env.sink_ddl("t", "id BIGINT, v BIGINT", env.options("numbers")),
        "INSERT INTO t SELECT id, id * 3 FROM s")
    env.cluster.finish(job)
    equal("count, distinct, sums", env.query(
        f"SELECT COUNT(*), COUNT(DISTINCT id), SUM(id), SUM(v) FROM {env.database}.numbers"),
        [("300000", "300000", str(300000 * 300001 // 2), str(3 * 300000 * 300001 // 2))])


@case()
def sql_client(env: Env) -> None:
    """Statements through bin/sql-client.sh; a wrong option shows as one clear error there."""
    env.create("clients", "id INT, name VARCHAR(20)")
    options = env.options("clients")
    output = env.cluster.sql_client(
        env.sink_ddl("t", "id INT, name STRING", options) + ";\nINSERT INTO t VALUES (1, 'one'), (2, NULLIF('', ''));\n")
    (job,) = job_ids(output)
    env.cluster.finish(job)
    equal("rows", env.query(f"SELECT id, name FROM {env.database}.clients ORDER BY id"), [("1", "one"), ("2", None)])
    try:
        env.cluster.sql_client(env.sink_ddl("t", "id INT, name STRING", {**options, "sink.max-retries": "11"})
                               + ";\nINSERT INTO t VALUES (1, 'one');\n")
    except ClientFailed as error:
        contains(error.output, "sink.max-retries", "11")
    else:
        raise AssertionError("sink.max-retries = 11 was accepted")


@case(RECOMMENDED, LAST_1, NEWEST)
def explain_hides_the_password(env: Env) -> None:
    env.create("plans", "id INT")
    what = "PLAN FOR" if env.cluster.version.startswith("1.13") else "JSON_EXECUTION_PLAN"
    output = env.cluster.sql_client(
        env.sink_ddl("t", "id INT", env.options("plans")) + f";\nEXPLAIN {what} INSERT INTO t VALUES (1);\n")
    plan = output[output.index("EXPLAIN"):]
    contains(plan, "t")
    equal("password in the plan", env.sandbox.password in plan, False)

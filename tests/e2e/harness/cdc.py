"""MySQL tables that a job carries into StarRocks: sharded ones as in the original document, and one of every type.

Everything that depends on what the migrate tool makes of them is here: its configuration, changes to the tables while
the job runs, and the comparison of both sides.
"""

import base64
import json
import random
import re
import subprocess
import time
from collections import Counter
from pathlib import Path

from .download import minor
from .mariadb import CDC_PASSWORD, CDC_USER
from .paths import PROGRAMS

# Tables of odd keys and names: columns, rows as SQL (`{}` is a number), and changes while the job runs.
ODD = {
    # The first unique index is the key to Flink CDC.
    "two_uniques": ("v INT, a INT NOT NULL, b INT NOT NULL, c INT NOT NULL, UNIQUE KEY x (a, b), UNIQUE KEY y (c)", "1, {0}, {0}, {0}",
                    ["UPDATE {} SET a = a + 1000 WHERE a = 1", "UPDATE {} SET c = c + 1000 WHERE c = 2",
                     "UPDATE {} SET v = 7 WHERE c = 3", "DELETE FROM {} WHERE b = 4"]),
    "no_key": ("v DOUBLE, w INT, t VARCHAR(10) NOT NULL", "NULL, NULLIF({0}, 3), CONCAT('x', {0})", []),
    "all_null": ("a INT, b VARCHAR(20)", "NULLIF({0}, 3), CONCAT('x', {0})", []),
    "课程.x$(1)": ("`编号` INT PRIMARY KEY COMMENT '说明 -- ;', `a|b` VARCHAR(10)", "{0}, '值'",
                 ["UPDATE {} SET `a|b` = '新' WHERE `编号` = 1", "DELETE FROM {} WHERE `编号` = 2"]),
    "dash--dash;": ("`i--d` INT PRIMARY KEY, `it's` INT, `say \"x\"; #` INT, `/*` INT", "{0}, 1, 2, 3", ["DELETE FROM {} WHERE `i--d` = 1"]),
    "key_behind": ("v INT, k2 VARCHAR(10), k1 BIGINT UNSIGNED, PRIMARY KEY (k1, k2)", "1, 'k', {0}",
                   ["UPDATE {} SET k2 = 'new' WHERE k1 = 1", "DELETE FROM {} WHERE k1 = 2"]),
    "key_decimal": ("v INT, k DECIMAL(12,2) NOT NULL PRIMARY KEY", "1, {0} + 0.25",
                    ["UPDATE {} SET k = k + 1000 WHERE k = 1.25", "DELETE FROM {} WHERE k = 2.25"]),
    "key_time": ("v INT, k TIME NOT NULL PRIMARY KEY", "1, SEC_TO_TIME({0} * 61)",
                 ["UPDATE {} SET v = 2 WHERE k = '00:01:01'", "DELETE FROM {} WHERE k = '00:02:02'"]),
}

SHARDS = [("edu_db_1", "course_1"), ("edu_db_1", "course_2"), ("edu_db_2", "course_1"), ("edu_db_2", "course_2")]
MERGED = "`edu_db__auto_shard`.`course__auto_shard`"

# name, MySQL type, how both sides are understood, and the values of two rows as SQL.
_TEXT = "'tab\\there, ''quote'', \"double\", back\\\\slash, line\\nend, 漢字 😀'"
KINDS = [
    ("flag", "TINYINT(1)", "int", "1", "-128"),
    ("tiny_unsigned", "TINYINT UNSIGNED", "int", "255", "0"),
    ("small_unsigned", "SMALLINT UNSIGNED", "int", "65535", "1"),
    ("medium", "MEDIUMINT UNSIGNED", "int", "16777215", "0"),
    ("plain_unsigned", "INT UNSIGNED", "int", "4294967295", "7"),
    ("big", "BIGINT", "int", "-9223372036854775808", "9223372036854775807"),
    ("big_unsigned", "BIGINT UNSIGNED", "int", "18446744073709551615", "0"),
    ("single", "FLOAT", "float", "1.5", "-0.25"),
    ("precise", "DOUBLE", "float", "0.1", "1e300"),
    ("amount", "DECIMAL(38,10)", "text", "1234567890123456789012345678.0123456789", "-0.0000000001"),
    ("huge", "DECIMAL(65,10)", "text", "1234567890123456789012345678901234567890123456789012345.0123456789", "-1.0000000000"),
    ("day", "DATE", "text", "'2024-02-29'", "'1970-01-01'"),
    ("moment", "DATETIME", "time", "'2024-02-29 23:59:59'", "'1999-12-31 00:00:00'"),
    ("moment6", "DATETIME(6)", "time", "'2024-02-29 23:59:59.123456'", "'1999-12-31 00:00:00.5'"),
    ("stamp", "TIMESTAMP(3) NULL", "time", "'2024-02-29 23:59:59.123'", "'1999-12-31 00:00:00'"),
    ("clock", "TIME", "text", "'23:59:58'", "'00:00:00'"),
    ("clock3", "TIME(3)", "time", "'13:14:15.123'", "'00:00:00.5'"),
    ("vintage", "YEAR", "int", "2024", "1999"),
    ("word", "CHAR(10)", "text", "'é漢'", "''"),
    ("phrase", "VARCHAR(200)", "text", _TEXT, "'\\\\N'"),
    ("body", "LONGTEXT", "text", _TEXT, "'NULL'"),
    ("choice", "ENUM('a','b,c')", "text", "'b,c'", "'a'"),
    ("choices", "SET('x','y','z')", "text", "'x,z'", "''"),
    ("document", "JSON", "json", "'{\"b\": [1, null], \"a\": \"x\"}'", "'[]'"),
    ("bit1", "BIT", "bits", "b'1'", "b'0'"),
    ("bit10", "BIT(10)", "bits", "b'1000000001'", "b'1'"),
    ("bit63", "BIT(63)", "bits", "b'" + "1" * 63 + "'", "b'10'"),
    ("bit64", "BIT(64)", "bits", "b'" + "1" * 64 + "'", "b'10'"),
    ("raw", "BINARY(4)", "bytes", "x'00FF1020'", "x'61626364'"),
    ("blob_", "BLOB", "bytes", "x'0001FEFF'", "''"),
    ("place", "POINT", "point", "ST_GeomFromText('POINT(1 2)')", "ST_GeomFromText('POINT(-0.5 3)')"),
]


# Flink CDC by Flink version: the jars that a cluster needs beside the sink's. Releases of Apache leave the driver out.
CDC_JARS = {
    "1.13": ("com.ververica:flink-sql-connector-mysql-cdc:2.4.2",),
    "1.20": ("org.apache.flink:flink-sql-connector-mysql-cdc:3.5.0", "mysql:mysql-connector-java:8.0.28"),
}


def jars(flink: str) -> tuple:
    """What a Flink of that version needs."""
    return next(artifacts for version, artifacts in CDC_JARS.items() if minor(version) == minor(flink))


def create_tables(connection, rows: int) -> None:
    """Makes and fills the tables: `rows` rows in each shard, with the same keys in all."""
    for database in ("edu_db_1", "edu_db_2", "kinds"):
        connection.query(f"CREATE DATABASE {database}")
    for database, table in SHARDS:
        connection.query(f"CREATE TABLE {database}.{table} (title VARCHAR(100) NOT NULL, hours INT, "
                         "id BIGINT UNSIGNED NOT NULL COMMENT 'the \"key\";\n', PRIMARY KEY (id)) COMMENT 'a course''s shard'")
        for first in range(0, rows, 1000):
            values = ", ".join(f"('{database} {table} {n}', {n % 97}, {n})" for n in range(first, min(first + 1000, rows)))
            connection.query(f"INSERT INTO {database}.{table} (title, hours, id) VALUES {values}")
    columns = ", ".join(f"`{name}` {kind}" for name, kind, *_ in KINDS)
    connection.query(f"CREATE TABLE kinds.every_type ({columns}, id INT PRIMARY KEY)")
    for row in (0, 1):
        values = ", ".join(kind[3 + row] for kind in KINDS)
        connection.query(f"INSERT INTO kinds.every_type VALUES ({values}, {row})")
    connection.query("INSERT INTO kinds.every_type (id) VALUES (2)")


def create_odd(connection) -> None:
    """Makes and fills the tables of odd keys and names."""
    connection.query("SET NAMES utf8mb4")
    for name, (columns, _, _) in ODD.items():
        connection.query(f"CREATE TABLE {_odd(name)} ({columns})")
    for number in range(1, 6):
        insert_odd(connection, number)
    # More rows than a chunk has, by the configuration: cut, the snapshot would lack each third, with NULL in the column to cut by.
    connection.query(f"INSERT INTO {_odd('all_null')} SELECT NULLIF(seq, seq DIV 3 * 3), CONCAT('x', seq) FROM kinds.seq_101_to_1100")


def _odd(name: str) -> str:
    return f"kinds.`{name}`"


def change_kinds(connection) -> None:
    """Rows with every type again, this time through the binlog."""
    for row in (0, 1):
        values = ", ".join(kind[3 + row] for kind in KINDS)
        connection.query(f"INSERT INTO kinds.every_type VALUES ({values}, {row + 10})")
    connection.query("DELETE FROM kinds.every_type WHERE id = 2")
    connection.query("INSERT INTO kinds.every_type (id) VALUES (12)")


def change_odd(connection) -> None:
    """Inserts, updates, updates of keys and deletes in the tables of odd keys and names."""
    insert_odd(connection, 6)
    for name, (_, _, changes) in ODD.items():
        for change in changes:
            connection.query(change.format(_odd(name)))


def insert_odd(connection, number: int) -> None:
    """Another row in each table of odd keys and names."""
    for name, (_, row, _) in ODD.items():
        connection.query(f"INSERT INTO {_odd(name)} VALUES ({row.format(number)})")


def configuration(port: int, sandbox, output: Path, other: str = "", sink: str = "") -> str:
    """A configuration of the migrate tool; `other` goes into [other], `sink` into each rule."""
    block = f"""flink.starrocks.jdbc-url = {sandbox.jdbc_url}
flink.starrocks.load-url = {sandbox.load_url}
flink.starrocks.username = {sandbox.user}
flink.starrocks.password = {sandbox.password}
flink.cdc.scan.incremental.snapshot.chunk.size = 500
properties.replication_num = 1
{sink}
"""
    return f"""[db]
host = 127.0.0.1
port = {port}
user = {CDC_USER}
password = {CDC_PASSWORD}
type = mysql

[other]
be_num = 1
use_decimal_v3 = true
output_dir = {output}
shard_key = true
{other}

[table-rule.1]
database = ^edu_db_[0-9]*$
table = ^course_[0-9]*$
schema = ^.*$
{block}flink.starrocks.sink.properties.column_separator = \\x01
flink.starrocks.sink.properties.row_delimiter = \\x02

[table-rule.2]
database = ^kinds$
table = ^.*$
{block}"""


def migrate(configuration_file: Path, *arguments: str) -> str:
    """Runs the migrate tool; what it printed. Raises with that if it fails."""
    done = subprocess.run([PROGRAMS / "starrocks-migrate-tool", "--config", configuration_file,
                           *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=120)
    if done.returncode != 0:
        raise RuntimeError(f"starrocks-migrate-tool failed with code {done.returncode}:\n{done.stdout}")
    return done.stdout


class Changes:
    """Random changes on all shards: inserts, updates, updates of keys, deletes."""

    def __init__(self, rows: int, seed: int = 1):
        self._dice = random.Random(seed)
        self._keys = {shard: list(range(rows)) for shard in SHARDS}
        self._next = rows
        self.done = {"inserts": 0, "updates": 0, "key updates": 0, "deletes": 0}

    def some(self, connection, count: int) -> None:
        for _ in range(count):
            shard = self._dice.choice(SHARDS)
            table, keys = ".".join(shard), self._keys[shard]
            what = self._dice.choice(list(self.done)) if keys else "inserts"
            at = self._dice.randrange(len(keys)) if keys else 0
            if what == "inserts":
                connection.query(f"INSERT INTO {table} (id, title, hours) VALUES ({self._next}, 'new {self._next}', NULL)")
                keys.append(self._next)
            elif what == "updates":
                connection.query(f"UPDATE {table} SET title = 'changed {self._next}', hours = hours + 1 WHERE id = {keys[at]}")
            elif what == "key updates":
                connection.query(f"UPDATE {table} SET id = {self._next} WHERE id = {keys[at]}")
                keys[at] = self._next
            else:
                connection.query(f"DELETE FROM {table} WHERE id = {keys.pop(at)}")
            self._next += 1
            self.done[what] += 1

    def lag(self, source, target, timeout: float = 60) -> float:
        """Seconds from an update's commit in MySQL to the moment when StarRocks shows it."""
        shard = self._dice.choice(SHARDS)
        key = self._dice.choice(self._keys[shard])
        mark = f"mark {self._next}"
        self._next += 1
        source.query(f"UPDATE {'.'.join(shard)} SET title = '{mark}' WHERE id = {key}")
        begin = time.monotonic()
        while True:
            ((count,),) = target.query(f"SELECT COUNT(*) FROM {MERGED} WHERE title = '{mark}'")
            seconds = time.monotonic() - begin
            if int(count) == 1:
                return seconds
            if seconds > timeout:
                raise TimeoutError(f"an update hasn't reached StarRocks in {timeout:.0f} s")
            time.sleep(0.02)


def differences(source, target) -> list:
    """Compares both sides row by row and value by value; what is different."""
    return _shard_differences(source, target) + _kind_differences(source, target)


def row_count(target) -> int:
    """Rows of the merged table."""
    return int(target.query(f"SELECT COUNT(*) FROM {MERGED}")[0][0])


def source_row_count(source) -> int:
    """Rows of all shards."""
    return sum(int(source.query(f"SELECT COUNT(*) FROM {d}.{t}")[0][0]) for d, t in SHARDS)


def wait_until_equal(source, target, timeout: float = 120, odd: bool = False) -> list:
    """Waits until both sides are equal; the differences that are left at the end of the patience.

    With `odd`, the tables of odd keys and names are compared, too.
    """
    deadline = time.monotonic() + timeout
    while True:
        found = differences(source, target) + (_odd_differences(source, target) if odd else [])
        if not found or time.monotonic() > deadline:
            return found
        time.sleep(0.5)


def _shard_differences(source, target) -> list:
    wanted = {}
    for database, table in SHARDS:
        for key, title, hours in source.query(f"SELECT id, title, hours FROM {database}.{table}"):
            wanted[(key, database, table)] = (title, hours)
    got = {(key, database, table): (title, hours) for key, database, table, title, hours in target.query(
        f"SELECT id, shard_database, shard_table, title, hours FROM {MERGED}")}
    return _compare("course", wanted, got)


def _kind_differences(source, target) -> list:
    names = ", ".join(f"`{name}`" for name, *_ in KINDS)
    def read(expression):
        return ", ".join(expression.get(kind, "`{}`").format(name) for name, _, kind, *_ in KINDS)
    mysql = read({"bits": "`{}` + 0", "point": "ST_AsText(`{}`)"})
    wanted, got = {}, {}
    for rows, into, side in (
            (source.query_bytes(f"SELECT id, {mysql} FROM kinds.every_type"), wanted, _of_mysql),
            (target.query_bytes(f"SELECT id, {names} FROM kinds.every_type"), got, _of_starrocks)):
        for key, *values in rows:
            into[int(key)] = tuple(None if v is None else side(kind, v) for (_, _, kind, *_), v in zip(KINDS, values))
    found = []
    for key in sorted(wanted.keys() & got.keys()):
        found += [f"every type, row {key}, {column[0]} ({column[1]}): {g!r} instead of {w!r}"
                  for column, w, g in zip(KINDS, wanted[key], got[key]) if w != g]
    return found + _compare("every type", dict.fromkeys(wanted), dict.fromkeys(got))


def _odd_differences(source, target) -> list:
    found = []
    for name in ODD:
        ((names,),) = source.query("SELECT GROUP_CONCAT(CONCAT('`', COLUMN_NAME, '`') ORDER BY ORDINAL_POSITION) FROM "
                                   f"information_schema.COLUMNS WHERE TABLE_SCHEMA = 'kinds' AND TABLE_NAME = '{name}'")
        wanted, got = (Counter(map(repr, side.query(f"SELECT {names} FROM {_odd(name)}"))) for side in (source, target))
        if wanted != got:
            more, less = (sorted((a - b).elements()) for a, b in ((got, wanted), (wanted, got)))
            found.append(f"{name}: {len(more)} rows such as {more[:5]} instead of {len(less)} such as {less[:5]}")
    return found


def _of_mysql(kind: str, value: bytes):
    if kind == "bytes":
        return value
    if kind == "point":
        return tuple(float(n) for n in re.findall(rb"[-\d.]+", value))
    return _value(kind, value)


def _of_starrocks(kind: str, value: bytes):
    if kind == "bytes":
        return base64.b64decode(value, validate=True)
    if kind == "point":
        return tuple(json.loads(value)["coordinates"])
    return _value(kind, value)


def _value(kind: str, value: bytes):
    text = value.decode()
    if kind in ("int", "bits"):
        return int(text)
    if kind == "float":
        return float(text)
    if kind == "json":
        return json.loads(text)
    if kind == "time":  # how many zeros end a fraction is the server's choice
        return text.rstrip("0").rstrip(".") if "." in text else text
    return text


def _compare(what: str, wanted: dict, got: dict) -> list:
    missing, extra = sorted(wanted.keys() - got.keys()), sorted(got.keys() - wanted.keys())
    wrong = [key for key in wanted.keys() & got.keys() if wanted[key] != got[key]]
    return [f"{what}: {len(keys)} rows {name}, such as {keys[0]}" for name, keys in
            (("missing", missing), ("too many", extra)) if keys] + (
        [f"{what}: {len(wrong)} rows differ, such as {wrong[0]}: {got[wrong[0]]} instead of {wanted[wrong[0]]}"] if wrong else [])

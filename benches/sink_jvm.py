"""What a measurement of the sink runs on: the counting server, the schema's server, and JVMs that run Flink jobs.

A JVM runs one case with one connector; the connectors of a case take turns, job by job, so that a machine whose speed
drifts hits all alike. StarRocks' tables are described by the sandbox (its MySQL port); the loads go to a server that
counts their bytes and keeps nothing.
"""

import json
import subprocess
import urllib.request
from pathlib import Path

from harness.download import flink_home
from harness.paths import CONNECTOR_JAR, ROOT, cache_folder, cargo_target
from harness.process import run_logged, tail
from harness.sandbox import Sandbox

FLINK = "1.20.3"
PUBLISHED = "1.2.10_flink-1.19"  # the newest; runs on Flink 1.20 as well
JDBC_DRIVER = "8.4.0"  # the published connector reads the schema by it
SOURCES = Path(__file__).resolve().parent / "jvm"
CONNECTORS = ("published", "ours", "none")
BUFFER = 90 << 20

# The same for both connectors; whatever is not named here has its default, which is the same as well.
OPTIONS = {
    "database-name": "bench", "sink.semantic": "at-least-once",
    "sink.at-least-once.use-transaction-stream-load": "false",  # one request a load, for both
    "sink.buffer-flush.max-bytes": str(BUFFER), "sink.buffer-flush.max-rows": "5000000",
    "sink.buffer-flush.interval-ms": "300000",
}
FORMATS = {
    "csv": {"sink.properties.format": "csv"},
    "json": {"sink.properties.format": "json", "sink.properties.strip_outer_array": "true"},
}
_OPENED = ("java.base/java.lang java.base/java.net java.base/java.io java.base/java.nio java.base/sun.nio.ch "
           "java.base/java.lang.reflect java.base/java.text java.base/java.time java.base/java.util "
           "java.base/java.util.concurrent java.base/java.util.concurrent.atomic "
           "java.base/java.util.concurrent.locks").split()
JAVA = ["java", "-Xmx3g", "-XX:+UseG1GC", "-XX:-UsePerfData", *(f"--add-opens={p}=ALL-UNNAMED" for p in _OPENED)]


def maven(artifact: str) -> Path:
    """A jar from Maven Central, kept in the cache."""
    _, name, version = artifact.split(":")
    jar = cache_folder() / f"{name}-{version}.jar"
    if not jar.exists():
        run_logged(f"downloading {jar.name}", [
            "mvn", "-q", "-B", "dependency:copy", f"-DoutputDirectory={jar.parent}", f"-Dartifact={artifact}"])
    return jar


class CountingServer:
    """A context manager. Its process is nobody's but its own, so that its CPU time is in no sink's figure."""

    BINARY = "starrocks-bench-server"

    def __enter__(self):
        self._binary = cargo_target() / "release" / self.BINARY
        self._process = subprocess.Popen([self._binary, "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.fe_port, self._be_port = map(int, self._process.stdout.readline().split())
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.wait()

    def stats(self) -> dict:
        """Loads, bytes, and the server's CPU time, so far."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.fe_port}/stats", timeout=30) as response:
            return json.load(response)

    def feed(self, count: int) -> tuple:
        """Has a bare client send so many bytes: its seconds and CPU seconds, and the server's CPU seconds."""
        before = self.stats()
        output = subprocess.run([self._binary, "feed", str(self._be_port), str(count)], check=True, text=True,
                                stdout=subprocess.PIPE).stdout
        seconds, cpu = map(float, output.split())
        return seconds, cpu, (self.stats()["cpu_ns"] - before["cpu_ns"]) / 1e9


class Bench:
    """A context manager: servers and compiled classes, from which the JVMs are started."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._started = 0

    def __enter__(self):
        self._lib = sorted((flink_home(FLINK) / "lib").glob("*.jar"))
        self._jars = {
            "ours": [CONNECTOR_JAR], "none": [CONNECTOR_JAR],
            "published": [maven(f"com.starrocks:flink-connector-starrocks:{PUBLISHED}"),
                          maven(f"com.mysql:mysql-connector-j:{JDBC_DRIVER}")],
        }
        self._classes = self.folder / "classes"
        run_logged("compiling the jobs", [
            "javac", "--release", "17", "-nowarn", "-proc:none", "-cp", _path([*self._lib, CONNECTOR_JAR]), "-d", self._classes,
            *sorted(SOURCES.glob("*.java"))])
        services = Path("META-INF", "services", "org.apache.flink.table.factories.Factory")
        (self._classes / services).parent.mkdir(parents=True)
        (self._classes / services).write_bytes((SOURCES / services).read_bytes())
        self.server = CountingServer().__enter__()
        try:
            self._sandbox = Sandbox(self.folder / "sandbox").__enter__()
        except BaseException:
            self.server.__exit__()
            raise
        with self._sandbox.connect() as connection:
            connection.query("CREATE DATABASE bench")
        return self

    def __exit__(self, *_):
        self._sandbox.__exit__()
        self.server.__exit__()

    def start(self, connector: str, kind: str, shape: str, data_format: str, options=None, prefix=(), flags=()):
        """A JVM for a case. `prefix` is put before the command, `flags` among the JVM's."""
        self._started += 1
        settings = {
            **OPTIONS, **FORMATS[data_format], "table-name": shape, "load-url": f"127.0.0.1:{self.server.fe_port}",
            "jdbc-url": self._sandbox.jdbc_url, "username": self._sandbox.user, "password": self._sandbox.password,
            **(options or {}),
        }
        jars = [self._classes, *self._lib, *self._jars[connector]]
        command = [*prefix, *JAVA, f"-Djava.io.tmpdir={self.folder}", *flags, "-cp", _path(jars),
                   "com.starrocks.bench.Bench", kind, shape, "none" if connector == "none" else "starrocks", *(f"{k}={v}" for k, v in settings.items())]
        jvm = Jvm(connector, command, self.folder / f"{self._started}-{connector}.log", self.server)
        with self._sandbox.connect() as connection:
            connection.query(jvm.ddl)
        return jvm


class Jvm:
    """A context manager; leaving it ends the JVM."""

    def __init__(self, connector: str, command: list, log: Path, server: CountingServer):
        self.connector, self._log, self._server = connector, log, server
        with open(log, "wb") as errors:
            self._process = subprocess.Popen([str(part) for part in command], stdin=subprocess.PIPE,
                                             stdout=subprocess.PIPE, stderr=errors, text=True, cwd=ROOT)
        self.pid = self._process.pid
        self.ddl = self._line()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        try:
            self._process.wait(30)
        finally:
            self._process.kill()

    def run(self, rows: int) -> dict:
        """Loads so many rows, all of them: the figures of the JVM, and what the server counted."""
        before = self._server.stats()
        self._process.stdin.write(f"{rows}\n")
        self._process.stdin.flush()
        figures = {name: int(value) for name, value in (pair.split("=") for pair in self._line().split())}
        after = self._server.stats()
        return {**figures, "sent": after["bytes"] - before["bytes"], "loads": after["loads"] - before["loads"],
                "server_cpu_ns": after["cpu_ns"] - before["cpu_ns"]}

    def _line(self) -> str:
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the JVM of {self.connector} ended:\n{tail(self._log, 60)}")
        return line.rstrip("\n")


def _path(parts) -> str:
    return ":".join(str(part) for part in parts)

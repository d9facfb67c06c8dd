"""A standalone Flink cluster of a real distribution, in a folder of its own, on ports of its own."""

import json
import os
import re
import shutil
import socket
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from pathlib import Path

from .download import minor, version_of
from .process import Child, wait_for

# What Flink before 1.18 needs on JDK 17 and later, which close the JDK's own packages.
_OPEN_PACKAGES = """
    --add-exports=java.base/sun.net.util=ALL-UNNAMED --add-opens=java.base/java.lang=ALL-UNNAMED
    --add-opens=java.base/java.util=ALL-UNNAMED --add-opens=java.base/java.net=ALL-UNNAMED
    --add-opens=java.base/java.nio=ALL-UNNAMED --add-opens=java.base/java.time=ALL-UNNAMED
    --add-opens=java.base/java.util.concurrent=ALL-UNNAMED --add-opens=java.base/sun.nio.ch=ALL-UNNAMED
    --add-opens=java.base/java.io=ALL-UNNAMED --add-opens=java.base/java.lang.invoke=ALL-UNNAMED
    --add-opens=java.base/java.math=ALL-UNNAMED --add-opens=java.base/java.text=ALL-UNNAMED
    --add-opens=java.base/java.security=ALL-UNNAMED --add-opens=java.management/sun.management=ALL-UNNAMED
    -Djava.security.manager=allow"""

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
ENDED = ("FINISHED", "FAILED", "CANCELED", "SUSPENDED")


class JobFailed(Exception):
    """A job ended otherwise than was waited for."""


class ClientFailed(Exception):
    """`sql-client.sh`, `flink` or the REST API said no; `output` is all it said."""

    def __init__(self, what: str, output: str):
        super().__init__(f"{what} failed:\n{without_frames(output)}")
        self.output = output


def without_frames(text: str) -> str:
    """A stack trace's messages, without the frames."""
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith(("at ", "... ")))


def job_ids(output: str) -> list:
    """The jobs that the SQL client said it submitted, in order."""
    return re.findall(r"Job ID: ([0-9a-f]{32})", output)


class FlinkCluster:
    """One JobManager and one TaskManager. A context manager: leaving it stops both, whatever happened.

    `lib` are files put beside Flink's own jars; `settings` go on top of the configuration. With `application`, a jar, its
    main class and arguments, it is a cluster for that one program, which runs in the JobManager and ends it.
    """

    def __init__(self, distribution: Path, folder: Path, lib=(), slots: int = 8, settings=None, application=None):
        self.version = version_of(distribution)
        self.home = folder / f"flink-{self.version}"
        self.logs = self.home / "log"
        self.temporary = self.home / "tmp"
        self._slots = slots
        self._application = application
        self._settings = dict(settings or {})
        self._children = []
        self._lay_out(distribution, lib)

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    # --- life

    def start(self) -> None:
        """Starts both processes and waits until the slots are offered."""
        self.rest_port = _free_port()
        self._configure()
        if self._application:
            jar, main, arguments = self._application
            (self.home / "usrlib").mkdir(exist_ok=True)
            shutil.copy(jar, self.home / "usrlib")
            self._start("standalone-job", "--job-classname", main, *arguments)
            self._start("taskmanager")
            return
        for service in ("jobmanager", "taskmanager"):
            self._start(service)
        wait_for(f"the Flink {self.version} cluster to offer its slots", self._is_ready, timeout=120, every=0.3)

    def _start(self, service: str, *arguments) -> None:
        self._children.append(Child([self.home / "bin" / f"{service}.sh", "start-foreground", *arguments],
                                    self.logs / f"{service}.out", env=self._environment()))

    def wait_for_application(self, timeout: float = 120) -> None:
        """Waits until the application's JobManager has ended, which it does with its job; JobFailed if that failed."""
        manager = self._children[0]
        wait_for(f"the application on Flink {self.version} to end", lambda: manager.exit_code() is not None, timeout)
        if manager.exit_code() != 0:
            raise JobFailed(f"the application ended with exit code {manager.exit_code()}:\n{manager.tail()}")

    def stop(self) -> None:
        """Stops both processes; the log folder stays."""
        while self._children:
            self._children.pop().stop(patience=15)

    def kill_task_manager(self) -> None:
        """`kill -9`; jobs wait for the next TaskManager."""
        self._children.pop().kill()

    def start_task_manager(self) -> None:
        """Starts another one after a kill, and doesn't wait for it."""
        self._start("taskmanager")

    @property
    def task_manager(self) -> Child:
        return self._children[1]

    @property
    def web(self) -> str:
        return f"http://127.0.0.1:{self.rest_port}"

    def log_text(self) -> str:
        """All that the cluster and its clients logged and printed."""
        return "\n".join(file.read_text(errors="replace") for file in sorted(self.logs.iterdir()) if file.is_file())

    # --- clients

    def sql_client(self, script: str, timeout: float = 300, typed: bool = False, jars=()) -> str:
        """Runs statements, each ended by `;` and a line's end, through `bin/sql-client.sh`; what it printed.

        They are a script for `-f`, or typed at its prompt; `jars` are added for them alone. ClientFailed if a statement failed. Jobs are submitted and not
        waited for: `job_ids` finds them in the output.
        """
        file = self.home / f"statements-{uuid.uuid4().hex[:8]}.sql"
        mode = ["embedded"] if minor(self.version) < (1, 15) else []
        command = [self.home / "bin/sql-client.sh", *mode, "-hist", self.home / "history.sql",
                   *(part for jar in jars for part in ("-j", jar))]
        if minor(self.version) >= (1, 13) and not typed:
            file.write_text(script)
            output = self._client([*command, "-f", file], "sql-client.sh", timeout)
        else:  # line by line; before 1.13 it knows no script
            lines = [" ".join(statement.split("\n")) for statement in script.split(";\n") if statement.strip()]
            file.write_text(";\n".join([*lines, "QUIT"]) + ";\n")
            output = self._client(command, "sql-client.sh", timeout, stdin=file)
        if "[ERROR]" in output:
            raise ClientFailed("sql-client.sh", output)
        return output

    def flink_stop(self, job: str, folder: Path, timeout: float = 120) -> str:
        """Ends a job with a savepoint by `bin/flink stop`; the savepoint's path."""
        output = self._client([self.home / "bin/flink", "stop", "-p", folder.as_uri(), job], "flink stop", timeout)
        return re.search(r"Savepoint completed\. Path: (\S+)", output).group(1)

    def flink_run(self, jar: Path, main: str, arguments=(), savepoint=None, timeout: float = 300) -> str:
        """Submits a program with `bin/flink run -d`, from a savepoint if one is given; the job's id."""
        source = ["-s", savepoint] if savepoint else []
        output = self._client([self.home / "bin/flink", "run", "-d", *source, "-c", main, jar, *arguments], "flink run",
                              timeout)
        found = re.search(r"JobID ([0-9a-f]{32})", output)
        if not found:
            raise ClientFailed("flink run", output)
        return found.group(1)

    def _client(self, command, what: str, timeout: float, **child) -> str:
        log = self.logs / f"client-{uuid.uuid4().hex[:8]}.out"
        child = Child(command, log, env=self._environment(client=True), **child)
        try:
            code = wait_for(f"{what} to end", lambda: (child.exit_code(),) if child.exit_code() is not None else None,
                            timeout)[0]
        finally:
            child.kill()
        output = _COLOURS.sub("", log.read_text(errors="replace"))
        if code != 0:
            raise ClientFailed(what, output)
        return output

    # --- REST

    def rest(self, path: str, body=None, method=None, timeout: float = 60):
        """Calls the JobManager's REST API; ClientFailed with the server's text on an error status."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.web + path, data, {"Content-Type": "application/json"},
                                         method=method or ("POST" if data is not None else "GET"))
        try:
            with urllib.request.urlopen(request, timeout=timeout) as response:
                return json.loads(response.read() or b"{}")
        except urllib.error.HTTPError as error:
            text = error.read().decode(errors="replace")
            try:
                text = "\n".join(json.loads(text)["errors"])
            except (ValueError, KeyError):
                pass
            raise ClientFailed(f"{request.method} {path}", text) from None

    def upload(self, jar: Path) -> str:
        """Hands a job jar to the JobManager; the id that `run` takes."""
        boundary = uuid.uuid4().hex
        body = (f'--{boundary}\r\nContent-Disposition: form-data; name="jarfile"; filename="{jar.name}"\r\n'
                "Content-Type: application/x-java-archive\r\n\r\n").encode() + jar.read_bytes() \
            + f"\r\n--{boundary}--\r\n".encode()
        request = urllib.request.Request(self.web + "/jars/upload", body,
                                         {"Content-Type": f"multipart/form-data; boundary={boundary}"})
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.load(response)["filename"].rsplit("/", 1)[1]

    def run(self, jar_id: str, main: str, *arguments, savepoint=None) -> str:
        """Runs an uploaded jar's main class inside the JobManager (much quicker than a client JVM); the job's id."""
        body = {"entryClass": main, "programArgsList": [str(a) for a in arguments]}
        if savepoint:
            body["savepointPath"] = savepoint
        return self.rest(f"/jars/{jar_id}/run", body)["jobid"]

    def state(self, job: str) -> str:
        return self.rest(f"/jobs/{job}")["state"]

    def jobs(self) -> list:
        """All jobs, the oldest first: id, name, state."""
        return sorted(self.rest("/jobs/overview")["jobs"], key=lambda job: job["start-time"])

    def wait_for_state(self, job: str, *wanted: str, timeout: float = 120) -> str:
        """Waits until the job is in one of the states; JobFailed as soon as it ends in another one."""
        def reached():
            state = self.state(job)
            if state in wanted:
                return state
            if state in ENDED:
                raise JobFailed(f"job {job} is {state}, not {' or '.join(wanted)}: {without_frames(self.failure(job))}")
            return None

        return wait_for(f"job {job} to be {' or '.join(wanted)} on Flink {self.version}", reached, timeout)

    def finish(self, job: str, timeout: float = 120) -> None:
        self.wait_for_state(job, "FINISHED", timeout=timeout)

    def wait_until_running(self, job: str, timeout: float = 60) -> None:
        """Waits until every task of the job runs (the job's own state says RUNNING earlier)."""
        def running():
            details = self.rest(f"/jobs/{job}")
            if details["state"] in ENDED:
                raise JobFailed(f"job {job} is {details['state']}: {without_frames(self.failure(job))}")
            return all(vertex["status"] in ("RUNNING", "FINISHED") for vertex in details["vertices"])

        wait_for(f"the tasks of job {job} to run", running, timeout)

    def cancel(self, job: str, timeout: float = 60) -> float:
        """Cancels a job; the seconds until it was gone."""
        start = time.monotonic()
        self.rest(f"/jobs/{job}?mode=cancel", method="PATCH")
        self.wait_for_state(job, "CANCELED", timeout=timeout)
        return time.monotonic() - start

    def savepoint(self, job: str, folder: Path, stop: bool, drain: bool = False, timeout: float = 60) -> str:
        """Takes a savepoint, ending the job with it if `stop`, and its input if `drain`; the savepoint's path."""
        if stop:
            trigger = self.rest(f"/jobs/{job}/stop", {"targetDirectory": folder.as_uri(), "drain": drain})
        else:
            trigger = self.rest(f"/jobs/{job}/savepoints",
                                {"target-directory": folder.as_uri(), "cancel-job": False})

        def completed():
            status = self.rest(f"/jobs/{job}/savepoints/{trigger['request-id']}")
            return status if status["status"]["id"] == "COMPLETED" else None

        operation = wait_for(f"the savepoint of job {job}", completed, timeout)["operation"]
        if "location" not in operation:
            raise JobFailed(f"savepoint of job {job}: {operation['failure-cause']}")
        return operation["location"]

    def completed_checkpoints(self, job: str) -> int:
        return self.rest(f"/jobs/{job}/checkpoints")["counts"]["completed"]

    def last_checkpoint(self, job: str) -> dict:
        """What the REST API says of the last completed checkpoint; None if there is none."""
        return self.rest(f"/jobs/{job}/checkpoints")["latest"]["completed"]

    def checkpoint_times(self, job: str) -> list:
        """What each completed checkpoint took, the oldest first: its slowest subtask, in ms, and the bytes of its state.

        `delay` is the barrier's way to the subtask, `sync` the part that stops the rows, `async` what is after it.
        """
        times = []
        for checkpoint in reversed(self.rest(f"/jobs/{job}/checkpoints")["history"]):
            if checkpoint["status"] == "COMPLETED":
                path = f"/jobs/{job}/checkpoints/details/{checkpoint['id']}"
                subtasks = [subtask for vertex in self.rest(path)["tasks"]
                            for subtask in self.rest(f"{path}/subtasks/{vertex}")["subtasks"]
                            if subtask["status"] == "completed"]
                times.append({
                    "id": checkpoint["id"], "total": checkpoint["end_to_end_duration"],
                    "delay": max(s["start_delay"] for s in subtasks),
                    "sync": max(s["checkpoint"]["sync"] for s in subtasks),
                    "async": max(s["checkpoint"]["async"] for s in subtasks),
                    "bytes": checkpoint["state_size"],
                })
        return times

    def last_restart(self, job: str) -> int:
        """When the job was last restarted after a failure, in milliseconds since 1970; 0 if it never was."""
        return self.rest(f"/jobs/{job}")["timestamps"]["RESTARTING"]

    def metric(self, job: str, name: str) -> int:
        """The sum of an operator metric over all tasks of a job."""
        total = 0
        for vertex in self.rest(f"/jobs/{job}")["vertices"]:
            path = f"/jobs/{job}/vertices/{vertex['id']}/metrics"
            names = [m["id"] for m in self.rest(path) if m["id"].endswith("." + name)]
            if names:
                total += sum(int(float(m["value"])) for m in self.rest(f"{path}?get={urllib.parse.quote(','.join(names))}"))
        return total

    def failure(self, job: str) -> str:
        """The exception that failed the job last, as a stack trace."""
        told = self.rest(f"/jobs/{job}/exceptions")
        history = told.get("exceptionHistory", {}).get("entries", [])  # 1.13 on; and all that 2.x tells
        return told.get("root-exception") or (history[0]["stacktrace"] if history else "")

    # --- layout

    def _lay_out(self, distribution: Path, lib) -> None:
        for folder in ("bin", "conf"):  # copies: scripts find their home from their own path
            shutil.copytree(distribution / folder, self.home / folder)
        for folder in ("lib", "opt"):
            (self.home / folder).mkdir()
            for jar in (distribution / folder).iterdir():
                if jar.suffix == ".jar":
                    (self.home / folder / jar.name).symlink_to(jar)
        (self.home / "plugins").mkdir()
        self.logs.mkdir()
        for jar in lib:
            shutil.copy(jar, self.home / "lib")

    def _configure(self) -> None:
        settings = {
            "jobmanager.rpc.address": "127.0.0.1",
            "jobmanager.rpc.port": _free_port(),
            "jobmanager.bind-host": "127.0.0.1",
            "taskmanager.bind-host": "127.0.0.1",
            "taskmanager.host": "127.0.0.1",
            "rest.address": "127.0.0.1",
            "rest.bind-address": "127.0.0.1",
            "rest.port": self.rest_port,
            "jobmanager.memory.process.size": "1000m",
            "jobmanager.memory.jvm-metaspace.size": "256m",
            "taskmanager.memory.process.size": "1728m",
            "taskmanager.memory.managed.size": "64m",
            "taskmanager.memory.network.min": "64m",
            "taskmanager.memory.network.max": "64m",
            "taskmanager.numberOfTaskSlots": self._slots,
            "parallelism.default": 1,
            "blob.server.port": 0,
            "web.submit.enable": "true",
            "web.upload.dir": self.home / "upload",
            "web.timeout": 120000,
            "web.refresh-interval": 200,  # how old an answer of the REST API may be
            "io.tmp.dirs": self.temporary,
            # Two cores, shared with everything else; but before 1.15 a dead TaskManager is known by this alone.
            "heartbeat.timeout": 60000 if minor(self.version) >= (1, 15) else 15000,
            "heartbeat.interval": 1000,
            "state.checkpoints.dir": (self.home / "checkpoints").as_uri(),
            "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
            # It plans and coordinates, for minutes: what the second compiler gains, it costs.
            "env.java.opts.jobmanager": "-XX:TieredStopAtLevel=1",
            "env.java.opts.taskmanager": "-XX:+AlwaysPreTouch",  # what grows then lies outside of the heap
            "metrics.fetcher.update-interval": 500,
            "cluster.io-pool.size": 4,
            **self._java_options(),
            **self._settings,
        }
        self.temporary.mkdir(exist_ok=True)
        for name in ("config.yaml", "flink-conf.yaml"):
            (self.home / "conf" / name).unlink(missing_ok=True)
        name = "config.yaml" if minor(self.version) >= (1, 19) else "flink-conf.yaml"
        (self.home / "conf" / name).write_text("".join(f"{key}: {value}\n" for key, value in settings.items()))

    def _java_options(self) -> dict:
        """`env.java.opts`, which the configuration that comes with 1.18 and later has right for JDK 17."""
        version = minor(self.version)
        if version < (1, 18):
            return {"env.java.opts": " ".join(_OPEN_PACKAGES.split())}
        given = getattr(self, "_given_options", None)
        if given is None:
            text = "".join((self.home / "conf" / name).read_text() for name in ("config.yaml", "flink-conf.yaml")
                           if (self.home / "conf" / name).exists())
            given = self._given_options = re.search(r"^\s*(?:env\.java\.opts\.)?all: *(.*--add-.*)$", text, re.M).group(1)
        return {"env.java.opts.all": given}

    def _environment(self, client: bool = False) -> dict:
        environment = {key: value for key, value in os.environ.items()
                       if not key.startswith(("FLINK_", "HADOOP_")) and key != "JVM_ARGS"}
        environment.update(FLINK_CONF_DIR=str(self.home / "conf"), FLINK_LOG_DIR=str(self.logs),
                           FLINK_PID_DIR=str(self.temporary), HOSTNAME="localhost")
        if client:
            environment["TERM"] = "dumb"
            environment["JVM_ARGS"] = "-Xmx512m -XX:TieredStopAtLevel=1"
            if minor(self.version) < (1, 18):
                environment["JVM_ARGS"] += " " + " ".join(_OPEN_PACKAGES.split())
        return environment

    def _is_ready(self) -> bool:
        for child in self._children:
            if child.exit_code() is not None:
                raise RuntimeError(f"a process of the Flink {self.version} cluster ended at its start:\n{child.tail()}")
        try:
            return self.rest("/overview", timeout=5)["slots-total"] >= self._slots
        except (OSError, ClientFailed):
            return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]

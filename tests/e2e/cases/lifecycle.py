"""Jobs side by side, again and again, and with the sink inside their own jar: nothing leaks, nothing is shared."""

import os
import re
import subprocess
import time
from pathlib import Path

from cases.datastream import COLUMNS, expected, summary
from harness.cases import LAST_1, NEWEST, RECOMMENDED, Env, case, equal
from harness.jobs import jobs_jar
from harness.paths import CONNECTOR_JAR
from harness.process import say, wait_for


NATIVE_THREADS = "sr-load-"  # what the names of the native threads begin with
# How much more of something may be there after many jobs than after two. A job's classes are some MB of Metaspace.
ALLOWED = {"files": 4, "class loaders": 1, "metaspace": 2 << 20}


def native_threads(pid: int) -> list:
    """Names of the sink's native threads in a process."""
    names = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            names.append((task / "comm").read_text().strip())
        except OSError:
            pass  # ended just now
    return [name for name in names if name.startswith(NATIVE_THREADS)]


def footprint(pid: int) -> dict:
    """Java threads, open files, copies of the native library, class loaders and bytes of Metaspace of a process."""
    java = subprocess.run(["jstack", str(pid)], capture_output=True, text=True, timeout=60).stdout
    loaders = jcmd(pid, "VM.classloader_stats")
    metaspace = re.search(r"Metaspace\s+used (\d+)K", jcmd(pid, "GC.heap_info"))
    mapped = Path(f"/proc/{pid}/maps").read_text().splitlines()
    return {
        "java threads": len(re.findall(r'^"[^"]*starrocks', java, re.M | re.I)),
        "files": len(os.listdir(f"/proc/{pid}/fd")),
        "class loaders": loaders.count("ChildFirstClassLoader"),
        "metaspace": int(metaspace.group(1)) << 10,
        "libraries": sum("libstarrocks_flink" in line and " r-xp " in line for line in mapped),
    }


@case()
def two_jobs_at_once(env: Env) -> None:
    for table in ("a", "b"):
        env.create(table, COLUMNS)
    jobs = [env.rows("slots", env.options("a"), rows=300_000, rate=60_000, name="a"),
            env.rows("json", env.options("b", {"sink.properties.format": "json"}), rows=300_000, rate=60_000, name="b")]
    for job in jobs:
        env.cluster.finish(job)
    for table in ("a", "b"):
        equal(table, summary(env, table), expected(range(300_000)))


@case()
def cancel_and_submit_again(env: Env) -> None:
    """Cancelled jobs leave no thread and no connection behind, and end promptly."""
    repeat_and_compare(env, env.jobs, 10)


@case(long=True)
def cancel_and_submit_again_fifty_times(env: Env) -> None:
    repeat_and_compare(env, env.jobs, 50)


@case(RECOMMENDED, LAST_1, NEWEST)
def sink_in_the_jobs_own_jar(env: Env) -> None:
    """Fat jars' copies of the sink, loaded child-first by each job, beside the one in lib."""
    jar = jobs_jar(env.folder / "fat.jar", include=[CONNECTOR_JAR])
    fat, other = env.cluster.upload(jar), env.cluster.upload(jar)
    pid = env.cluster.task_manager.pid
    for table in ("from_lib", "from_jar", "from_other"):
        env.create(table, COLUMNS)
    from_lib = start_and_load(env, "from_lib")
    before = settled(pid)
    env.jobs = fat
    from_jar = start_and_load(env, "from_jar")
    env.jobs = other
    from_other = start_and_load(env, "from_other")
    equal("libraries while all run", footprint(pid)["libraries"], before["libraries"] + 2)
    env.cluster.cancel(from_jar)
    for going_on in (from_lib, from_other):
        done = env.cluster.completed_checkpoints(going_on)
        wait_for("the others to go on", lambda: env.cluster.completed_checkpoints(going_on) > done + 1, timeout=30)
    env.cluster.cancel(from_lib)
    env.cluster.cancel(from_other)
    repeat_and_compare(env, fat, 10)


def start_and_load(env: Env, table: str) -> str:
    """A job without end that has loaded its first rows; its id."""
    job = env.rows("slots", env.options(table), program=env.program, checkpoint=200, rate=10_000)
    wait_for("a load", lambda: env.cluster.completed_checkpoints(job) > 0, timeout=60)
    return job


def repeat_and_compare(env: Env, jar: str, times: int) -> None:
    """Starts and cancels a job many times; then only what two of them left may be there."""
    env.create("again", COLUMNS)
    env.jobs = jar
    pid = env.cluster.task_manager.pid
    after_two = None
    for number in range(times):
        job = start_and_load(env, "again")
        if not native_threads(pid):
            raise AssertionError("a running sink shows no thread of its own: this test would see no leak")
        seconds = env.cluster.cancel(job)
        if seconds > 5:
            raise AssertionError(f"cancelling took {seconds:.1f} s")
        if number == 1:
            wait_for("threads to end", lambda: not native_threads(pid), timeout=15)
            after_two = settled(pid)
    wait_for("threads to end", lambda: not native_threads(pid), timeout=15)
    last = settled(pid)
    say(f"   {after_two} after two jobs, {last} after {times}")
    for what in ("files", "java threads", "libraries", "class loaders", "metaspace"):
        if last[what] > after_two[what] + ALLOWED.get(what, 0):
            raise AssertionError(f"{what} leak: {after_two} after two jobs, {last} after {times}")


def settled(pid: int) -> dict:
    """The footprint once the collector has unloaded the class loaders of jobs that are gone."""
    for _ in range(3):
        jcmd(pid, "GC.run")
        time.sleep(0.5)
    return footprint(pid)


def jcmd(pid: int, command: str) -> str:
    return subprocess.run(["jcmd", str(pid), command], capture_output=True, text=True, check=True, timeout=60).stdout

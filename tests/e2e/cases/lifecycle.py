"""Jobs side by side, again and again, and with the sink inside their own jar: nothing leaks, nothing is shared."""

import os
import re
import subprocess
from pathlib import Path

from cases.datastream import COLUMNS, expected, summary
from harness.cases import Env, case, equal
from harness.jobs import build_jar
from harness.download import flink_home
from harness.process import wait_for


def footprint(pid: int) -> dict:
    """Threads, open files, and copies of the native library of a process."""
    threads = subprocess.run(["jstack", str(pid)], capture_output=True, text=True, timeout=60).stdout
    names = re.findall(r'^"([^"]+)"', threads, re.M)
    native = [Path(f"/proc/{pid}/task/{task}/comm").read_text().strip() for task in os.listdir(f"/proc/{pid}/task")]
    files = []
    for number in os.listdir(f"/proc/{pid}/fd"):
        try:
            files.append(os.readlink(f"/proc/{pid}/fd/{number}"))
        except OSError:
            pass
    maps = Path(f"/proc/{pid}/maps").read_text()
    return {
        "threads": sorted(n for n in native if n.startswith("starrocks")),
        "java threads": sum("starrocks" in name.lower() for name in names),
        "sockets": sum(f.startswith("socket:") for f in files),
        "library files": len({line.split()[0] for line in maps.splitlines()
                              if "libstarrocks_flink" in line and "r-xp" in line}),
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


@case()
def sink_in_the_jobs_own_jar(env: Env) -> None:
    """A fat jar's copy of the sink, loaded child-first by each job, beside the one in lib."""
    from harness.paths import CONNECTOR_JAR
    sources = sorted((Path(__file__).resolve().parents[1] / "jobs").glob("*.java"))
    fat = build_jar(sources, env.folder / "fat.jar", flink_home("1.13"), include=[CONNECTOR_JAR])
    repeat_and_compare(env, env.cluster.upload(fat), 4)


def repeat_and_compare(env: Env, jar: str, times: int) -> None:
    env.create("again", COLUMNS)
    env.jobs = jar
    pid = env.cluster.task_manager.pid
    after_first = None
    for number in range(times):
        job = env.rows("slots", env.options("again"), checkpoint=500, rate=10_000)
        env.cluster.wait_until_running(job)
        wait_for("a load", lambda: env.cluster.completed_checkpoints(job) > 0, timeout=60)
        seconds = env.cluster.cancel(job)
        if seconds > 5:
            raise AssertionError(f"cancelling took {seconds:.1f} s")
        if after_first is None and number == 1:
            after_first = footprint(pid)
    wait_for("the threads of the last job to be gone", lambda: not footprint(pid)["threads"], timeout=15, every=1)
    last = footprint(pid)
    if last["sockets"] > after_first["sockets"] + 4:
        raise AssertionError(f"connections leak: {after_first} after two jobs, {last} after {times}")
    print(f"   {after_first} after two jobs, {last} after {times}")

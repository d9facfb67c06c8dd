"""Savepoints outlive the jar, the release and the Flink that took them."""

import shutil
import tempfile
import time
from pathlib import Path
from urllib.parse import urlparse

from harness.cases import LAST_1, RECOMMENDED, Env, case, equal
from harness.cluster import FlinkCluster
from harness.download import flink_home
from harness.jobs import repacked
from harness.paths import CONNECTOR_JAR, ROOT, VERSION
from harness.process import say
from harness.streams import EXACTLY, Stream, each, finish_and_check

THREE = ("V1", "V2", "at-least-once")
VERSION_FILE = "com/starrocks/connector/flink/core/version.properties"
NEWER = "99.0.0"


@case()
def newer_jar(env: Env) -> None:
    """The jar in lib/ is replaced by one of another version between savepoint and restore."""
    def newer(name: str, content: bytes) -> bytes:
        return f"version={NEWER}\n".encode() if name == VERSION_FILE else content

    def replace(cluster: FlinkCluster) -> FlinkCluster:
        cluster.stop()
        repacked(CONNECTOR_JAR, cluster.home / "lib" / CONNECTOR_JAR.name, newer)
        cluster.start()
        return cluster

    with FlinkCluster(flink_home(LAST_1), env.folder / "replaced", lib=[CONNECTOR_JAR]) as cluster:
        moved(env, cluster, replace)


@case()
def newer_flink(env: Env) -> None:
    """From the recommended Flink to the last 1.x, which takes its savepoints: operators are found by their uids."""
    with FlinkCluster(flink_home(RECOMMENDED), env.folder / "older", lib=[CONNECTOR_JAR]) as older:
        moved(env, older, lambda _: env.cluster)


def moved(env: Env, cluster: FlinkCluster, onto) -> None:
    """Streams of each mode are stopped with savepoints on a cluster, and go on where `onto` says."""
    def at(cluster: FlinkCluster) -> Env:
        return Env(cluster, env.sandbox, cluster.upload(env.jobs_jar), env.jobs_jar, env.folder, env.database)

    streams = [Stream(at(cluster), mode, rate=4_000, checkpoint=1_000).start() for mode in THREE]
    savepoints = []
    for stream in streams:
        stream.next_checkpoint()
        savepoints.append(cluster.savepoint(stream.job, env.folder / "savepoints", stop=True))
        stream.finish()
    there = at(onto(cluster))
    for stream, savepoint in zip(streams, savepoints):
        stream.move(there).start(savepoint)
    each(streams, lambda stream: stream.next_checkpoint())
    finish_and_check(there, streams)


# --- Savepoints kept in the repository, of each release: RELEASE-FLINK-MODE

KEPT = ROOT / "tests" / "state" / "savepoints"
KEPT_DATABASE = "kept"


@case()
def kept_savepoints(env: Env) -> None:
    """Rows that V1 holds in a savepoint are loaded; of what V2 had prepared, this server knows nothing."""
    env.database = KEPT_DATABASE
    for folder in sorted(KEPT.iterdir()):
        release, _, mode = folder.name.split("-")
        copy = shutil.copytree(folder, env.folder / folder.name)
        stream = Stream(env, mode, {"sink.exactly-once.in-doubt": "load-again" if mode == "V1" else "skip"},
                        pair=False, name=f"{release} {mode}", table=f"kept_{mode}", rate=1_000, checkpoint=500)
        stream.start(copy.as_uri())
        stream.next_checkpoint()
        stream.end()
        stream.finish()
        if mode == "V1":
            stream.check()
        else:
            ((rows, least),) = env.query(f"SELECT COUNT(*), MIN(id) FROM {KEPT_DATABASE}.{stream.rows_table}")
            equal("rows after those of the savepoint", (int(rows), int(least) > 0), (stream.total - int(least), True))
        env.query(f"DROP DATABASE {KEPT_DATABASE}")


@case(long=True)
def keep_savepoints(env: Env) -> None:
    """Takes the savepoints of this release for `kept_savepoints`; one that is there stays as it is."""
    env.database = KEPT_DATABASE
    for mode in EXACTLY:
        kept = KEPT / f"{VERSION}-{env.cluster.version}-{mode}"
        if not kept.exists():
            # No checkpoint comes before the savepoint, and none completes it: it holds all rows.
            stream = Stream(env, mode, pair=False, table=f"kept_{mode}", rate=500, checkpoint=600_000).start()
            env.cluster.wait_until_running(stream.job)
            time.sleep(3)
            with tempfile.TemporaryDirectory(prefix="savepoints-") as folder:  # Flink writes its path down
                savepoint = env.cluster.savepoint(stream.job, Path(folder), stop=False)
                equal("rows loaded", stream.visible(), 0)
                env.cluster.cancel(stream.job)
                shutil.copytree(urlparse(savepoint).path, kept)
            say(f"   {kept}: {sum(file.stat().st_size for file in kept.iterdir())} bytes")

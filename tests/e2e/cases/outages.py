"""StarRocks away at the start, going away in the middle, hanging, or refusing: no loss, or a clear end."""

import time

from cases.datastream import COLUMNS, summary
from harness.cases import Env, case, checkpointed, contains, equal
from harness.process import wait_for

# Long enough for several tries; the long case goes through a whole minute.
SHORT, MINUTE = 15, 60
# Ten retries, two seconds apart and more: a minute and a half.
PATIENT = {"sink.max-retries": "10", "sink.retry.interval-ms": "2000", "sink.connect.timeout-ms": "2000"}


@case()
def down_in_the_middle(env: Env) -> None:
    down_for(env, SHORT)


@case(long=True)
def down_for_a_minute(env: Env) -> None:
    down_for(env, MINUTE)


def down_for(env: Env, seconds: float) -> None:
    """StarRocks goes away under load and comes back: nothing is missing."""
    env.create("d", COLUMNS)
    progress = env.progress_file()
    # Ten tries, and the pauses between them, outlast the outage.
    options = env.options("d", {**PATIENT, "sink.retry.interval-ms": str(int(max(2, seconds / 6) * 1000))})
    job = env.rows("slots", options, checkpoint=500, progress=progress, rate=10_000, restarts=1000)
    wait_for("rows", lambda: checkpointed(progress) > 0, timeout=60)
    env.sandbox.down()
    time.sleep(seconds)
    env.sandbox.up()
    before = checkpointed(progress)
    wait_for("the job to go on", lambda: checkpointed(progress) > before + 20_000, timeout=120)
    upto = checkpointed(progress)
    arrived = env.value(f"SELECT COUNT(DISTINCT id) FROM {env.database}.d WHERE id < {upto}")
    equal(f"rows below {upto}", arrived, upto)
    equal("restarted", env.cluster.last_restart(job), 0)
    env.cluster.cancel(job)
    count, distinct, *_ = summary(env, "d")
    equal("duplicates", count - distinct, 0)


@case()
def down_at_the_start(env: Env) -> None:
    """StarRocks goes away between planning and the first load, and comes back."""
    env.create("d", COLUMNS)
    job = env.rows("csv", env.options("d", {**PATIENT, "sink.properties.columns": "id,name,amount,at"}),
                   rate=20_000, rows=200_000, checkpoint=60_000)
    env.sandbox.down()
    env.cluster.wait_until_running(job)
    time.sleep(SHORT)
    env.sandbox.up()
    env.cluster.finish(job)
    count, distinct, *_ = summary(env, "d")
    equal("rows", (count, distinct), (200_000, 200_000))


@case()
def down_for_longer_than_the_retries(env: Env) -> None:
    """The job fails with one error that names the table and the server, is restarted by Flink, and loses nothing."""
    env.create("d", COLUMNS)
    progress = env.progress_file()
    job = env.rows("slots", env.options("d", {**PATIENT, "sink.max-retries": "1"}), checkpoint=500, progress=progress,
                   rate=10_000, restarts=1000)
    wait_for("rows", lambda: checkpointed(progress) > 0, timeout=60)
    env.sandbox.down()
    wait_for("a restart", lambda: env.cluster.last_restart(job) > 0, timeout=60)
    contains(env.cluster.failure(job), f"{env.database}.d", env.sandbox.load_url)
    env.sandbox.up()
    before = checkpointed(progress)
    wait_for("the job to go on", lambda: checkpointed(progress) > before + 20_000, timeout=120)
    upto = checkpointed(progress)
    arrived = env.value(f"SELECT COUNT(DISTINCT id) FROM {env.database}.d WHERE id < {upto}")
    equal(f"rows below {upto}", arrived, upto)


@case()
def hanging_server_ends_by_time_out(env: Env) -> None:
    """A server that accepts and never answers: one clear error within the time-outs."""
    env.create("h", COLUMNS)
    env.sandbox.hang()
    start = time.monotonic()
    job = env.rows("json", env.options("h", {
        "sink.properties.format": "json", "sink.max-retries": "0", "sink.connect.timeout-ms": "2000",
        "sink.socket.timeout-ms": "4000", "sink.wait-for-continue.timeout-ms": "3000"}), rows=1000)
    env.cluster.wait_for_state(job, "FAILED", timeout=60)
    contains(env.cluster.failure(job), f"{env.database}.h", "127.0.0.1")
    seconds = time.monotonic() - start
    if seconds > 40:
        raise AssertionError(f"failed only after {seconds:.0f} s")


@case()
def cancelling_while_the_server_hangs(env: Env) -> None:
    env.create("h", COLUMNS)
    env.sandbox.hang()
    job = env.rows("slots", env.options("h"), rate=100_000, checkpoint=1_000)
    env.cluster.wait_until_running(job)
    time.sleep(4)  # by now a checkpoint waits for a load
    seconds = env.cluster.cancel(job)
    if seconds > 5:
        raise AssertionError(f"cancelling took {seconds:.1f} s")


@case()
def back_pressure_is_cancellable(env: Env) -> None:
    """A full buffer in front of a hanging server holds the stream back; cancelling ends the wait at once."""
    env.create("h", COLUMNS)
    env.sandbox.hang()
    job = env.rows("slots", env.options("h", {
        "sink.buffer-flush.max-rows": "64000", "sink.buffer-flush.max-bytes": str(64 << 20),
        "sink.buffer.max-memory": str(64 << 20)}))
    env.cluster.wait_until_running(job)
    time.sleep(15)
    equal("state", env.cluster.state(job), "RUNNING")
    seconds = env.cluster.cancel(job)
    if seconds > 5:
        raise AssertionError(f"cancelling took {seconds:.1f} s")

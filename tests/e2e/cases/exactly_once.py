"""Ends and pauses of jobs, each with exactly-once in both ways: savepoints, end of input, cancel, failure, outages."""

import time

from harness.cases import LAST_1, NEWEST, RECOMMENDED, Env, case, contains, equal
from harness.process import say, wait_for
from harness.streams import EXACTLY, Stream, each, finish_and_check, nothing_left

THREE = ("V1", "V2", "at-least-once")


@case()
def stop_with_savepoint_and_resume(env: Env) -> None:
    """All rows before the savepoint are visible when the job has stopped; the resumed one goes on with the next row."""
    streams = [Stream(env, mode, rate=8_000, checkpoint=1_000).start() for mode in THREE]
    for stream in streams:
        stream.next_checkpoint()
    savepoints = {}
    for stream in streams:
        savepoints[stream] = env.cluster.savepoint(stream.job, env.folder / "savepoints", stop=True)

    each(streams, lambda stream: (stream.finish(), stream.check(stream.visible(), exactly=True)))
    nothing_left(env)
    for stream in streams:
        stream.start(savepoints[stream])
        stream.next_checkpoint()
    for stream in streams:
        stream.end()
    each(streams, lambda stream: (stream.finish(), stream.check(exactly=True)))
    nothing_left(env)


@case(RECOMMENDED, LAST_1, NEWEST)
def stop_with_drain(env: Env) -> None:
    """`stop --drain` is an end of the input: everything that was emitted is there."""
    streams = [Stream(env, mode, rate=8_000, checkpoint=1_000).start() for mode in THREE]
    for stream in streams:
        stream.next_checkpoint()

    def drain(stream: Stream) -> None:
        env.cluster.savepoint(stream.job, env.folder / "savepoints", stop=True, drain=True)
        stream.finish()
        rows = stream.visible()
        equal("rows before the last checkpoint are there", rows >= stream.position() > 0, True)
        stream.check(rows, exactly=True)

    each(streams, drain)
    nothing_left(env)


@case(RECOMMENDED, LAST_1, NEWEST)
def bounded_input(env: Env) -> None:
    """Input that ends long before the next checkpoint, or without checkpoints at all, is complete."""
    streams = []
    for mode in EXACTLY:
        streams.append(Stream(env, mode, name=f"{mode} between", rows=60_000, checkpoint=600_000).start())
        streams.append(Stream(env, mode, name=f"{mode} without", rows=60_000).start())
    each(streams, lambda stream: (stream.finish(), stream.check()))
    nothing_left(env)


# Batches are sealed, and with V2 sent, a second after their first row; the server gives up on transactions soon.
HASTY = {"sink.buffer-flush.interval-ms": "1000", "sink.properties.timeout": "8"}


@case(RECOMMENDED, LAST_1, NEWEST)
def cancelled_or_failed(env: Env) -> None:
    """Rows after the last completed checkpoint never become visible, until a job restored from it brings them."""
    rate, interval = 4_000, 5_000
    streams = [Stream(env, mode, HASTY, name=f"{mode} cancelled", rate=rate, checkpoint=interval,
                      **{"fail-at": -1}).start() for mode in EXACTLY]
    failing = [Stream(env, mode, HASTY, name=f"{mode} failed", rate=rate, checkpoint=interval,
                      **{"fail-at": rate * 9}).start() for mode in EXACTLY]
    for stream in streams:  # each in the midst of a checkpoint interval: what a checkpoint holds is loaded table by table
        stream.next_checkpoint()
        wait_for(f"the rows of {stream.name}", lambda: stream.visible() == stream.position(), timeout=10)
        time.sleep(2)
        if stream.mode == "V2":  # else there would be nothing that could become visible
            contains(" ".join(t["table"] for t in env.sandbox.open_transactions(env.database)), stream.rows_table)
        env.cluster.cancel(stream.job)
    cancelled = time.monotonic()
    wait_for("the cancelled job to have rolled back", lambda: streams[1].rows_table not in [
        t["table"] for t in env.sandbox.open_transactions(env.database) if t["state"] == "PREPARE"], timeout=10)
    say(f"   rolled back {time.monotonic() - cancelled:.1f} s after the cancellation")
    for stream in failing:
        env.cluster.wait_for_state(stream.job, "FAILED", timeout=60)
        contains(env.cluster.failure(stream.job), "where the job is to fail")
    streams += failing
    wait_for("the server to give up on what was begun", lambda: all(
        t["state"] == "PREPARED" for t in env.sandbox.open_transactions(env.database)), timeout=30)
    for stream in streams:
        equal(f"{stream.name}: rows beyond the last checkpoint", stream.visible() > stream.position(), False)
        stream.check(stream.visible(), exactly=True)
    for stream in streams:
        stream.start(env.cluster.last_checkpoint(stream.job)["external_path"], **{"fail-at": -1})
    finish_and_check(env, streams)


# Few and quick tries, so that an outage is longer than what V2 rides out.
IMPATIENT = {"sink.max-retries": "1", "sink.retry.interval-ms": "500", "sink.connect.timeout-ms": "1000",
             "sink.socket.timeout-ms": "3000"}
OUTAGE = 12


@case()
def outage_longer_than_the_checkpoint_interval(env: Env) -> None:
    """V1 goes on running and says that it waits; the others are restarted by Flink until StarRocks is back."""
    streams = [Stream(env, mode, IMPATIENT, rate=4_000, checkpoint=1_000, restarts=1000,
                      **{"restart-delay": 500}).start() for mode in THREE]
    for stream in streams:
        stream.next_checkpoint()
    held, *others = streams
    env.sandbox.down()
    begin = time.monotonic()
    wait_for("V1 to say that it waits", lambda: env.cluster.metric(held.job, "stalled") > 0, timeout=OUTAGE)
    for stream in others:
        wait_for(f"{stream.name} to be restarted", stream.was_restarted, timeout=60)
    time.sleep(max(0.0, OUTAGE - (time.monotonic() - begin)))
    held_bytes = env.cluster.metric(held.job, "heldBytes")
    equal("V1's state", env.cluster.state(held.job), "RUNNING")
    env.sandbox.up()
    each(streams, lambda stream: stream.next_checkpoint(timeout=120))
    wait_for("V1 to go on", lambda: env.cluster.metric(held.job, "stalled") == 0, timeout=60)
    equal("V1 restarted", held.was_restarted(), False)
    say(f"   V1 held {held_bytes} bytes at the end of the outage")
    contains(env.cluster.log_text(), "rows of a completed checkpoint can't be loaded yet")
    finish_and_check(env, streams)


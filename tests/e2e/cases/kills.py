"""`kill -9` of the TaskManager at random times, under a source that replays from its position in the checkpoint."""

import os

from harness.cases import NEWEST, RECOMMENDED, Env, case
from harness.download import minor
from harness.process import say, wait_for
from harness.streams import MODES, Stream, finish_and_check, kill_at_random, nothing_left

SEED = int(os.environ.get("E2E_SEED", "7"))


def streams_of(env: Env, modes, rate: int) -> list:
    """One job a mode, all on the same TaskManager; the one of mode AUTO planned from SQL."""
    streams = []
    for mode in modes:
        sinks = {} if mode == "AUTO" else {"sinks": 2}
        streams.append(Stream(env, mode, sql=mode == "AUTO", rate=rate, checkpoint=1000, restarts=1000,
                              **{"restart-delay": 200}, **sinks).start())
    for stream in streams:
        stream.next_checkpoint()
    return streams


def excused(env: Env) -> bool:
    """Whether an attempt may leave transactions open: its labels can't be told before Flink 1.16, if it dies early."""
    return minor(env.cluster.version) < (1, 16)


@case()
def three_kills(env: Env) -> None:
    streams = streams_of(env, MODES, rate=6_000)
    kill_at_random(env, streams, 3, SEED)
    finish_and_check(env, streams, excuse=excused(env))


@case(NEWEST)
def two_kills_before_the_first_checkpoint(env: Env) -> None:
    """What was begun by attempts that left no state is rolled back: the labels of the next one tell theirs."""
    stream = Stream(env, "V2", {"sink.buffer-flush.interval-ms": "1000"}, rows=40_000, rate=4_000, checkpoint=600_000,
                    restarts=1000, **{"restart-delay": 200}).start()
    seen = set()
    for number in (1, 2):
        def begun() -> set:
            return {t["label"] for t in env.sandbox.open_transactions(env.database)} - seen
        wait_for("transactions into both tables", lambda: len(begun()) >= 2, timeout=60)
        seen |= begun()
        env.cluster.kill_task_manager()
        env.cluster.start_task_manager()
        wait_for("the job to be restarted", stream.was_restarted, timeout=120)
        env.cluster.wait_until_running(stream.job, timeout=120)
        say(f"   kill {number} of 2, {len(seen)} transactions begun so far")
    stream.finish()
    stream.check()
    nothing_left(env)


@case(long=True)
def twenty_kills(env: Env) -> None:
    streams = streams_of(env, MODES, rate=8_000)
    kill_at_random(env, streams, 20, SEED)
    finish_and_check(env, streams, excuse=excused(env))


@case(RECOMMENDED, long=True)
def five_kills(env: Env) -> None:
    streams = streams_of(env, MODES, rate=8_000)
    kill_at_random(env, streams, 5, SEED)
    finish_and_check(env, streams, excuse=excused(env))

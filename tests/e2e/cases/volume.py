"""More rows in one checkpoint interval than the memory bound allows, and many tables at one checkpoint."""


from cases.datastream import COLUMNS, expected, summary
from harness.cases import Env, equal, variants
from harness.process import say, wait_for
from harness.streams import EXACTLY, nothing_left

MIB = 1 << 20
BOUND = 16 * MIB
# Threads, TLS, the checkpoint's files and what Flink's own network takes: all of it outside of the heap.
ALLOWANCE = 64 * MIB


@variants(tuple(EXACTLY))
def interval_beyond_the_memory_bound(env: Env, mode: str) -> None:
    """A multiple of sink.buffer.max-memory before one checkpoint, that at the end of the input.

    V1 keeps it on disk, V2 prepares transactions early; the bound holds, and the barrier isn't held up.
    """
    env.create("s", COLUMNS)
    rows = 1_500_000  # some 70 MB
    task_manager = env.cluster.task_manager
    before = task_manager.resident()
    job = env.rows("slots", env.options("s", {**EXACTLY[mode], "sink.buffer.max-memory": BOUND}), rows=rows,
                   rate=100_000, checkpoint=600_000)
    peak = {"resident": 0, "spilledBytes": 0, "nativeMemoryBytes": 0, "numPreparedTransactions": 0}

    def watched() -> bool:
        peak["resident"] = max(peak["resident"], task_manager.resident() - before)
        for name in ("spilledBytes", "nativeMemoryBytes", "numPreparedTransactions"):
            peak[name] = max(peak[name], env.cluster.metric(job, name))
        return env.cluster.state(job) == "FINISHED"

    wait_for("the job to finish", watched, timeout=180, every=0.2)
    say("   " + ", ".join(f"{name} {value / MIB if value > MIB else value:g}" for name, value in peak.items()))
    (checkpoint,) = checkpoints_told(env, job)
    equal("summary", summary(env, "s"), expected(range(rows)))
    if mode == "V1":
        equal("spilled", peak["spilledBytes"] > 0, True)
        equal("more in the checkpoint than the bound", checkpoint["bytes"] > BOUND, True)
    else:
        equal("prepared early", peak["numPreparedTransactions"] > 1, True)
    equal("the bound holds", 0 < peak["nativeMemoryBytes"] <= BOUND, True)
    equal(f"resident memory within {(BOUND + ALLOWANCE) // MIB} MiB", peak["resident"] <= BOUND + ALLOWANCE, True)
    equal("rows are stopped for less than two seconds", checkpoint["sync"] < 2_000, True)
    nothing_left(env)


def checkpoints_told(env: Env, job: str) -> list:
    times = env.cluster.checkpoint_times(job)
    for of in times:
        say("   checkpoint " + ", ".join(f"{name} {value}" for name, value in of.items()))
    return times


TABLES = 20
DELAY_MS = 500


@variants(tuple(EXACTLY))
def many_tables(env: Env, mode: str) -> None:
    """Twenty tables, and a server that takes half a second for each request: they don't wait for one another."""
    for number in range(TABLES):
        env.create(f"t{number}", COLUMNS)
    slow = {"V1": [{"kind": "commit_delay"}],
            "V2": [{"kind": "txn_delay", "op": "prepare"}, {"kind": "txn_delay", "op": "commit"}]}[mode]
    env.sandbox.arm(*({**fault, "db": env.database, "delay_ms": DELAY_MS, "times": 0} for fault in slow))
    env.sandbox.forget_operations()
    rate, seconds = 4_000, 9
    job = env.rows("many", env.options("t0", {**EXACTLY[mode], "sink.properties.format": "json",
                                             "sink.io.thread-count": 10}),
                   tables=TABLES, rows=rate * seconds, rate=rate, checkpoint=4_000)
    env.cluster.finish(job)
    slowest = max(times["sync"] for times in checkpoints_told(env, job))
    peaks = {name: of["peak"] for name, of in env.sandbox.operations().items()}
    say(f"   most requests at the same time: {peaks}")
    for number in range(TABLES):
        equal(f"t{number}", summary(env, f"t{number}"), expected(range(number, rate * seconds, TABLES)))
    one_after_the_other = TABLES * DELAY_MS
    equal("checkpoints in a quarter of that", slowest < one_after_the_other / 4, True)
    for name in {"V1": ["stream_load"], "V2": ["prepare", "commit"]}[mode]:
        equal(f"{name} side by side", peaks[name] >= TABLES / 4, True)
    nothing_left(env)

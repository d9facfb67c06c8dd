"""What the server can't, or can no longer, say about rows of a completed checkpoint: loud, and never guessed."""

import re

from harness.cases import Env, case, contains, equal
from harness.process import wait_for
from harness.state import age_batches
from harness.streams import Stream, nothing_left

# Enough tries for two checkpoints to complete while nothing gets through.
PATIENT = {"sink.max-retries": "10", "sink.retry.interval-ms": "2000"}
QUICK = {"sink.max-retries": "2", "sink.retry.interval-ms": "100"}
DOUBT = re.compile(r"(\d+) rows of restored checkpoint (\d+) for (\S+) \(label ([-\w]+), \d+ s old\): ([^\n]*)")
WITHOUT_A_LABEL = 700  # seconds; up to 10 minutes a label that isn't known means that nothing was loaded


class Restored:
    """A job that was cancelled while StarRocks refused the rows of its last checkpoint, which is at hand."""

    def __init__(self, env: Env, mode: str, refuse: dict):
        self.env = env
        self.stream = Stream(env, mode, PATIENT, pair=False, rate=4_000, checkpoint=2_000).start()
        self.stream.next_checkpoint()
        wait_for("its rows", lambda: self.stream.visible() == self.stream.position(), timeout=15)
        env.sandbox.arm({**refuse, "db": env.database, "times": 0})
        for _ in range(2):
            self.stream.next_checkpoint()
        env.cluster.cancel(self.stream.job)
        self.loaded, self.position = self.stream.visible(), self.stream.position()
        equal("rows kept back", self.loaded < self.position, True)
        last = env.cluster.last_checkpoint(self.stream.job)
        self.checkpoint, self.number = last["external_path"], last["id"]
        env.sandbox.clear_faults()

    def fails(self, *wanted: str) -> dict:
        """The job restored from the checkpoint fails, and says all there is to say of rows in doubt."""
        self.stream.start(self.checkpoint, QUICK)
        self.env.cluster.wait_for_state(self.stream.job, "FAILED", timeout=60)
        text = self.env.cluster.failure(self.stream.job)
        contains(text, "sink.exactly-once.in-doubt", *wanted)
        doubt = DOUBT.search(text)
        if doubt is None:
            raise AssertionError(f"it doesn't say which rows are in doubt:\n{text[:3000]}")
        rows, checkpoint, table, label, _ = doubt.groups()
        equal("the checkpoint is one of those restored", 0 < int(checkpoint) <= self.number, True)
        equal("table", table, f"{self.env.database}.{self.stream.rows_table}")
        equal("nothing was loaded or taken away", self.stream.visible(), self.loaded)
        return {"rows": int(rows), "label": label}

    def goes_on(self, choice: str) -> None:
        """With the user's choice the job goes on, to the end of its input."""
        self.stream.start(self.checkpoint, {**QUICK, "sink.exactly-once.in-doubt": choice})
        self.stream.next_checkpoint()
        self.stream.end()
        self.stream.finish()

    def only_loads(self, choice: str) -> None:
        """The same, but the input has ended where the checkpoint was."""
        self.stream.start(self.checkpoint, {**QUICK, "sink.exactly-once.in-doubt": choice}, rows=self.position)
        self.stream.finish()

    def skipped(self) -> int:
        """The rows that the log says were left out."""
        lines = [line for line in self.env.cluster.log_text().splitlines() if "Going on without them" in line]
        found = {m.group(4): int(m.group(1)) for m in map(DOUBT.search, lines) if m and self.env.database in m.group(3)}
        return sum(found.values())


def prepared(env: Env) -> list:
    labels = [t["label"] for t in env.sandbox.open_transactions(env.database) if t["state"] == "PREPARED"]
    equal("some transactions are prepared", bool(labels), True)
    return labels


def forget_all(env: Env) -> None:
    """The server forgets every label of the database that has ended."""
    for (label,) in env.query(f"SELECT DISTINCT label FROM sandbox.ledger WHERE db = '{env.database}'"):
        env.sandbox.forget(env.database, label)


@case()
def prepared_transaction_expired(env: Env) -> None:
    """V2: while the job was down, the server gave up on what its checkpoint had prepared: those rows are lost."""
    job = Restored(env, "V2", {"kind": "txn_fail", "op": "commit", "result": "SERVICE_UNAVAILABLE"})
    labels = prepared(env)
    for label in labels:
        env.sandbox.expire(env.database, label)
    doubt = job.fails("the server has rolled them back", "prepared_timeout")
    equal("the label is the oldest one", doubt["label"], labels[0])
    job.goes_on("skip")
    equal("rows missing", job.stream.total - job.stream.visible(), job.skipped())
    equal("rows in doubt are missing", job.skipped() >= doubt["rows"] > 0, True)
    nothing_left(env)


@case()
def committed_transaction_forgotten(env: Env) -> None:
    """V2: committed before the job went down, and the label evicted since: it can't be known."""
    job = Restored(env, "V2", {"kind": "txn_fail", "op": "commit", "result": "SERVICE_UNAVAILABLE"})
    for label in prepared(env):
        env.sandbox.commit(env.database, label)
    job.loaded = job.stream.visible()
    equal("rows are there", job.loaded, job.position)
    forget_all(env)
    doubt = job.fails("the server doesn't know their label", "'skip'")
    job.goes_on("skip")
    equal("rows said to be skipped", job.skipped() >= doubt["rows"] > 0, True)
    job.stream.check()
    nothing_left(env)


@case()
def label_of_a_batch_forgotten(env: Env) -> None:
    """V1: an old state's batches, and no label is known any more: were they loaded or not? Once each."""
    job = Restored(env, "V1", {"kind": "fail"})
    equal("batches in the state", age_batches(job.checkpoint, WITHOUT_A_LABEL) > 0, True)
    forget_all(env)
    job.fails("the server doesn't know their label", "'load-again'", "'skip'")
    job.only_loads("load-again")
    job.stream.check(job.position)

    job.loaded = job.position
    forget_all(env)
    job.fails("the server doesn't know their label", "'load-again'", "'skip'")
    job.goes_on("skip")
    job.stream.check()
    nothing_left(env)

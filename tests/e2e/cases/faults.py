"""The server's faults, one after the other, under a running job: at each checkpoint nothing is missing.

The sink absorbs most of them with plain retries: then nothing is there twice either, and the job was not restarted.
One can't be decided and must be loud: the job fails, is restarted, and goes on from its last checkpoint.
"""

from cases.datastream import COLUMNS
from harness.cases import Env, case, checkpointed, contains, equal, variants
from harness.cluster import ClientFailed, without_frames
from harness.process import say, wait_for

LOST_ANSWER = {"kind": "drop_answer_after_commit"}

# Group -> faults armed together, each firing once unless told.
ABSORBED = {
    "lost and late answers": [
        [LOST_ANSWER],
        [{**LOST_ANSWER, "times": 2}],
        [{"kind": "delay_answer_after_commit", "delay_ms": 5000}],
        [{"kind": "die_before_commit"}],
        [{"kind": "hold_then_visible", "delay_ms": 2000}],
        [{"kind": "hold_then_abort", "delay_ms": 1000}],
        [{"kind": "publish_timeout"}],
        [{"kind": "commit_delay", "delay_ms": 1500}],
        [{"kind": "be_hang"}],
        [{"kind": "fe_hang"}],
    ],
    "label states": [
        [LOST_ANSWER, {"kind": "state_unknown"}],
        [LOST_ANSWER, {"kind": "state_unknown"}, {"kind": "label_used_as_fail"}],
        [{"kind": "status_unknown_committed"}],
        [{"kind": "status_unknown_aborted"}],
        [LOST_ANSWER, {"kind": "state_http_error", "status": 500}],
        [LOST_ANSWER, {"kind": "state_hang"}],
        [LOST_ANSWER, {"kind": "state_drop"}],
        [LOST_ANSWER, {"kind": "state_redirect"}],
        [LOST_ANSWER, {"kind": "state_without_key"}],
        [LOST_ANSWER, {"kind": "state_strange"}],
    ],
    "answers": [
        [{"kind": "answer_truncated"}], [{"kind": "answer_split"}], [{"kind": "answer_chunked"}],
        [{"kind": "answer_trailing_bytes"}], [{"kind": "answer_gzip"}], [{"kind": "answer_html"}],
        [{"kind": "answer_empty"}], [{"kind": "answer_key_case"}], [{"kind": "answer_unknown_status"}],
        [{"kind": "answer_http_status", "status": 503}],
    ],
    "redirects and continue": [
        [{"kind": "redirect_delay", "delay_ms": 4000}], [{"kind": "redirect_without_location"}],
        [{"kind": "redirect_loop"}], [{"kind": "redirect_dead_port"}], [{"kind": "redirect_via_fe"}],
        [{"kind": "no_continue"}], [{"kind": "double_continue"}], [{"kind": "final_instead_of_continue"}],
        [{"kind": "fe_error", "status": 500}], [{"kind": "no_backend"}],
    ],
    "connections and pressure": [
        [{"kind": "close_idle"}], [{"kind": "body_cut"}], [{"kind": "reset_in_body"}],
        [{"kind": "early_error_reset"}], [{"kind": "slow_body", "rate": 50_000}],
        [{"kind": "stall_body", "delay_ms": 2000}],
        [{"kind": "fail", "text": "too many versions. tablet_id: 1, version_count: 1001, limit: 1000", "times": 3}],
        [{"kind": "fail", "text": "current running txns on db 1 is 1000, larger than limit 1000", "times": 2}],
        [{"kind": "fail", "text": "Memory of process exceed limit. Used: 1, Limit: 1", "times": 2}],
    ],
}
# Short, so that a lost answer costs seconds.
PATIENCE = {
    "sink.max-retries": "5", "sink.retry.interval-ms": "200", "sink.connect.timeout-ms": "2000",
    "sink.socket.timeout-ms": "3000", "sink.wait-for-continue.timeout-ms": "3000",
}


class FaultyJob:
    """A job without end, and the watch over what it has loaded."""

    def __init__(self, env: Env):
        self._env = env
        env.create("f", COLUMNS)
        self._progress = env.progress_file()
        self.job = env.rows("slots", env.options("f", PATIENCE), checkpoint=300, rate=3_000, restarts=1000,
                            progress=self._progress)
        self.next_checkpoint()

    def next_checkpoint(self) -> int:
        """Waits for a checkpoint that began after now (the next but one): the rows before it."""
        for _ in range(2):
            seen = checkpointed(self._progress)
            wait_for("another checkpoint", lambda: checkpointed(self._progress) > seen, timeout=90)
        return checkpointed(self._progress)

    def duplicates(self) -> int:
        return self._env.value(f"SELECT COUNT(*) - COUNT(DISTINCT id) FROM {self._env.database}.f")

    def last_restart(self) -> int:
        return self._env.cluster.last_restart(self.job)

    def suffer(self, faults: list) -> None:
        """Arms faults, waits until each has fired, and checks that nothing is missing at a checkpoint after it."""
        self._env.sandbox.arm(*({**fault, "db": self._env.database} for fault in faults))
        wait_for("the faults to fire", self._env.sandbox.all_fired, timeout=60)
        upto = self.next_checkpoint()
        self._env.sandbox.clear_faults()
        arrived = self._env.value(f"SELECT COUNT(DISTINCT id) FROM {self._env.database}.f WHERE id < {upto}")
        equal(f"rows below {upto}", arrived, upto)


def names(faults: list) -> str:
    return " + ".join(fault["kind"] for fault in faults)


@variants(tuple(ABSORBED))
def absorbed(env: Env, group: str) -> None:
    job = FaultyJob(env)
    problems = []
    for faults in ABSORBED[group]:
        restart, duplicates = job.last_restart(), job.duplicates()
        try:
            job.suffer(faults)
            equal("duplicates", job.duplicates() - duplicates, 0)
            equal("last restart", job.last_restart(), restart)
        except (AssertionError, TimeoutError) as problem:
            causes = without_frames(env.cluster.failure(job.job)).strip().splitlines()
            problems.append(f"{names(faults)}: {problem}; {' / '.join(causes[-2:])}")
            say(f"   {problems[-1]}")
            env.sandbox.clear_faults()
    equal("problems", problems, [])


@case()
def label_of_somebody_else(env: Env) -> None:
    """A label that is taken at its first use holds other rows: never success. The job fails and says which label."""
    job = FaultyJob(env)
    job.suffer([{"kind": "label_exists_finished"}])
    equal("restarted", job.last_restart() > 0, True)
    contains(env.cluster.failure(job.job), f"{env.database}.f", "label")


@case()
def label_forgotten_at_once(env: Env) -> None:
    """The server commits, loses the answer and then the label: what can't be known may be there twice, never not."""
    job = FaultyJob(env)
    job.suffer([LOST_ANSWER, {"kind": "forget_label"}])


@variants(("loaded_rows_off", "load_bytes_off"))
def counts_that_do_not_add_up(env: Env, kind: str) -> None:
    """The server says that it loaded less than it was sent: no rows are missing, whatever the sink makes of it."""
    job = FaultyJob(env)
    job.suffer([{"kind": kind}])


@case()
def filtered_rows_are_counted(env: Env) -> None:
    """Rows that the server leaves out of a load that it calls a success show in the metric and in the log."""
    job = FaultyJob(env)
    env.sandbox.arm({"kind": "filtered_rows", "count": 3, "db": env.database})
    wait_for("the fault to fire", env.sandbox.all_fired, timeout=60)
    wait_for("the metric", lambda: env.cluster.metric(job.job, "totalFilteredRows") == 3, timeout=30)
    contains(env.cluster.log_text(), "left out 3 rows")


@variants(("error_log_missing", "error_log_huge", "error_log_slow", "error_log_binary", "error_log_other_host"))
def error_log(env: Env, kind: str) -> None:
    """Bad rows: the server's message is what fails the job, whatever becomes of the error log."""
    env.create("e", "id INT, v INT")
    env.sandbox.arm({"kind": kind, "db": env.database, "times": 0})
    job = env.rows("csv", env.options("e", {
        **PATIENCE, "sink.max-retries": "0", "sink.properties.strict_mode": "true"}), rows=10)
    env.cluster.wait_for_state(job, "FAILED", timeout=60)
    contains(env.cluster.failure(job), f"{env.database}.e", "too many filtered rows")


@variants(("mysql_drop_mid_result", "mysql_hang", "mysql_error"))
def schema_cannot_be_read(env: Env, kind: str) -> None:
    env.create("m", "id INT")
    env.sandbox.arm({"kind": kind, "times": 0})
    try:
        env.sql(env.sink_ddl("t", "id INT", env.options("m", PATIENCE)), "INSERT INTO t VALUES (1)")
    except ClientFailed as error:
        env.sandbox.clear_faults()
        contains(error.output, f"127.0.0.1:{env.sandbox.mysql_port}")
    else:
        raise AssertionError("planned without the table's schema")


@variants(("mysql_wrong_types", "mysql_null_column_key", "mysql_unknown_type", "mysql_version"))
def odd_schema_answers(env: Env, kind: str) -> None:
    env.create("m", "id INT, v BIGINT")
    env.sandbox.arm({"kind": kind, "times": 0})
    job = env.sql(env.sink_ddl("t", "id INT, v BIGINT", env.options("m")), "INSERT INTO t VALUES (1, 2)")
    env.cluster.finish(job)
    env.sandbox.clear_faults()
    equal("rows", env.query(f"SELECT id, v FROM {env.database}.m"), [("1", "2")])

"""Runs the end-to-end cases: jobs on real Flink distributions, loading into the sandbox.

The same jar serves every Flink. Cases run in lanes, several at the same time: a lane is a cluster of one Flink version
and a sandbox, which take one case after the other. Logs stay in build/e2e/.
"""

import argparse
import fnmatch
import importlib
import sys
import threading
import traceback
from pathlib import Path

from harness.cases import REGISTRY, Env, Report, fresh
from harness.cluster import FlinkCluster
from harness.download import LATEST, flink_home, minor
from harness.jobs import jobs_jar
from harness.paths import BUILD, CONNECTOR_JAR
from harness.process import exit_on_signals, label_lines, say
from harness.sandbox import Sandbox
from harness.table import COLUMNS, record, table

HERE = Path(__file__).resolve().parent
MODULES = sorted(path.stem for path in (HERE / "cases").glob("*.py") if path.stem != "__init__")
CASES_PER_LANE = 30  # with more cases than that, a version gets another lane


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pattern", nargs="*", help="cases to run, for example 'faults.*'")
    parser.add_argument("--flink", action="append", help="only on this version (1.13, 1.20)")
    parser.add_argument("--matrix", action="store_true",
                        help="the cases of the table of versions, on all versions, or those named; prints the table")
    parser.add_argument("--record", action="store_true", help="with --matrix: write the table into the README")
    parser.add_argument("--long", action="store_true", help="the long cases too")
    parser.add_argument("--lanes", type=int, default=4, help="how many clusters at the same time")
    parser.add_argument("--list", action="store_true", help="print the cases")
    parser.add_argument("--counts", type=Path, help="write 'passed failed skipped' to this file")
    arguments = parser.parse_args()
    for module in MODULES:
        importlib.import_module(f"cases.{module}")
    chosen = plan(arguments)
    if arguments.list:
        print("\n".join(f"{flink:<6} {case.name}" for flink, cases in chosen.items() for case in cases))
        return 0

    exit_on_signals()
    folder = fresh(BUILD / "e2e")
    report = Report(folder / "report.json")
    lanes = Lanes(folder, report, jobs_jar(folder / "jobs.jar"))
    for flink in chosen:
        flink_home(flink)  # downloaded one after the other
    lanes.run(chosen, arguments.lanes)
    passed, failed = report.counts()
    if arguments.counts:
        arguments.counts.write_text(f"{passed} {failed} 0\n")
    say("slowest: " + ", ".join(f"{r['case']} on {r['flink']} {r['seconds']} s" for r in
                                sorted(report.results, key=lambda r: -r["seconds"])[:5]))
    if arguments.matrix:
        rows = table(report.results, [LATEST.get(flink, flink) for flink in chosen])
        print(rows, flush=True)
        if arguments.record:
            record(rows)
    if failed:
        say(report.failures())
    say(f"{passed} passed, {failed} failed; logs are in {folder}")
    return 1 if failed or not passed else 0


def plan(arguments) -> dict:
    """Flink version -> its cases."""
    versions = arguments.flink
    if arguments.matrix:
        versions = arguments.pattern or list(LATEST)
        patterns = [f"matrix.{column}" for column in COLUMNS]
    else:
        patterns = [pattern + "*" for pattern in arguments.pattern or ["*"]]
    wanted = [case for case in REGISTRY if (arguments.long or not case.long)
              and any(fnmatch.fnmatchcase(case.name, pattern) for pattern in patterns)]
    if versions is None:
        versions = sorted({flink for case in wanted for flink in case.flinks}, key=minor)
    chosen = {flink: [case for case in wanted if case.runs_on(flink, arguments.matrix)] for flink in versions}
    return {flink: cases for flink, cases in chosen.items() if cases}


class Lanes:
    """Clusters side by side. Those of one version share its cases: each takes the next one."""

    def __init__(self, folder: Path, report: Report, jobs: Path):
        self._folder, self._report, self._jobs = folder, report, jobs

    def run(self, chosen: dict, at_once: int) -> None:
        places = threading.Semaphore(at_once)
        threads = []
        # Those with the most cases first, so that no long one is left alone at the end.
        for flink, cases in sorted(chosen.items(), key=lambda item: -len(item[1])):
            queue = iter(cases)
            lanes = -(-len(cases) // CASES_PER_LANE)
            for number in range(lanes):
                name = flink + ("abcdefgh"[number] if lanes > 1 else "")
                while not places.acquire(timeout=1):
                    pass  # woken up by Ctrl-C now and then
                thread = threading.Thread(target=self._lane, args=(name, flink, queue, places), daemon=True)
                thread.start()
                threads.append(thread)
        for thread in threads:
            while thread.is_alive():
                thread.join(1)

    def _lane(self, name: str, flink: str, queue, places) -> None:
        label_lines(f"{name:<5}| ")
        try:
            self._run_on(name, flink, queue)
        except Exception:  # the cluster or the sandbox, not a case
            self._report.broken(name, flink, traceback.format_exc())
        finally:
            places.release()

    def _run_on(self, name: str, flink: str, queue) -> None:
        folder = self._folder / name
        folder.mkdir()
        say(f"== Flink {LATEST.get(flink, flink)}")
        with Sandbox(folder / "sandbox") as sandbox, \
                FlinkCluster(flink_home(flink), folder, lib=[CONNECTOR_JAR]) as cluster:
            jobs = cluster.upload(self._jobs)
            for case in queue:
                if cluster.task_manager.exit_code() is not None:
                    say(f"   the TaskManager has died; starting the cluster anew\n{cluster.task_manager.tail()}")
                    cluster.stop()
                    cluster.start()
                    jobs = cluster.upload(self._jobs)
                self._report.run(case, flink, lambda: Env(cluster, sandbox, jobs, self._jobs, folder))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        say("interrupted")
        sys.exit(130)

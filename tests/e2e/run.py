"""Runs the end-to-end cases: jobs on real Flink distributions, loading into the sandbox.

The same jar serves every Flink. Cases of one Flink version share a cluster and a sandbox, one after the other.
Logs stay in build/e2e/.
"""

import argparse
import fnmatch
import importlib
import sys
from pathlib import Path

from harness.cases import REGISTRY, Env, Report, fresh
from harness.cluster import FlinkCluster
from harness.download import flink_home
from harness.jobs import build_jar
from harness.paths import BUILD, CONNECTOR_JAR
from harness.process import exit_on_signals, say
from harness.sandbox import Sandbox

HERE = Path(__file__).resolve().parent
MODULES = sorted(path.stem for path in (HERE / "cases").glob("*.py") if path.stem != "__init__")
COMPILE_AGAINST = "1.13"  # the oldest Flink that runs the test jobs; newer ones keep what they use


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pattern", nargs="*", default=["*"], help="cases to run, for example 'faults.*'")
    parser.add_argument("--flink", action="append", help="only on this version (1.13, 1.20)")
    parser.add_argument("--long", action="store_true", help="the long cases too")
    parser.add_argument("--list", action="store_true", help="print the cases")
    parser.add_argument("--counts", type=Path, help="write 'passed failed skipped' to this file")
    arguments = parser.parse_args()
    for module in MODULES:
        importlib.import_module(f"cases.{module}")
    chosen = [case for case in REGISTRY if (arguments.long or not case.long)
              and any(fnmatch.fnmatchcase(case.name, pattern + "*") for pattern in arguments.pattern)]
    if arguments.list:
        print("\n".join(f"{case.name:<50} {' '.join(case.flinks)}" for case in chosen))
        return 0

    exit_on_signals()
    folder = fresh(BUILD / "e2e")
    jobs_jar = build_jar(sorted((HERE / "jobs").glob("*.java")), folder / "jobs.jar", flink_home(COMPILE_AGAINST))
    report = Report(folder / "report.json")
    for flink in sorted({flink for case in chosen for flink in case.flinks}):
        if not arguments.flink or flink in arguments.flink:
            run_on(flink, [case for case in chosen if flink in case.flinks], folder / flink, jobs_jar, report)
    passed, failed = report.counts()
    if arguments.counts:
        arguments.counts.write_text(f"{passed} {failed} 0\n")
    say("slowest: " + ", ".join(f"{r['case']} on {r['flink']} {r['seconds']} s" for r in
                                sorted(report.results, key=lambda r: -r["seconds"])[:5]))
    say(f"{passed} passed, {failed} failed; logs are in {folder}")
    return 1 if failed or not passed else 0


def run_on(flink: str, cases: list, folder: Path, jobs_jar: Path, report: Report) -> None:
    folder.mkdir()
    say(f"== Flink {flink}: {len(cases)} cases")
    with Sandbox(folder / "sandbox") as sandbox, \
            FlinkCluster(flink_home(flink), folder, lib=[CONNECTOR_JAR]) as cluster:
        jobs = cluster.upload(jobs_jar)
        for case in cases:
            if cluster.task_manager.exit_code() is not None:
                say(f"   the TaskManager has died; starting the cluster anew\n{cluster.task_manager.tail()}")
                cluster.stop()
                cluster.start()
                jobs = cluster.upload(jobs_jar)
            report.run(case, flink, lambda: Env(cluster, sandbox, jobs, jobs_jar, folder))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        say("interrupted")
        sys.exit(130)

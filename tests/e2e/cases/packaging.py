"""Ways to bring the sink to a cluster: an application's own jar, and the native library's places."""

from cases.datastream import COLUMNS, KEYED, expected, summary
from harness.cases import LAST_1, NEWEST, RECOMMENDED, Env, case, contains, equal
from harness.cluster import ClientFailed, FlinkCluster
from harness.download import flink_home
from harness.jobs import jobs_jar, repacked
from harness.paths import CONNECTOR_JAR, LIBRARY

ROWS = 60_000


@case(RECOMMENDED, LAST_1, NEWEST)
def application_mode(env: Env) -> None:
    """A cluster for one program (`standalone-job.sh`), which has the sink in its own jar in usrlib/."""
    for table, columns in (("r", COLUMNS), ("k", KEYED)):
        env.create(table, columns, "PRIMARY KEY (id)" if table == "k" else "DUPLICATE KEY (id)")
    fat = jobs_jar(env.folder / "application.jar", include=[CONNECTOR_JAR])
    arguments = env.argument_file(env.row_arguments("pair", env.options("r"), latest="k", rows=ROWS, keys=1_000))
    with FlinkCluster(flink_home(env.cluster.version), env.folder / "application", slots=2,
                      application=(fat, env.program, [arguments])) as cluster:
        cluster.wait_for_application()
    equal("rows", summary(env, "r"), expected(range(ROWS)))
    last = [n for n in range(ROWS - 1_000, ROWS) if n % 100 != 99]
    equal("keys", summary(env, "k"), expected(last, lambda n: n % 1_000))


@case()
def library_elsewhere(env: Env) -> None:
    """A jar without the native library: a clear error; then by the option, and by laying it beside the jar."""
    lean = repacked(CONNECTOR_JAR, env.folder / "lean.jar",
                    lambda name, content: None if name.startswith("native/") else content)
    env.create("r", COLUMNS)
    with FlinkCluster(flink_home(env.cluster.version), env.folder / "lean", lib=[lean], slots=1) as cluster:
        try:
            load(env, cluster, 0)
        except ClientFailed as error:
            contains(error.output, "can't be loaded", "beside the jar", "in the jar", "java.library.path")
        else:
            raise AssertionError("a library was found")
        load(env, cluster, ROWS, **{"sink.native.library-path": LIBRARY})
        cluster.stop()
        (cluster.home / "lib" / LIBRARY.name).write_bytes(LIBRARY.read_bytes())
        cluster.start()
        load(env, cluster, 2 * ROWS)


def load(env: Env, cluster: FlinkCluster, upto: int, **options) -> None:
    """Loads some rows on another cluster; there are so many then."""
    there = Env(cluster, env.sandbox, cluster.upload(env.jobs_jar), env.jobs_jar, env.folder, env.database)
    cluster.finish(there.rows("slots", there.options("r", options), rows=ROWS))
    equal("rows", env.value(f"SELECT COUNT(*) FROM {env.database}.r"), upto)

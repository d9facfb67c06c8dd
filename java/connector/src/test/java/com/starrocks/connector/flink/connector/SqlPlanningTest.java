package com.starrocks.connector.flink.connector;

import static com.starrocks.connector.flink.connector.Samples.PASSWORD;
import static com.starrocks.connector.flink.connector.Samples.server;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import com.starrocks.connector.flink.core.RecordingNative;

import org.apache.flink.metrics.groups.UnregisteredMetricsGroup;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.StatementSet;
import org.apache.flink.table.api.TableEnvironment;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.connector.sink.DynamicTableSink;
import org.apache.flink.table.types.logical.IntType;
import org.junit.Test;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Statements, planned by the real planner. */
public class SqlPlanningTest {

    private final TableEnvironment flink =
            TableEnvironment.create(EnvironmentSettings.newInstance().inStreamingMode().build());

    private void create(String connector, String columns, String... options) {
        create(flink, connector, columns, options);
    }

    private static void create(
            TableEnvironment flink, String connector, String columns, String... options) {
        Map<String, String> all = Samples.options(options);
        all.put("connector", connector);
        List<String> with = new ArrayList<>();
        all.forEach((key, value) -> with.add("'" + key + "'='" + value + "'"));
        flink.executeSql("CREATE TABLE t (" + columns + ") WITH (" + String.join(",", with) + ")");
    }

    private String explain(String query) {
        return flink.explainSql("INSERT INTO t " + query);
    }

    private static String allOf(Throwable failure) {
        StringWriter text = new StringWriter();
        failure.printStackTrace(new PrintWriter(text));
        return text.toString();
    }

    private static final String UPDATING =
            "SELECT a, CAST(COUNT(*) AS BIGINT) FROM (VALUES (1), (2)) AS s (a) GROUP BY a";

    @Test
    public void insertsArePlannedWithoutSecrets() {
        CannedSinkFactory.server = server("A int", "n bigint");
        create("canned-starrocks", "a INT, n BIGINT", "sink.parallelism", "3");
        flink.getConfig().setLocalTimeZone(ZoneId.of("Asia/Shanghai"));
        String plan = explain("SELECT a, CAST(a AS BIGINT) FROM (VALUES (1)) AS s (a)");
        assertTrue(plan, plan.contains("default_database.t"));
        assertFalse(plan, plan.contains(PASSWORD));
        assertEquals(ZoneId.of("Asia/Shanghai"), CannedSinkFactory.sessionZone);
    }

    @Test
    public void updatesNeedAPrimaryKey() {
        CannedSinkFactory.server = server("a int", "n bigint");
        create("canned-starrocks", "a INT, n BIGINT");
        Exception e = assertThrows(Exception.class, () -> explain(UPDATING));
        assertTrue(e.getMessage(), e.getMessage().contains("doesn't support consuming update"));
    }

    @Test
    public void ignoredDeletesLetUpdatesThrough() {
        CannedSinkFactory.server = server("a int", "n bigint");
        create("canned-starrocks", "a INT, n BIGINT", "sink.ignore-delete", "true");
        assertTrue(explain(UPDATING).contains("default_database.t"));
    }

    @Test
    public void updatesGoIntoAPrimaryKeyTable() {
        CannedSinkFactory.server = server("a int int(11) PRI", "n bigint");
        create("canned-starrocks", "a INT NOT NULL, n BIGINT, PRIMARY KEY (a) NOT ENFORCED");
        assertTrue(explain(UPDATING).contains("default_database.t"));
    }

    @Test
    public void aTableThatDoesntFitIsOneError() {
        CannedSinkFactory.server = server("a int int(11) PRI", "m bigint");
        create("canned-starrocks", "a INT, n BIGINT");
        ValidationException e =
                assertThrows(
                        ValidationException.class,
                        () -> explain("SELECT a, CAST(a AS BIGINT) FROM (VALUES (1)) AS s (a)"));
        assertEquals(
                "The Flink table doesn't fit the StarRocks table db.t:\n"
                        + "  - column 'n' doesn't exist in StarRocks\n"
                        + "  - the StarRocks table has PRIMARY KEY (a), the Flink table none;"
                        + " declare PRIMARY KEY (a) NOT ENFORCED",
                e.getMessage());
    }

    @Test
    public void wrongOptionsAreOneErrorWithoutThePassword() {
        create("starrocks", "a INT", "sink.max-retries", "11", "load-url", null);
        Exception e = assertThrows(Exception.class, () -> explain("VALUES (1)"));
        String all = allOf(e);
        assertTrue(all, all.contains("'sink.max-retries' = '11': must be a whole number"));
        assertTrue(all, all.contains("'load-url' is missing"));
        assertFalse(all, all.contains(PASSWORD));
    }

    @Test
    public void columnsThatAreOnlyComputedDoNotShiftTheKey() {
        CannedSinkFactory.server = server("a int int(11) PRI", "n bigint");
        create(
                "canned-starrocks",
                "twice AS a * 2, a INT NOT NULL, n BIGINT, PRIMARY KEY (a) NOT ENFORCED");
        assertTrue(explain(UPDATING).contains("default_database.t"));
    }

    @Test
    public void tablesMadeLikeOthersAndListsOfColumnsArePlanned() {
        CannedSinkFactory.server = server("a int", "n bigint");
        create("canned-starrocks", "a INT, n BIGINT");
        flink.executeSql("CREATE TABLE u WITH ('table-name' = 'u') LIKE t");
        String plan = flink.explainSql("INSERT INTO u (n, a) VALUES (1, 2)");
        assertTrue(plan, plan.contains("default_database.u"));
        StatementSet statements = flink.createStatementSet();
        statements.addInsertSql("INSERT INTO t VALUES (1, 2)");
        statements.addInsertSql("INSERT INTO u SELECT * FROM (VALUES (1, 2)) AS s (a, n)");
        plan = statements.explain();
        assertTrue(plan, plan.contains("default_database.t"));
        assertTrue(plan, plan.contains("default_database.u"));
    }

    /** Positions in the list count columns that are only computed; rows don't hold these. */
    @Test
    public void columnsThatAreNotListedAreLeftAloneByPartialUpdate() throws Exception {
        CannedSinkFactory.server = server("a int int(11) PRI", "n bigint", "m bigint");
        String columns =
                "twice AS a * 2, m BIGINT, a INT NOT NULL, n BIGINT, PRIMARY KEY (a) NOT ENFORCED";
        create("canned-starrocks", columns, "sink.properties.partial_update", "true");
        flink.explainSql("INSERT INTO t (n, a) VALUES (1, 2)");
        assertLoaded(flinkTellsTargetColumns() ? "an" : "man");
        flink.explainSql("INSERT INTO t (n, a, m) VALUES (1, 2, 3)");
        assertLoaded("man");
        flink.explainSql("INSERT INTO t VALUES (1, 2, 3)");
        assertLoaded("man");
        flink.executeSql(
                "CREATE TABLE u WITH ('sink.properties.partial_update' = 'false')"
                        + " LIKE t (OVERWRITING OPTIONS)");
        flink.explainSql("INSERT INTO u (n, a) VALUES (1, 2)");
        assertLoaded("man");
    }

    private static boolean flinkTellsTargetColumns() {
        for (Method method : DynamicTableSink.Context.class.getMethods()) {
            if (method.getName().equals("getTargetColumns")) {
                return true;
            }
        }
        return false;
    }

    /** The names of the columns, each of one letter, that the plan made last loads. */
    private static void assertLoaded(String names) throws Exception {
        RecordingNative library = new RecordingNative();
        PlayedWriters.open(
                        CannedSinkFactory.planned,
                        new WriterContext(new UnregisteredMetricsGroup(), "", 0, 0),
                        library)
                .close();
        assertEquals(names, library.columns.get(0).replaceAll("[a-z]{2,}|[^a-z]", ""));
    }

    @Test
    public void aListWithoutTheKeyIsRefusedByPartialUpdate() {
        OptionValues options = Samples.values("sink.properties.partial_update", "true");
        FlinkTable table =
                Samples.flink("a,b", "a", new IntType(), "b", new IntType(), "c", new IntType());
        DynamicTableSink.Context context =
                (DynamicTableSink.Context)
                        Proxy.newProxyInstance(
                                getClass().getClassLoader(),
                                new Class<?>[] {DynamicTableSink.Context.class},
                                (proxy, method, arguments) -> Optional.of(new int[][] {{2}, {0}}));
        if (!flinkTellsTargetColumns()) {
            assertNull(TargetColumns.positions(context, options, table.names(), table));
            return;
        }
        ValidationException e =
                assertThrows(
                        ValidationException.class,
                        () -> TargetColumns.positions(context, options, table.names(), table));
        assertEquals(
                "The INSERT into db.t lists the columns (a, c) without (b) of PRIMARY KEY (a, b)."
                        + " With 'sink.properties.partial_update' = 'true' the key says which row's"
                        + " columns are updated: list all of it.",
                e.getMessage());
    }

    @Test
    public void partitionsAreRefused() {
        create("starrocks", "a INT, n BIGINT");
        flink.executeSql(
                "CREATE TABLE p PARTITIONED BY (a, n) WITH ('sink.parallelism' = '1') LIKE t");
        for (String insert :
                new String[] {
                    "INSERT INTO p VALUES (1, 2)", "INSERT INTO p PARTITION (n = 2) SELECT 1"
                }) {
            Exception e = assertThrows(Exception.class, () -> flink.explainSql(insert));
            String all = allOf(e);
            assertTrue(all, all.contains("PARTITIONED BY (a, n) isn't supported by the connector"));
            assertTrue(all, all.contains("Flink table default_catalog.default_database.p,"));
            assertFalse(all, all.contains(PASSWORD));
        }
    }

    @Test
    public void overwritingIsRefused() {
        CannedSinkFactory.server = server("a int");
        TableEnvironment batch =
                TableEnvironment.create(EnvironmentSettings.newInstance().inBatchMode().build());
        for (TableEnvironment each : new TableEnvironment[] {flink, batch}) {
            create(each, "canned-starrocks", "a INT");
            Exception e =
                    assertThrows(
                            Exception.class,
                            () -> each.explainSql("INSERT OVERWRITE t VALUES (1)"));
            String all = allOf(e);
            assertTrue(all, all.contains("INSERT OVERWRITE isn't supported by the connector"));
            assertTrue(all, all.contains("db.t"));
            assertFalse(all, all.contains(PASSWORD));
        }
    }

    @Test
    public void whatFailsInTheFactoryShowsNoPassword() {
        CannedSinkFactory.failure = new IllegalStateException("a fault of the factory");
        try {
            create("canned-starrocks", "a INT");
            String all = allOf(assertThrows(Exception.class, () -> explain("VALUES (1)")));
            assertTrue(all, all.contains("a fault of the factory"));
            assertFalse(all, all.contains(PASSWORD));
        } finally {
            CannedSinkFactory.failure = null;
        }
    }

    @Test
    public void theProviderHasTheParallelism() throws Exception {
        Object provider =
                FlinkAdapter.find()
                        .provider(
                                SinkPlan.sql(
                                        Samples.values(),
                                        Samples.flink("", "a", new IntType()),
                                        ZoneId.of("UTC"),
                                        options -> server("a int")),
                                5);
        Object parallelism =
                Class.forName("org.apache.flink.table.connector.ParallelismProvider")
                        .getMethod("getParallelism")
                        .invoke(provider);
        assertEquals(Optional.of(5), parallelism);
    }
}

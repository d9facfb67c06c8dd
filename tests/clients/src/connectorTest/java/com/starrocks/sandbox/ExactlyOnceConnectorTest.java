package com.starrocks.sandbox;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;

import org.apache.flink.api.common.functions.RichMapFunction;
import org.apache.flink.api.common.state.CheckpointListener;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.core.execution.SavepointFormatType;
import org.apache.flink.streaming.api.CheckpointingMode;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.api.Schema;
import org.apache.flink.table.api.StatementSet;
import org.apache.flink.table.api.TableResult;
import org.apache.flink.table.api.bridge.java.StreamTableEnvironment;
import org.junit.AfterClass;
import org.junit.Before;
import org.junit.BeforeClass;
import org.junit.Rule;
import org.junit.Test;
import org.junit.rules.TemporaryFolder;
import org.junit.runner.RunWith;
import org.junit.runners.Parameterized;
import org.junit.runners.Parameterized.Parameters;

import java.io.IOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The published Java connector's exactly-once mode, two-phase, on a local Flink whose jobs fail, or
 * are stopped with a savepoint and resumed.
 */
@RunWith(Parameterized.class)
public class ExactlyOnceConnectorTest {

    private static final int ROWS = 20_000;
    private static final int KEYS = 100;

    private static Sandbox sandbox;

    @Rule public final TemporaryFolder folder = new TemporaryFolder();

    private final String prefix;

    public ExactlyOnceConnectorTest(String prefix) {
        this.prefix = prefix;
    }

    @Parameters(name = "label prefix {0}")
    public static Iterable<Object[]> parameters() {
        return Arrays.asList(new Object[][] {{"job"}, {null}});
    }

    @BeforeClass
    public static void start() throws IOException {
        sandbox = new Sandbox();
    }

    @AfterClass
    public static void stop() throws IOException {
        sandbox.close();
    }

    @Before
    public void createTables() throws SQLException {
        query("DROP DATABASE IF EXISTS d");
        query("CREATE DATABASE d");
        query("CREATE TABLE d.facts (id BIGINT NOT NULL, name VARCHAR(100)) DUPLICATE KEY(id)");
        query("CREATE TABLE d.totals (k BIGINT NOT NULL, n BIGINT, total BIGINT) PRIMARY KEY(k)");
    }

    private static String query(String sql) throws SQLException {
        StringBuilder out = new StringBuilder();
        String url = sandbox.jdbcUrl() + "?useSSL=false";
        try (Connection connection = DriverManager.getConnection(url, "root", Sandbox.PASSWORD);
                Statement statement = connection.createStatement()) {
            if (statement.execute(sql)) {
                ResultSet rows = statement.getResultSet();
                while (rows.next()) {
                    for (int i = 1; i <= rows.getMetaData().getColumnCount(); i++) {
                        out.append(i > 1 ? "|" : "").append(rows.getString(i));
                    }
                    out.append('\n');
                }
            }
        }
        return out.toString();
    }

    /** How often an operation was carried out. */
    private static int count(String operation) throws IOException {
        Matcher matcher =
                Pattern.compile("\"" + operation + "\": \\{\\s*\"requests\": (\\d+)")
                        .matcher(sandbox.control("/stats"));
        return matcher.find() ? Integer.parseInt(matcher.group(1)) : 0;
    }

    private String with(String table) {
        return " WITH ('connector' = 'starrocks', 'jdbc-url' = '"
                + sandbox.jdbcUrl()
                + "', 'load-url' = '"
                + sandbox.loadUrl()
                + "', 'database-name' = 'd', 'table-name' = '"
                + table
                + "', 'username' = 'root', 'password' = '"
                + Sandbox.PASSWORD
                + "', 'sink.version' = 'V2', 'sink.semantic' = 'exactly-once'"
                + (prefix == null ? "" : ", 'sink.label-prefix' = '" + prefix + "-" + table + "'")
                + ")";
    }

    /** Lets the rows through slowly, so that there are checkpoints between them. */
    private static final class Slowly extends RichMapFunction<Long, Long>
            implements CheckpointListener {

        private static final long serialVersionUID = 1;

        /** How often it fails yet; beyond the instances, which die of it. */
        private static final AtomicInteger FAILURES = new AtomicInteger();

        /** Checkpoints completed since the last failure. */
        private static final AtomicInteger COMPLETED = new AtomicInteger();

        static void reset(int failures) {
            FAILURES.set(failures);
            COMPLETED.set(0);
        }

        @Override
        public Long map(Long id) throws Exception {
            if (id % 100 == 0) {
                Thread.sleep(40);
            }
            // In the middle of a checkpoint's rows, after others that are safe.
            if (id % 1000 == 500 && COMPLETED.get() >= 2 && FAILURES.getAndDecrement() > 0) {
                COMPLETED.set(0);
                throw new IllegalStateException("as the test wants it");
            }
            return id;
        }

        @Override
        public void notifyCheckpointComplete(long checkpoint) {
            COMPLETED.incrementAndGet();
        }
    }

    private JobClient run(String savepoint) {
        Configuration configuration = new Configuration();
        configuration.setString("restart-strategy.type", "fixed-delay");
        configuration.setString("restart-strategy.fixed-delay.attempts", "5");
        configuration.setString("restart-strategy.fixed-delay.delay", "10 ms");
        if (savepoint != null) {
            configuration.setString("execution.savepoint.path", savepoint);
        }
        StreamExecutionEnvironment environment =
                StreamExecutionEnvironment.createLocalEnvironment(2, configuration);
        environment.enableCheckpointing(300, CheckpointingMode.EXACTLY_ONCE);
        StreamTableEnvironment tables = StreamTableEnvironment.create(environment);
        DataStream<Long> numbers = environment.fromSequence(1, ROWS).map(new Slowly());
        tables.createTemporaryView(
                "numbers",
                tables.fromDataStream(
                                numbers,
                                Schema.newBuilder().column("f0", "BIGINT NOT NULL").build())
                        .as("id"));
        tables.executeSql("CREATE TEMPORARY TABLE facts (id BIGINT, name STRING)" + with("facts"));
        tables.executeSql(
                "CREATE TEMPORARY TABLE totals (k BIGINT, n BIGINT, total BIGINT, PRIMARY KEY (k)"
                        + " NOT ENFORCED)"
                        + with("totals"));
        StatementSet statements = tables.createStatementSet();
        statements.addInsertSql(
                "INSERT INTO facts SELECT id, CONCAT('näme-', CAST(id AS STRING)) FROM numbers");
        statements.addInsertSql(
                "INSERT INTO totals SELECT MOD(id, "
                        + KEYS
                        + "), COUNT(*), SUM(id) FROM numbers GROUP BY MOD(id, "
                        + KEYS
                        + ")");
        TableResult result = statements.execute();
        return result.getJobClient().orElseThrow(IllegalStateException::new);
    }

    private static void expectAll() throws SQLException {
        String sum = String.valueOf((long) ROWS * (ROWS + 1) / 2);
        assertEquals(
                ROWS + "|" + ROWS + "|" + sum + "|" + ROWS + "\n",
                query(
                        "SELECT count(*), count(DISTINCT id), sum(id), count(DISTINCT name) FROM"
                                + " d.facts"));
        assertEquals(
                KEYS + "|" + ROWS + "|" + sum + "\n",
                query("SELECT count(*), sum(n), sum(total) FROM d.totals"));
        assertEquals("näme-7\n", query("SELECT name FROM d.facts WHERE id = 7"));
        assertEquals(
                ROWS + "\n",
                query(
                        "SELECT sum(`rows`) FROM sandbox.ledger WHERE state = 'VISIBLE' AND txn_id"
                                + " IN (SELECT _txn_id FROM d.`facts$ledger`)"));
    }

    /** With a prefix the connector finds again what a failure left open. */
    private void expectNothingOpen() throws IOException {
        if (prefix != null) {
            assertEquals("[]", sandbox.control("/transactions"));
        }
    }

    @Test(timeout = 120_000)
    public void survivesFailures() throws Exception {
        int loads = count("stream_load");
        int prepares = count("prepare");
        Slowly.reset(2);
        run(null).getJobExecutionResult().get(100, TimeUnit.SECONDS);
        assertTrue("failures left: " + Slowly.FAILURES, Slowly.FAILURES.get() <= 0);
        expectAll();
        expectNothingOpen();
        assertTrue("no checkpoint between the rows", count("prepare") >= prepares + 6);
        assertEquals("loads without a transaction", loads, count("stream_load"));
    }

    @Test(timeout = 120_000)
    public void goesOnFromASavepoint() throws Exception {
        Slowly.reset(0);
        JobClient first = run(null);
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (query("SELECT count(*) FROM d.facts").equals("0\n")) {
            assertTrue("nothing was committed", System.nanoTime() < deadline);
            Thread.sleep(20);
        }
        String savepoint =
                first.stopWithSavepoint(
                                false,
                                folder.newFolder().toURI().toString(),
                                SavepointFormatType.CANONICAL)
                        .get(60, TimeUnit.SECONDS);
        int loaded = Integer.parseInt(query("SELECT count(*) FROM d.facts").trim());
        assertTrue("stopped after the end", loaded > 0 && loaded < ROWS);
        run(savepoint).getJobExecutionResult().get(100, TimeUnit.SECONDS);
        expectAll();
        expectNothingOpen();
    }
}

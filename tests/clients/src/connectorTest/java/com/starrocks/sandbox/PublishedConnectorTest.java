package com.starrocks.sandbox;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;

import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.api.bridge.java.StreamTableEnvironment;
import org.junit.AfterClass;
import org.junit.Before;
import org.junit.BeforeClass;
import org.junit.Test;
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
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** The published Java connector on a local Flink, with the MySQL driver that it carries. */
@RunWith(Parameterized.class)
public class PublishedConnectorTest {

    private static final int ROWS = 20_000;

    private static Sandbox sandbox;

    private final String version;
    private final String format;
    private final boolean transactions;

    public PublishedConnectorTest(String version, String format, boolean transactions) {
        this.version = version;
        this.format = format;
        this.transactions = transactions;
    }

    @Parameters(name = "{0} {1}, transactions: {2}")
    public static Iterable<Object[]> parameters() {
        return Arrays.asList(
                new Object[][] {
                    {"V1", "csv", false},
                    {"V1", "json", false},
                    {"V2", "csv", false},
                    {"V2", "json", false},
                    {"V2", "csv", true},
                    {"V2", "json", true},
                });
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
        execute("DROP DATABASE IF EXISTS d");
        execute("CREATE DATABASE d");
        execute(
                "CREATE TABLE d.facts (id BIGINT NOT NULL, name VARCHAR(100), price DECIMAL(20,4),"
                    + " ok BOOLEAN, day DATE, at DATETIME, ratio DOUBLE) ENGINE=OLAP DUPLICATE"
                    + " KEY(id) DISTRIBUTED BY HASH(id) PROPERTIES(\"replication_num\" = \"1\")");
        execute(
                "CREATE TABLE d.totals (k BIGINT NOT NULL, n BIGINT, total BIGINT) ENGINE=OLAP"
                        + " PRIMARY KEY(k) DISTRIBUTED BY HASH(k)");
    }

    private static Connection connect() throws SQLException {
        String url = sandbox.jdbcUrl() + "?useSSL=false";
        return DriverManager.getConnection(url, "root", Sandbox.PASSWORD);
    }

    private static void execute(String sql) throws SQLException {
        try (Connection connection = connect();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static String query(String sql) throws SQLException {
        StringBuilder out = new StringBuilder();
        try (Connection connection = connect();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            while (rows.next()) {
                for (int i = 1; i <= rows.getMetaData().getColumnCount(); i++) {
                    out.append(i > 1 ? "|" : "").append(rows.getString(i));
                }
                out.append('\n');
            }
        }
        return out.toString();
    }

    private StreamTableEnvironment environment() {
        StreamExecutionEnvironment environment =
                StreamExecutionEnvironment.createLocalEnvironment(2);
        environment.enableCheckpointing(500);
        return StreamTableEnvironment.create(environment);
    }

    private String with(String table) {
        Map<String, String> options = new LinkedHashMap<>();
        options.put("connector", "starrocks");
        options.put("jdbc-url", sandbox.jdbcUrl());
        options.put("load-url", sandbox.loadUrl());
        options.put("database-name", "d");
        options.put("table-name", table);
        options.put("username", "root");
        options.put("password", Sandbox.PASSWORD);
        options.put("sink.version", version);
        options.put("sink.at-least-once.use-transaction-stream-load", String.valueOf(transactions));
        options.put("sink.buffer-flush.interval-ms", "1000");
        // The filter below turns some updates into their first half alone, which then means a
        // delete.
        options.put("sink.ignore.update-before", "false");
        if (format.equals("json")) {
            options.put("sink.properties.format", "json");
            options.put("sink.properties.strip_outer_array", "true");
        } else {
            options.put("sink.properties.column_separator", "\\x01");
            options.put("sink.properties.row_delimiter", "\\x02");
        }
        StringBuilder out = new StringBuilder();
        options.forEach(
                (key, value) ->
                        out.append(out.length() > 0 ? ", " : " WITH (")
                                .append("'" + key + "' = '" + value + "'"));
        return out.append(")").toString();
    }

    private static void source(StreamTableEnvironment tables) {
        tables.executeSql(
                "CREATE TEMPORARY TABLE source (id BIGINT) WITH ('connector' = 'datagen',"
                    + " 'fields.id.kind' = 'sequence', 'fields.id.start' = '1', 'fields.id.end' = '"
                        + ROWS
                        + "')");
    }

    @Test(timeout = 120_000)
    public void appends() throws Exception {
        StreamTableEnvironment tables = environment();
        source(tables);
        tables.executeSql(
                "CREATE TEMPORARY TABLE sink (id BIGINT, name STRING, price DECIMAL(20,4), ok"
                        + " BOOLEAN, `day` DATE, `at` TIMESTAMP(6), ratio DOUBLE)"
                        + with("facts"));
        tables.executeSql(
                        "INSERT INTO sink SELECT id, CASE WHEN MOD(id, 10) = 0 THEN CAST(NULL AS"
                            + " STRING) ELSE CONCAT('näme-', CAST(id AS STRING)) END, CAST(id AS"
                            + " DECIMAL(20,4)) / 8, MOD(id, 4) = 1, DATE '2024-02-29', TIMESTAMP"
                            + " '2024-02-29 10:11:12.000013', CAST(id AS DOUBLE) / 4 FROM source")
                .await(100, TimeUnit.SECONDS);
        assertEquals(
                "20000|20000|200010000|25001250.0000|5000|18000|50002500\n",
                query(
                        "SELECT count(*), count(DISTINCT id), sum(id), sum(price), sum(ok),"
                                + " count(name), sum(ratio) FROM d.facts"));
        assertEquals(
                "7|näme-7|0.8750|0|2024-02-29|2024-02-29 10:11:12.000013|1.75\n",
                query(
                        "SELECT id, name, price, ok, cast(day AS STRING), cast(at AS STRING), ratio"
                                + " FROM d.facts WHERE id = 7"));
        assertEquals(
                "20000\n",
                query(
                        "SELECT sum(`rows`) FROM sandbox.ledger WHERE state = 'VISIBLE'"
                                + " AND txn_id IN (SELECT _txn_id FROM d.`facts$ledger`)"));
    }

    @Test(timeout = 120_000)
    public void upsertsAndDeletes() throws Exception {
        StreamTableEnvironment tables = environment();
        source(tables);
        tables.executeSql(
                "CREATE TEMPORARY TABLE sink (k BIGINT, n BIGINT, total BIGINT, PRIMARY KEY (k) NOT"
                        + " ENFORCED)"
                        + with("totals"));
        tables.executeSql(
                        "INSERT INTO sink SELECT MOD(id, 100), COUNT(*), SUM(id) FROM source GROUP"
                                + " BY MOD(id, 100) HAVING SUM(id) < 2000000")
                .await(100, TimeUnit.SECONDS);
        // Each key has 200 rows; those whose sum outgrew the limit were deleted again.
        int kept = 0;
        long total = 0;
        for (int k = 0; k < 100; k++) {
            long sum = 0;
            for (int id = k == 0 ? 100 : k; id <= ROWS; id += 100) {
                sum += id;
            }
            if (sum < 2_000_000) {
                kept++;
                total += sum;
            }
        }
        assertTrue(kept > 0 && kept < 100);
        assertEquals(
                kept + "|" + total + "|200\n",
                query("SELECT count(*), sum(total), max(n) FROM d.totals"));
    }
}

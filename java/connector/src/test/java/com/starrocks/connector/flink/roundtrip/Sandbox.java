package com.starrocks.connector.flink.roundtrip;

import org.junit.AssumptionViolatedException;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The StarRocks look-alike of {@code tests/sandbox}, one process for all tests of this JVM, with
 * which it ends. The system property {@value #BINARY} names its binary.
 */
final class Sandbox {

    static final String DATABASE = "roundtrip";

    private static final String BINARY = "starrocks.test.sandbox";

    private static Sandbox running;

    private final int fePort;
    private final int mysqlPort;
    private final Connection connection;
    private final AtomicInteger tables = new AtomicInteger();

    private Sandbox(String ports) throws SQLException {
        fePort = port(ports, "fe");
        mysqlPort = port(ports, "mysql");
        // As it came over the wire: no conversion by the driver is part of the comparison.
        connection =
                DriverManager.getConnection(
                        "jdbc:mysql://127.0.0.1:" + mysqlPort + "/?useSSL=false", "root", "");
        execute("CREATE DATABASE " + DATABASE);
    }

    /** The running sandbox, started if need be; skips the test if no binary was given. */
    static synchronized Sandbox get() throws IOException, SQLException {
        String binary = System.getProperty(BINARY);
        if (binary == null) {
            throw new AssumptionViolatedException(
                    "the system property "
                            + BINARY
                            + ", the path of the starrocks-sandbox binary, is not set; with"
                            + " Gradle: -Psandbox=FILE");
        }
        if (running == null) {
            // Its standard input ends with this JVM, and it with that.
            Process process =
                    new ProcessBuilder(binary, "--exit-with-stdin")
                            .redirectError(ProcessBuilder.Redirect.INHERIT)
                            .start();
            BufferedReader output =
                    new BufferedReader(
                            new InputStreamReader(
                                    process.getInputStream(), StandardCharsets.UTF_8));
            String ports = output.readLine();
            if (ports == null) {
                throw new IOException(binary + " ended without naming its ports");
            }
            running = new Sandbox(ports);
        }
        return running;
    }

    private static int port(String ports, String name) {
        Matcher matcher = Pattern.compile("\"" + name + "\":(\\d+)").matcher(ports);
        if (!matcher.find()) {
            throw new IllegalStateException("no port '" + name + "' in " + ports);
        }
        return Integer.parseInt(matcher.group(1));
    }

    void execute(String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    /** Creates a table and gives its name. */
    String create(String columns, String model) throws SQLException {
        String table = "t" + tables.incrementAndGet();
        execute("CREATE TABLE " + DATABASE + "." + table + " (" + columns + ") " + model);
        return table;
    }

    /** The rows of a result, each value as the bytes that the server sent, or null. */
    List<byte[][]> select(String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery(sql)) {
            List<byte[][]> rows = new ArrayList<>();
            int width = result.getMetaData().getColumnCount();
            while (result.next()) {
                byte[][] row = new byte[width][];
                for (int i = 0; i < width; i++) {
                    row[i] = result.getBytes(i + 1);
                }
                rows.add(row);
            }
            return rows;
        }
    }

    /** The rows of a result as text. */
    List<List<String>> selectText(String sql) throws SQLException {
        List<List<String>> rows = new ArrayList<>();
        for (byte[][] row : select(sql)) {
            String[] texts = new String[row.length];
            for (int i = 0; i < row.length; i++) {
                texts[i] = row[i] == null ? null : new String(row[i], StandardCharsets.UTF_8);
            }
            rows.add(Arrays.asList(texts));
        }
        return rows;
    }

    /** All columns of a table's rows, by the integer column {@code id}. */
    List<byte[][]> rows(String table) throws SQLException {
        return select("SELECT * FROM " + DATABASE + "." + table + " ORDER BY id");
    }

    /** Options for a table, or for {@code *}, with more on top. */
    Map<String, String> options(String table, String... more) {
        Map<String, String> options = new HashMap<>();
        options.put("jdbc-url", "jdbc:mysql://127.0.0.1:" + mysqlPort);
        options.put("load-url", "127.0.0.1:" + fePort);
        options.put("database-name", table.equals("*") ? "*" : DATABASE);
        options.put("table-name", table);
        options.put("username", "root");
        options.put("password", "");
        options.put("sink.max-retries", "0");
        for (int i = 0; i < more.length; i += 2) {
            options.put(more[i], more[i + 1]);
        }
        return options;
    }
}

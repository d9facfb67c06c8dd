package com.starrocks.sandbox;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import org.junit.AfterClass;
import org.junit.BeforeClass;
import org.junit.Test;

import java.io.IOException;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.Date;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.time.LocalDateTime;

/**
 * MySQL Connector/J 8: its setup of a connection, typed results, both kinds of prepared statements.
 */
public class ConnectorJTest {

    private static Sandbox sandbox;

    @BeforeClass
    public static void start() throws Exception {
        sandbox = new Sandbox();
        try (Connection connection = connect("", "")) {
            Statement statement = connection.createStatement();
            statement.execute("CREATE DATABASE d");
            statement.execute(
                    "CREATE TABLE d.t (id BIGINT, ok BOOLEAN, price DECIMAL(20,4), name"
                        + " VARCHAR(20), day DATE, at DATETIME, ratio DOUBLE, bytes VARBINARY, big"
                        + " LARGEINT) PRIMARY KEY(id)");
        }
    }

    @AfterClass
    public static void stop() throws IOException {
        sandbox.close();
    }

    private static Connection connect(String database, String options) throws SQLException {
        String url = sandbox.jdbcUrl() + "/" + database + "?sslMode=DISABLED" + options;
        return DriverManager.getConnection(url, "root", Sandbox.PASSWORD);
    }

    @Test
    public void typedResults() throws SQLException {
        try (Connection connection = connect("d", "");
                Statement statement = connection.createStatement()) {
            statement.executeUpdate(
                    "INSERT INTO t VALUES (1, true, 12.5, 'Grüße', '2024-02-29', '2024-02-29"
                            + " 10:11:12.000013', 0.1, 'AQI=',"
                            + " '170141183460469231731687303715884105727')");
            ResultSet row = statement.executeQuery("SELECT * FROM t WHERE id = 1");
            assertTrue(row.next());
            assertEquals(Types.BIGINT, row.getMetaData().getColumnType(1));
            assertEquals(1L, row.getObject("id"));
            assertTrue(row.getBoolean("ok"));
            assertEquals(new BigDecimal("12.5000"), row.getObject("price"));
            assertEquals("Grüße", row.getString("name"));
            assertEquals(Date.valueOf("2024-02-29"), row.getObject("day"));
            assertEquals(
                    LocalDateTime.parse("2024-02-29T10:11:12.000013"),
                    row.getObject("at", LocalDateTime.class));
            assertEquals(0.1, row.getDouble("ratio"), 0);
            assertEquals(2, row.getBytes("bytes").length);
            assertEquals("170141183460469231731687303715884105727", row.getString("big"));
            assertFalse(row.next());
        }
    }

    @Test
    public void preparedByTheClientAndByTheServer() throws SQLException {
        int id = 100;
        for (String option : new String[] {"", "&useServerPrepStmts=true"}) {
            try (Connection connection = connect("d", option)) {
                PreparedStatement insert =
                        connection.prepareStatement(
                                "INSERT INTO t (id, name, price, day) VALUES (?, ?, ?, ?)");
                insert.setLong(1, ++id);
                insert.setString(2, "it's \\ \"q\"");
                insert.setBigDecimal(3, new BigDecimal("-1.25"));
                insert.setDate(4, Date.valueOf("9999-12-31"));
                assertEquals(1, insert.executeUpdate());
                PreparedStatement select =
                        connection.prepareStatement(
                                "SELECT name, price, day, ok FROM t WHERE id = ?");
                select.setLong(1, id);
                ResultSet row = select.executeQuery();
                assertTrue(option, row.next());
                assertEquals("it's \\ \"q\"", row.getString(1));
                assertEquals(new BigDecimal("-1.2500"), row.getBigDecimal(2));
                assertEquals("9999-12-31", row.getString(3));
                assertNull(row.getObject(4));
            }
        }
    }

    @Test
    public void metadata() throws SQLException {
        try (Connection connection = connect("d", "&useInformationSchema=false")) {
            assertTrue(connection.isValid(5));
            DatabaseMetaData metadata = connection.getMetaData();
            assertEquals("8.0.33", metadata.getDatabaseProductVersion());
            ResultSet catalogs = metadata.getCatalogs();
            boolean found = false;
            while (catalogs.next()) {
                found |= "d".equals(catalogs.getString("TABLE_CAT"));
            }
            assertTrue(found);
        }
    }

    @Test
    public void manyRowsAtOnceAndStreamed() throws SQLException {
        try (Connection connection = connect("d", "");
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE many (id INT, text STRING)");
            StringBuilder values = new StringBuilder("INSERT INTO many VALUES (0, 'x')");
            for (int i = 1; i < 5000; i++) {
                values.append(", (")
                        .append(i)
                        .append(", '")
                        .append("x".repeat(i % 300))
                        .append("')");
            }
            assertEquals(5000, statement.executeUpdate(values.toString()));
            statement.setFetchSize(Integer.MIN_VALUE);
            long sum = 0;
            ResultSet rows = statement.executeQuery("SELECT id, text FROM many ORDER BY id");
            while (rows.next()) {
                sum += rows.getInt(1);
            }
            assertEquals(4999L * 5000 / 2, sum);
            rows.close();
            rows = statement.executeQuery("SELECT sum(id), avg(id), max(length(text)) FROM many");
            assertTrue(rows.next());
            assertEquals(sum, rows.getLong(1));
            assertEquals(2499.5, rows.getDouble(2), 0);
            assertEquals(299, rows.getInt(3));
        }
    }

    @Test
    public void errors() {
        SQLException unknown = assertThrows(SQLException.class, () -> connect("nope", "").close());
        assertEquals(1049, unknown.getErrorCode());
        SQLException denied =
                assertThrows(
                        SQLException.class,
                        () -> DriverManager.getConnection(sandbox.jdbcUrl(), "root", "wrong"));
        assertEquals(1045, denied.getErrorCode());
        SQLException table =
                assertThrows(
                        SQLException.class,
                        () -> {
                            try (Connection connection = connect("d", "")) {
                                connection.createStatement().executeQuery("SELECT * FROM nope");
                            }
                        });
        assertEquals(1146, table.getErrorCode());
    }
}

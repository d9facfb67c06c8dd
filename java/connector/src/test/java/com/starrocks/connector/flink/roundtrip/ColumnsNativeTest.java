package com.starrocks.connector.flink.roundtrip;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import com.starrocks.connector.flink.connector.FlinkTable;
import com.starrocks.connector.flink.connector.SinkPlan;

import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.types.DataType;
import org.junit.Before;
import org.junit.Test;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/**
 * What columns on their own do: too much for them, one alone, fewer or other ones than there are.
 */
public class ColumnsNativeTest {

    private Sandbox sandbox;

    /** The sandbox, if there is one. */
    @Before
    public void start() throws Exception {
        sandbox = Sandbox.get();
    }

    private SinkPlan<Object[]> plan(
            Dialect dialect, String table, List<String> names, DataType... types) {
        FlinkTable schema = Sinks.schema(names, Arrays.asList(types));
        return Sinks.slots(sandbox.options(table, dialect.options()), schema);
    }

    private String refusal(Dialect dialect, String serverType, DataType type, Object value)
            throws Exception {
        String table = sandbox.create("id INT, v " + serverType, "DUPLICATE KEY(id)");
        SinkPlan<Object[]> plan =
                plan(dialect, table, Arrays.asList("id", "v"), DataTypes.INT(), type);
        Exception e =
                assertThrows(
                        serverType + " takes " + value,
                        Exception.class,
                        () -> Sinks.load(plan, new Object[][] {{1, value}}));
        assertEquals(Collections.emptyList(), sandbox.rows(table));
        String message = String.valueOf(e.getMessage());
        assertTrue(message, message.contains(Sandbox.DATABASE + "." + table));
        assertTrue(message, message.matches("(?s).*column '?v\\b.*"));
        return message;
    }

    /** Values that no StarRocks column of the type can hold, in both formats. */
    @Test
    public void whatIsOutOfRangeIsRefused() throws Exception {
        for (Dialect dialect : Arrays.asList(Dialect.JSON, Dialect.CSV_CONTROL)) {
            String year = "year is not in 0001 to 9999";
            Object[][] cases = {
                {"DATE", DataTypes.DATE(), LocalDate.of(0, 12, 31), year},
                {"DATE", DataTypes.DATE(), LocalDate.of(10_000, 1, 1), year},
                {"DATETIME", DataTypes.TIMESTAMP(6), LocalDateTime.MIN, "year"},
                {"DATETIME", DataTypes.TIMESTAMP(6), LocalDateTime.of(10_000, 1, 1, 0, 0), year},
                {
                    "DATETIME",
                    DataTypes.TIMESTAMP_WITH_LOCAL_TIME_ZONE(6),
                    java.time.Instant.MAX,
                    "far away"
                },
                {"BIGINT", DataTypes.BYTES(), new byte[9], "9 bytes"},
                {"BIGINT", DataTypes.BYTES(), new byte[0], "0 bytes"},
                {"TINYINT", DataTypes.BYTES(), new byte[] {-128}, "larger than 127"},
                {"LARGEINT", DataTypes.DECIMAL(38, 0), BigInteger.ONE.shiftLeft(255), "too large"},
                {"STRING", DataTypes.STRING(), new Object(), "java.lang.Object"},
                {"VARBINARY", DataTypes.BYTES(), "text", "VARBINARY"},
                // The 29th of February of 1500 is a day of java.sql.Date's calendar only.
                {"DATE", DataTypes.DATE(), java.sql.Date.valueOf("1500-02-29"), "Julian"},
                {
                    "DATETIME",
                    DataTypes.TIMESTAMP(6),
                    java.sql.Timestamp.valueOf("1500-02-29 12:00:00"),
                    "Julian"
                },
            };
            for (Object[] one : cases) {
                String message = refusal(dialect, (String) one[0], (DataType) one[1], one[2]);
                assertTrue(message, message.contains((String) one[3]));
            }
        }
    }

    /** Bytes that claim to be text and are not. */
    @Test
    public void textThatIsNoUnicodeIsNeverTakenForSome() throws Exception {
        for (Dialect dialect : Arrays.asList(Dialect.JSON, Dialect.CSV_CONTROL)) {
            String table = sandbox.create("id INT, v STRING", "DUPLICATE KEY(id)");
            SinkPlan<RowData> plan =
                    Sinks.sql(
                            sandbox.options(table, dialect.options()),
                            Sinks.schema(
                                    Arrays.asList("id", "v"),
                                    Arrays.asList(DataTypes.INT(), DataTypes.STRING())));
            byte[] bytes = {'a', (byte) 0xC3, (byte) 0x28, (byte) 0xED, (byte) 0xA0, (byte) 0x80};
            Exception e =
                    assertThrows(
                            Exception.class,
                            () ->
                                    Sinks.load(
                                            plan,
                                            GenericRowData.of(1, StringData.fromBytes(bytes))));
            assertTrue(e.getMessage(), e.getMessage().contains(table));
            assertEquals(Collections.emptyList(), sandbox.rows(table));
        }
    }

    /** In a row of one column, an empty text would be a blank line, which the server drops. */
    @Test
    public void aSingleColumnKeepsItsEmptyTexts() throws Exception {
        for (Dialect dialect : Dialect.values()) {
            String table = sandbox.create("id STRING", "DUPLICATE KEY(id)");
            SinkPlan<Object[]> plan =
                    plan(dialect, table, Collections.singletonList("id"), DataTypes.STRING());
            boolean carried =
                    dialect.isJson()
                            || Arrays.asList(dialect.options()).toString().contains("enclose");
            if (!carried) {
                Exception e =
                        assertThrows(
                                Exception.class,
                                () -> Sinks.load(plan, new Object[][] {{"x"}, {""}}));
                assertTrue(e.getMessage(), e.getMessage().contains("one column"));
                assertTrue(e.getMessage(), e.getMessage().contains(table));
                continue;
            }
            Sinks.load(plan, new Object[][] {{"x"}, {""}, {null}, {"y"}});
            assertEquals(
                    dialect.toString(),
                    Arrays.asList(
                            Collections.singletonList((String) null),
                            Collections.singletonList(""),
                            Collections.singletonList("x"),
                            Collections.singletonList("y")),
                    sandbox.selectText(
                            "SELECT id FROM " + Sandbox.DATABASE + "." + table + " ORDER BY id"));
        }
    }

    /** Columns go by name: in another order, fewer, and spelled with another case. */
    @Test
    public void columnsGoByName() throws Exception {
        for (Dialect dialect : Arrays.asList(Dialect.JSON, Dialect.CSV_CONTROL)) {
            String table =
                    sandbox.create(
                            "id INT, `Select` STRING, `\u00e4 b` INT, d INT DEFAULT '7'",
                            "DUPLICATE KEY(id)");
            SinkPlan<Object[]> plan =
                    plan(
                            dialect,
                            table,
                            Arrays.asList("\u00e4 b", "SELECT", "ID"),
                            DataTypes.INT(),
                            DataTypes.STRING(),
                            DataTypes.INT());
            Sinks.load(plan, new Object[][] {{5, "five", 1}, {null, null, 2}});
            assertEquals(
                    dialect.toString(),
                    Arrays.asList(
                            Arrays.asList("1", "five", "5", "7"),
                            Arrays.asList("2", null, null, "7")),
                    sandbox.selectText(
                            "SELECT * FROM " + Sandbox.DATABASE + "." + table + " ORDER BY id"));
        }
    }

    /** {@code partial_update} leaves the other columns of a row as they are. */
    @Test
    public void partialUpdatesLeaveOtherColumnsAlone() throws Exception {
        for (Dialect dialect : Arrays.asList(Dialect.JSON, Dialect.CSV_ENCLOSED)) {
            String table = sandbox.create("id INT, a STRING, b INT", "PRIMARY KEY(id)");
            sandbox.execute(
                    "INSERT INTO "
                            + Sandbox.DATABASE
                            + "."
                            + table
                            + " VALUES (1,'x',10),(2,'y',20)");
            String[] options = Arrays.copyOf(dialect.options(), dialect.options().length + 2);
            options[options.length - 2] = "sink.properties.partial_update";
            options[options.length - 1] = "true";
            FlinkTable schema =
                    Sinks.schema(
                            Arrays.asList("id", "a"),
                            Arrays.asList(DataTypes.INT().notNull(), DataTypes.STRING()),
                            "id");
            Sinks.load(
                    Sinks.slots(sandbox.options(table, options), schema),
                    new Object[][] {{1, "new", 0}, {2, null, 0}});
            assertEquals(
                    Arrays.asList(Arrays.asList("1", "new", "10"), Arrays.asList("2", null, "20")),
                    sandbox.selectText(
                            "SELECT * FROM " + Sandbox.DATABASE + "." + table + " ORDER BY id"));
        }
    }

    /**
     * CSV has no form for maps and structs that all servers read: known when the job is planned.
     */
    @Test
    public void nestedColumnsThatCsvHasNoFormForAreRefused() throws Exception {
        DataType row = DataTypes.ROW(DataTypes.FIELD("a", DataTypes.INT()));
        DataType map = DataTypes.MAP(DataTypes.STRING(), DataTypes.INT());
        Object[][] cases = {
            {"MAP<STRING,INT>", map},
            {"STRUCT<a INT>", row},
            {"ARRAY<STRUCT<a INT>>", DataTypes.ARRAY(row)},
            {"ARRAY<MAP<STRING,INT>>", DataTypes.ARRAY(map)}
        };
        for (Object[] one : cases) {
            String table = sandbox.create("id INT, v " + one[0], "DUPLICATE KEY(id)");
            Exception e =
                    assertThrows(
                            Exception.class,
                            () ->
                                    plan(
                                            Dialect.CSV_ENCLOSED,
                                            table,
                                            Arrays.asList("id", "v"),
                                            DataTypes.INT(),
                                            (DataType) one[1]));
            assertTrue(
                    e.getMessage(),
                    e.getMessage().contains(Sandbox.DATABASE + "." + table)
                            && e.getMessage().contains("column 'v'")
                            && e.getMessage().contains("'sink.properties.format' = 'json'"));
        }
    }

    /** Primitive arrays and single characters, as user code has them. */
    @Test
    public void arraysOfPrimitives() throws Exception {
        for (Dialect dialect : Arrays.asList(Dialect.JSON, Dialect.CSV_ESCAPED)) {
            String table =
                    sandbox.create(
                            "id INT, a ARRAY<BIGINT>, b ARRAY<DOUBLE>, c ARRAY<BOOLEAN>, d STRING",
                            "DUPLICATE KEY(id)");
            SinkPlan<Object[]> plan =
                    plan(
                            dialect,
                            table,
                            Arrays.asList("id", "a", "b", "c", "d"),
                            DataTypes.INT(),
                            DataTypes.ARRAY(DataTypes.BIGINT()),
                            DataTypes.ARRAY(DataTypes.DOUBLE()),
                            DataTypes.ARRAY(DataTypes.BOOLEAN()),
                            DataTypes.STRING());
            Sinks.load(
                    plan,
                    new Object[][] {
                        {
                            (short) 1,
                            new long[] {Long.MIN_VALUE, 0},
                            new double[] {-0.0, 0.5},
                            new boolean[] {true, false},
                            '"'
                        },
                        {(byte) 2, new int[] {-1}, new float[] {0.1f}, new Boolean[] {null}, 'x'},
                        {3L, new short[] {}, new double[] {Double.NaN}, new boolean[0], '\t'}
                    });
            assertEquals(
                    dialect.toString(),
                    Arrays.asList(
                            Arrays.asList(
                                    "1", "[-9223372036854775808,0]", "[-0,0.5]", "[1,0]", "\""),
                            Arrays.asList("2", "[-1]", "[0.1]", "[null]", "x"),
                            Arrays.asList("3", "[]", "[null]", "[]", "\t")),
                    sandbox.selectText(
                            "SELECT * FROM " + Sandbox.DATABASE + "." + table + " ORDER BY id"));
        }
    }

    /** Dates and times as text are the server's to read. */
    @Test
    public void datesAsText() throws Exception {
        for (Dialect dialect : Arrays.asList(Dialect.JSON, Dialect.CSV_CONTROL)) {
            String table = sandbox.create("id INT, d DATE, t DATETIME", "DUPLICATE KEY(id)");
            SinkPlan<Object[]> plan =
                    plan(
                            dialect,
                            table,
                            Arrays.asList("id", "d", "t"),
                            DataTypes.INT(),
                            DataTypes.STRING(),
                            DataTypes.STRING());
            Sinks.load(
                    plan,
                    new Object[][] {
                        {1, "0001-01-01", "0001-01-01 00:00:00.000001"},
                        {2, "9999-12-31", "9999-12-31 23:59:59.999999"},
                        {3, LocalDate.of(1582, 10, 10), LocalDateTime.of(1582, 10, 10, 1, 2)}
                    });
            assertEquals(
                    dialect.toString(),
                    Arrays.asList(
                            Arrays.asList("1", "0001-01-01", "0001-01-01 00:00:00.000001"),
                            Arrays.asList("2", "9999-12-31", "9999-12-31 23:59:59.999999"),
                            Arrays.asList("3", "1582-10-10", "1582-10-10 01:02:00")),
                    sandbox.selectText(
                            "SELECT * FROM " + Sandbox.DATABASE + "." + table + " ORDER BY id"));
        }
    }

    /** Text that is no JSON is a JSON string in a JSON column. */
    @Test
    public void textThatIsNoJsonIsAString() throws Exception {
        for (Dialect dialect : Arrays.asList(Dialect.JSON, Dialect.CSV_CONTROL)) {
            String table = sandbox.create("id INT, v JSON", "DUPLICATE KEY(id)");
            SinkPlan<Object[]> plan =
                    plan(
                            dialect,
                            table,
                            Arrays.asList("id", "v"),
                            DataTypes.INT(),
                            DataTypes.STRING());
            Sinks.load(
                    plan,
                    new Object[][] {
                        {1, "plain"}, {2, ""}, {3, "{\"a\":1"}, {4, "\"\\ud83d\""}, {5, "01"}
                    });
            assertEquals(
                    dialect.toString(),
                    Arrays.asList(
                            Arrays.asList("1", "\"plain\""),
                            Arrays.asList("2", "\"\""),
                            Arrays.asList("3", "\"{\\\"a\\\":1\""),
                            Arrays.asList("4", "\"\\\"\\\\ud83d\\\"\""),
                            Arrays.asList("5", "\"01\"")),
                    sandbox.selectText(
                            "SELECT * FROM " + Sandbox.DATABASE + "." + table + " ORDER BY id"));
        }
    }

    /** Without {@code strict_mode} the server takes what doesn't fit a column for NULL. */
    @Test
    public void strictModeLetsNoValueBecomeNull() throws Exception {
        Object[][] cases = {
            {"DATE", DataTypes.STRING(), "2000-02-30"},
            {"DATETIME", DataTypes.STRING(), "yesterday"},
            {"VARCHAR(3)", DataTypes.STRING(), "\u20ac\u20ac"},
            {"DECIMAL(5,2)", DataTypes.DOUBLE(), 12345.678},
            {"TINYINT", DataTypes.INT(), 128},
        };
        for (Dialect dialect : Arrays.asList(Dialect.JSON, Dialect.CSV_CONTROL)) {
            for (Object[] one : cases) {
                String table = sandbox.create("id INT, v " + one[0], "DUPLICATE KEY(id)");
                Map<String, String> options = sandbox.options(table, dialect.options());
                FlinkTable schema =
                        Sinks.schema(
                                Arrays.asList("id", "v"),
                                Arrays.asList(DataTypes.INT(), (DataType) one[1]));
                Object[][] rows = {{1, one[2]}};
                Sinks.load(Sinks.slots(options, schema), rows);
                List<List<String>> shown =
                        sandbox.selectText("SELECT * FROM " + Sandbox.DATABASE + "." + table);
                assertEquals(one[0] + "", Arrays.asList(Arrays.asList("1", null)), shown);
                options.put("sink.properties.strict_mode", "true");
                Exception e =
                        assertThrows(
                                dialect + ", " + one[0],
                                Exception.class,
                                () -> Sinks.load(Sinks.slots(options, schema), rows));
                assertTrue(e.getMessage(), e.getMessage().contains("too many filtered rows"));
                assertEquals(one[0] + "", 1, sandbox.rows(table).size());
            }
        }
    }

    /** Numbers of one type in columns of another. */
    @Test
    public void numbersKeepTheirValueInOtherColumns() throws Exception {
        for (Dialect dialect : Arrays.asList(Dialect.JSON, Dialect.CSV_CONTROL)) {
            String table =
                    sandbox.create(
                            "id INT, a DECIMAL(38,10), b DOUBLE, c LARGEINT, d DECIMAL(38,2), e"
                                    + " BOOLEAN",
                            "DUPLICATE KEY(id)");
            SinkPlan<Object[]> plan =
                    plan(
                            dialect,
                            table,
                            Arrays.asList("id", "a", "b", "c", "d", "e"),
                            DataTypes.INT(),
                            DataTypes.DOUBLE(),
                            DataTypes.BIGINT(),
                            DataTypes.INT(),
                            DataTypes.BIGINT(),
                            DataTypes.INT());
            Sinks.load(
                    plan,
                    new Object[][] {
                        {1, 1e20, 1L << 53, Integer.MIN_VALUE, Long.MIN_VALUE, 1},
                        {2, 1e-10, -1L, new BigDecimal("1e30"), new BigDecimal("-0.05"), 0},
                    });
            assertEquals(
                    dialect.toString(),
                    Arrays.asList(
                            Arrays.asList(
                                    "1",
                                    "100000000000000000000.0000000000",
                                    "9007199254740992",
                                    "-2147483648",
                                    "-9223372036854775808.00",
                                    "1"),
                            Arrays.asList(
                                    "2",
                                    "0.0000000001",
                                    "-1",
                                    "1000000000000000000000000000000",
                                    "-0.05",
                                    "0")),
                    sandbox.selectText(
                            "SELECT * FROM " + Sandbox.DATABASE + "." + table + " ORDER BY id"));
        }
    }
}

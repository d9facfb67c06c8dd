package com.starrocks.connector.flink.roundtrip;

import static org.junit.Assert.assertEquals;

import com.starrocks.connector.flink.StarRocksSink;

import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.TableEnvironment;
import org.apache.flink.table.api.TableSchema;
import org.junit.Before;
import org.junit.Test;

import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Whole jobs in a cluster within this JVM: the sinks as users make them. */
public class JobsNativeTest {

    private static final int ROWS = 20_000;

    private Sandbox sandbox;

    /** The sandbox, if there is one. */
    @Before
    public void start() throws Exception {
        sandbox = Sandbox.get();
    }

    private static StreamExecutionEnvironment flink() {
        StreamExecutionEnvironment flink = StreamExecutionEnvironment.createLocalEnvironment(2);
        flink.enableCheckpointing(200);
        return flink;
    }

    private static String text(long i) {
        return i % 7 == 0 ? null : "row \"" + i + "\" \ud83d\ude00\t\n\\N";
    }

    private void assertArrived(String table) throws Exception {
        List<List<String>> rows =
                sandbox.selectText(
                        "SELECT id, v FROM " + Sandbox.DATABASE + "." + table + " ORDER BY id");
        assertEquals(ROWS, rows.size());
        for (int i = 0; i < ROWS; i++) {
            assertEquals(Arrays.asList(i + "", text(i)), rows.get(i));
        }
    }

    /** Slots, written by two subtasks, with the op in the last one. */
    @Test
    public void slots() throws Exception {
        for (Dialect dialect : Arrays.asList(Dialect.JSON, Dialect.CSV_ENCLOSED)) {
            String table = sandbox.create("id BIGINT, v STRING", "PRIMARY KEY(id)");
            TableSchema schema =
                    TableSchema.builder()
                            .field("id", DataTypes.BIGINT().notNull())
                            .field("v", DataTypes.STRING())
                            .primaryKey("id")
                            .build();
            StreamExecutionEnvironment flink = flink();
            flink.fromSequence(0, ROWS - 1)
                    .addSink(
                            StarRocksSink.sink(
                                    schema,
                                    Sinks.options(sandbox.options(table, dialect.options())),
                                    (slots, row) -> {
                                        slots[0] = row;
                                        slots[1] = text(row);
                                        slots[2] = 0;
                                    }));
            flink.execute();
            assertArrived(table);
        }
    }

    /** Strings. */
    @Test
    public void strings() throws Exception {
        String table = sandbox.create("id BIGINT, v STRING", "DUPLICATE KEY(id)");
        StreamExecutionEnvironment flink = flink();
        flink.fromSequence(0, ROWS - 1)
                .map(
                        i ->
                                "{\"id\":"
                                        + i
                                        + (text(i) == null
                                                ? ""
                                                : ",\"v\":\"row \\\""
                                                        + i
                                                        + "\\\" \ud83d\ude00\\t\\n\\\\N\"")
                                        + "}")
                .returns(Types.STRING)
                .addSink(
                        StarRocksSink.sink(
                                Sinks.options(sandbox.options(table, Dialect.JSON.options()))));
        flink.execute();
        assertArrived(table);
    }

    /** SQL, with values of every type as Flink computes them. */
    @Test
    public void sql() throws Exception {
        String[][] columns = {
            // On the server, in Flink, the value in SQL, what is shown.
            {"INT", "INT", "-2147483648", "-2147483648"},
            {"BOOLEAN", "BOOLEAN", "TRUE", "1"},
            {"TINYINT", "TINYINT", "CAST(-128 AS TINYINT)", "-128"},
            {"BIGINT", "BIGINT", "9223372036854775807", "9223372036854775807"},
            {
                "LARGEINT",
                "DECIMAL(38, 0)",
                "CAST('-99999999999999999999999999999999999999' AS DECIMAL(38, 0))",
                "-99999999999999999999999999999999999999"
            },
            {
                "DECIMAL(38,10)",
                "DECIMAL(38, 10)",
                "CAST('9999999999999999999999999999.9999999999' AS DECIMAL(38, 10))",
                "9999999999999999999999999999.9999999999"
            },
            {"DOUBLE", "DOUBLE", "CAST('4.9E-324' AS DOUBLE)", "5e-324"},
            {
                "STRING",
                "STRING",
                "U&'\\00e9 \\20ac \\fffd' || ' ''q'' \"d\"'",
                "\u00e9 \u20ac \ufffd 'q' \"d\""
            },
            {"CHAR(5)", "CHAR(5)", "CAST('ab' AS CHAR(5))", "ab   "},
            {"VARBINARY", "BYTES", "X'0001FF'", "\0\u0001\ufffd"},
            {"DATE", "DATE", "DATE '0001-01-01'", "0001-01-01"},
            {"DATE", "DATE", "DATE '9999-12-31'", "9999-12-31"},
            {
                "DATETIME",
                "TIMESTAMP(9)",
                "TIMESTAMP '2021-03-14 02:30:00.123456789'",
                "2021-03-14 02:30:00.123456"
            },
            {
                "DATETIME",
                "TIMESTAMP(6) WITH LOCAL TIME ZONE",
                "CAST(TIMESTAMP '2021-07-01 12:00:00.5' AS TIMESTAMP(6) WITH LOCAL TIME ZONE)",
                "2021-07-01 12:00:00.500000"
            },
            {"STRING", "TIME(0)", "TIME '23:59:59'", "23:59:59"},
            {
                "JSON",
                "STRING",
                "'{\"b\": 1, \"a\": 1.10, \"a\": null}'",
                "{\"b\": 1, \"a\": 1.10, \"a\": null}"
            },
            {"ARRAY<STRING>", "ARRAY<STRING>", "ARRAY['a,\"b', '']", "[\"a,\\\"b\",\"\"]"},
            {"MAP<STRING,INT>", "MAP<STRING, INT>", "MAP['k', 1]", "{\"k\":1}"},
            {
                "STRUCT<a INT, b STRING>",
                "ROW<a INT, b STRING>",
                "CAST(ROW(1, 'x') AS ROW<a INT, b STRING>)",
                "{\"a\":1,\"b\":\"x\"}"
            },
            {"STRING", "STRING", "CAST(NULL AS STRING)", null},
        };
        List<String> server = new ArrayList<>(Arrays.asList("id INT"));
        List<String> flink = new ArrayList<>(Arrays.asList("id INT"));
        List<String> values = new ArrayList<>(Arrays.asList("1"));
        List<String> expected = new ArrayList<>(Arrays.asList("1"));
        for (String[] column : columns) {
            server.add("c" + server.size() + " " + column[0]);
            flink.add("c" + flink.size() + " " + column[1]);
            values.add(column[2]);
            expected.add(column[3]);
        }
        String table = sandbox.create(String.join(", ", server), "DUPLICATE KEY(id)");
        TableEnvironment tables =
                TableEnvironment.create(
                        EnvironmentSettings.newInstance().inStreamingMode().build());
        tables.getConfig().setLocalTimeZone(ZoneId.of("Asia/Kathmandu"));
        Map<String, String> options = sandbox.options(table, Dialect.JSON.options());
        options.put("connector", "starrocks");
        List<String> with = new ArrayList<>();
        options.forEach((key, value) -> with.add("'" + key + "' = '" + value + "'"));
        tables.executeSql(
                "CREATE TABLE t ("
                        + String.join(", ", flink)
                        + ") WITH ("
                        + String.join(", ", with)
                        + ")");
        tables.executeSql("INSERT INTO t SELECT " + String.join(", ", values)).await();
        assertEquals(
                Arrays.asList(expected),
                sandbox.selectText("SELECT * FROM " + Sandbox.DATABASE + "." + table));
    }
}

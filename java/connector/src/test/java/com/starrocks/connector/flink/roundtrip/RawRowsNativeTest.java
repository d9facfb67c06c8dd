package com.starrocks.connector.flink.roundtrip;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import com.starrocks.connector.flink.connector.SinkPlan;
import com.starrocks.connector.flink.table.data.DefaultStarRocksRowData;
import com.starrocks.connector.flink.table.sink.StarRocksSinkRowDataWithMeta;

import org.junit.Before;
import org.junit.Test;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/** Rows that are text already, in JSON and CSV, for one table and for those they name. */
public class RawRowsNativeTest {

    private static final int ROWS = 500;

    private Sandbox sandbox;

    /** The sandbox, if there is one. */
    @Before
    public void start() throws Exception {
        sandbox = Sandbox.get();
    }

    private List<List<String>> shown(String table) throws Exception {
        return sandbox.selectText(
                "SELECT * FROM " + Sandbox.DATABASE + "." + table + " ORDER BY id");
    }

    /** A row as text, written without the product's code. */
    private static String row(Dialect dialect, int id, String text, String json) {
        if (!dialect.isJson()) {
            return String.join(dialect.column(), id + "", text == null ? "\\N" : text, json);
        }
        return "{\"id\":" + id + ",\"v\":" + quoted(text) + ", \"j\" :" + json + "}";
    }

    private static String quoted(String text) {
        if (text == null) {
            return "null";
        }
        StringBuilder out = new StringBuilder("\"");
        for (char c : text.toCharArray()) {
            boolean escaped = c < ' ' || c == '"' || c == '\\';
            out.append(escaped ? String.format("\\u%04x", (int) c) : String.valueOf(c));
        }
        return out.append('"').toString();
    }

    private static String text(Random random, Dialect dialect) {
        return random.nextInt(6) == 0 ? null : Kind.wellFormed(dialect.tame(Texts.random(random)));
    }

    private static String json(Random random, Dialect dialect) {
        String json = JsonTexts.random(random, 3);
        return dialect.carries("0", json, "0") ? json : "{}";
    }

    /** Strings for the table of the options. */
    @Test
    public void strings() throws Exception {
        for (Dialect dialect :
                Arrays.asList(
                        Dialect.JSON, Dialect.CSV_DEFAULT, Dialect.CSV_CONTROL, Dialect.CSV_LONG)) {
            long seed = System.nanoTime();
            Random random = new Random(seed);
            String table =
                    sandbox.create("id INT, v VARCHAR(1048576), j JSON", "DUPLICATE KEY(id)");
            List<List<String>> expected = new ArrayList<>();
            List<String> rows = new ArrayList<>();
            for (int i = 0; i < ROWS; i++) {
                String text =
                        i == 0 ? dialect.tame(Texts.ofBytes(1 << 20, "|")) : text(random, dialect);
                String json = json(random, dialect);
                rows.add(row(dialect, i, text, json));
                expected.add(Arrays.asList(i + "", text, json));
            }
            SinkPlan<String> plan =
                    SinkPlan.raw(Sinks.options(sandbox.options(table, dialect.options())).values());
            Sinks.load(plan, rows.toArray(new String[0]));
            assertEquals(dialect + ", seed " + seed, expected, shown(table));
        }
    }

    /** Compressed on the way, by each of the algorithms. */
    @Test
    public void compressed() throws Exception {
        for (String compression : new String[] {"lz4_frame", "zstd", "gzip"}) {
            for (Dialect dialect : Arrays.asList(Dialect.JSON, Dialect.CSV_DEFAULT)) {
                String table = sandbox.create("id INT, v STRING, j JSON", "DUPLICATE KEY(id)");
                List<List<String>> expected = new ArrayList<>();
                String[] rows = new String[ROWS];
                for (int i = 0; i < ROWS; i++) {
                    String text = Texts.ofBytes(1 + i * i % 3000, "text " + i);
                    rows[i] = row(dialect, i, text, "{}");
                    expected.add(Arrays.asList(i + "", text, "{}"));
                }
                Map<String, String> options = sandbox.options(table, dialect.options());
                options.put("sink.properties.compression", compression);
                Sinks.load(SinkPlan.raw(Sinks.options(options).values()), rows);
                assertEquals(dialect + ", " + compression, expected, shown(table));
            }
        }
    }

    /** The op is in the text, where the user's columns or keys say. */
    @Test
    public void stringsWithAnOp() throws Exception {
        for (Dialect dialect : Arrays.asList(Dialect.JSON, Dialect.CSV_CONTROL)) {
            String table = sandbox.create("id INT, v STRING", "PRIMARY KEY(id)");
            Map<String, String> options = sandbox.options(table, dialect.options());
            String[] rows;
            if (dialect.isJson()) {
                rows =
                        new String[] {
                            "{\"id\":1,\"v\":\"a\"}",
                            "{\"id\":2,\"v\":\"b\",\"__op\":0}",
                            "{\"__op\":1,\"id\":1}"
                        };
            } else {
                options.put("sink.properties.columns", "id,v,__op");
                rows = new String[] {"1\u0001a\u00010", "2\u0001b\u00010", "1\u0001\u00011"};
            }
            Sinks.load(SinkPlan.raw(Sinks.options(options).values()), rows);
            assertEquals(Arrays.asList(Arrays.asList("2", "b")), shown(table));
        }
    }

    /** Rows that name their tables, of two databases, and rows with several lines in one. */
    @Test
    public void rowsThatNameTheirTables() throws Exception {
        String other = "roundtrip_other";
        sandbox.execute("CREATE DATABASE IF NOT EXISTS " + other);
        for (Dialect dialect : Arrays.asList(Dialect.JSON, Dialect.CSV_CONTROL)) {
            long seed = System.nanoTime();
            Random random = new Random(seed);
            String name = sandbox.create("id INT, v STRING, j JSON", "DUPLICATE KEY(id)");
            sandbox.execute("DROP TABLE IF EXISTS " + other + "." + name);
            sandbox.execute("CREATE TABLE " + other + "." + name + " (id INT, v STRING, j JSON)");
            String[][] tables = {
                {Sandbox.DATABASE, name},
                {Sandbox.DATABASE, sandbox.create("id INT, v STRING, j JSON", "DUPLICATE KEY(id)")},
                {other, name},
            };
            Map<String, List<List<String>>> expected = new TreeMap<>();
            SinkPlan<Object> plan =
                    SinkPlan.rawUnchecked(
                            Sinks.options(sandbox.options("*", dialect.options())).values());
            try (Sinks.Writer<Object> writer = Sinks.open(plan)) {
                for (int i = 0; i < ROWS; i++) {
                    String[] table = tables[random.nextInt(tables.length)];
                    StarRocksSinkRowDataWithMeta several = new StarRocksSinkRowDataWithMeta();
                    several.setDatabase(table[0]);
                    several.setTable(table[1]);
                    for (int line = 0; line < 2; line++) {
                        int id = 2 * i + line;
                        String text = text(random, dialect);
                        String json = json(random, dialect);
                        String row = row(dialect, id, text, json);
                        expected.computeIfAbsent(String.join(".", table), t -> new ArrayList<>())
                                .add(Arrays.asList(id + "", text, json));
                        if (i % 2 == 0) {
                            several.addDataRow(row);
                        } else {
                            writer.rows.write(
                                    new DefaultStarRocksRowData(null, table[0], table[1], row));
                        }
                    }
                    if (i % 2 == 0) {
                        writer.rows.write(several);
                    }
                }
                writer.rows.finish();
            }
            for (String[] table : tables) {
                String at = String.join(".", table);
                assertEquals(
                        dialect + ", seed " + seed,
                        expected.get(at),
                        sandbox.selectText("SELECT * FROM " + at + " ORDER BY id"));
            }
        }
    }

    /** Text that is no row must not hide others. */
    @Test
    public void textThatIsNoRowFails() throws Exception {
        for (Dialect dialect : Arrays.asList(Dialect.JSON, Dialect.CSV_CONTROL)) {
            for (String wrong :
                    dialect.isJson()
                            ? new String[] {"", "{", "{\"id\":1}}", "[1]", "1"}
                            : new String[] {"1\u0001a", "1\u0001a\u0001{}\u0001more", ""}) {
                String table = sandbox.create("id INT, v STRING, j JSON", "DUPLICATE KEY(id)");
                SinkPlan<String> plan =
                        SinkPlan.raw(
                                Sinks.options(sandbox.options(table, dialect.options())).values());
                Exception e =
                        assertThrows(
                                dialect + ": " + wrong,
                                Exception.class,
                                () ->
                                        Sinks.load(
                                                plan,
                                                row(dialect, 1, "a", "{}"),
                                                wrong,
                                                row(dialect, 2, "b", "{}")));
                assertTrue(e.getMessage(), e.getMessage().contains(table));
                assertEquals(wrong, 0, shown(table).size());
            }
        }
    }
}

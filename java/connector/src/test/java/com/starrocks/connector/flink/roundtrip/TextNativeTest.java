package com.starrocks.connector.flink.roundtrip;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertTrue;

import com.starrocks.connector.flink.connector.FlinkTable;
import com.starrocks.connector.flink.connector.SinkPlan;

import org.apache.flink.table.api.DataTypes;
import org.junit.Before;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.junit.runners.Parameterized;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Text arrives byte for byte, or is refused with what to do about it; all of Unicode. */
@RunWith(Parameterized.class)
public class TextNativeTest {

    private static final int RANDOM_TEXTS = 100;
    private static final String LONG = "VARCHAR(1048576)";

    /** All dialects. */
    @Parameterized.Parameters(name = "{0}")
    public static Object[] dialects() {
        return Dialect.values();
    }

    private final Dialect dialect;
    private Sandbox sandbox;

    /** One of the dialects. */
    public TextNativeTest(Dialect dialect) {
        this.dialect = dialect;
    }

    /** The sandbox, if there is one. */
    @Before
    public void start() throws Exception {
        sandbox = Sandbox.get();
    }

    private static FlinkTable schema() {
        return Sinks.schema(
                Arrays.asList("id", "v", "w"),
                Arrays.asList(DataTypes.INT(), DataTypes.STRING(), DataTypes.STRING()));
    }

    private SinkPlan<Object[]> plan(String table) {
        return Sinks.slots(sandbox.options(table, dialect.options()), schema());
    }

    private void assertHolds(String about, String table, Map<Integer, String[]> expected)
            throws Exception {
        List<String> wrong = new ArrayList<>();
        Map<Integer, byte[][]> rows = new LinkedHashMap<>();
        for (byte[][] row : sandbox.rows(table)) {
            rows.put(Integer.valueOf(new String(row[0], StandardCharsets.UTF_8)), row);
        }
        assertEquals(about, expected.keySet(), rows.keySet());
        expected.forEach(
                (id, texts) -> {
                    for (int i = 0; i < texts.length; i++) {
                        Object shown = texts[i] == null ? null : Kind.wellFormed(texts[i]);
                        if (!Shown.matches(shown, rows.get(id)[i + 1])) {
                            wrong.add(
                                    Shown.print(shown) + " <> " + Shown.print(rows.get(id)[i + 1]));
                        }
                    }
                });
        assertTrue(about + ": " + wrong, wrong.isEmpty());
    }

    /** All code points, as far as the dialect can carry them, and megabytes of text. */
    @Test
    public void allOfUnicode() throws Exception {
        String table = sandbox.create("id INT, v " + LONG + ", w " + LONG, "DUPLICATE KEY(id)");
        Map<Integer, String[]> expected = new LinkedHashMap<>();
        for (int block = 0; block < Texts.CODE_POINT_BLOCKS; block++) {
            String all = dialect.tame(Texts.codePoints(block));
            // Nothing is left of the blocks of surrogates.
            if (!all.isEmpty()) {
                expected.put(block, new String[] {all, block % 2 == 0 ? null : ""});
            }
        }
        for (int i = 0; i < Texts.extremes().size(); i += 6) {
            String piece = Texts.extremes().get(i);
            String tame = dialect.tame(Kind.wellFormed(piece));
            String megabyte = dialect.tame(Texts.ofBytes(1 << 20, tame));
            assertTrue(megabyte.getBytes(StandardCharsets.UTF_8).length > 1_040_000);
            expected.put(2000 + expected.size(), new String[] {megabyte, tame});
        }
        try (Sinks.Writer<Object[]> writer = Sinks.open(plan(table))) {
            for (Map.Entry<Integer, String[]> row : expected.entrySet()) {
                writer.rows.write(
                        new Object[] {row.getKey(), row.getValue()[0], row.getValue()[1]});
            }
            writer.rows.finish();
        }
        assertHolds(dialect.toString(), table, expected);
    }

    /** Any text: whatever the server could not read back is refused, and nothing else is. */
    @Test
    public void anyTextArrivesOrIsRefused() throws Exception {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        List<String> texts = new ArrayList<>(Texts.extremes());
        for (int i = 0; i < RANDOM_TEXTS; i++) {
            texts.add(Texts.random(random));
        }
        String table = sandbox.create("id INT, v STRING, w STRING", "DUPLICATE KEY(id)");
        SinkPlan<Object[]> plan = plan(table);
        Map<Integer, String[]> expected = new LinkedHashMap<>();
        for (int i = 0; i < texts.size(); i++) {
            String text = Kind.wellFormed(texts.get(i));
            boolean inMiddle = i % 2 == 0;
            Object[] row = {i, inMiddle ? texts.get(i) : "z", inMiddle ? "z" : texts.get(i)};
            String about = "seed " + seed + ", row " + i + ", " + Shown.print(text);
            boolean carried = dialect.carries(i + "", inMiddle ? text : "z", inMiddle ? "z" : text);
            try {
                Sinks.load(plan, new Object[][] {row});
                expected.put(i, new String[] {(String) row[1], (String) row[2]});
                assertTrue(about + " can't have been carried", carried);
            } catch (Exception e) {
                String message = String.valueOf(e.getMessage());
                assertFalse(about + " could have been carried: " + message, carried);
                assertTrue(
                        about + ": " + message,
                        message.contains(Sandbox.DATABASE + "." + table)
                                && message.contains("'sink.properties.format' = 'json'"));
                // What a separator and two values form together has no column of its own.
                assertTrue(
                        about + ": " + message,
                        message.matches("(?s).*column '?[vw]\\b.*")
                                || dialect == Dialect.CSV_OVERLAPPING);
                assertFalse(
                        about + " is in the message: " + message,
                        text.length() > 4 && message.contains(text));
            }
        }
        assertTrue(expected.size() + " of " + texts.size(), expected.size() > texts.size() / 3);
        assertHolds("seed " + seed, table, expected);
    }

    /** The same within an array of the server's, whose text has quotes of its own, and in JSON. */
    @Test
    public void anyTextInAnArrayArrivesOrIsRefused() throws Exception {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        String table = sandbox.create("id INT, a ARRAY<STRING>, j STRING", "DUPLICATE KEY(id)");
        SinkPlan<Object[]> plan =
                Sinks.slots(
                        sandbox.options(table, dialect.options()),
                        Sinks.schema(
                                Arrays.asList("id", "a", "j"),
                                Arrays.asList(
                                        DataTypes.INT(),
                                        DataTypes.ARRAY(DataTypes.STRING()),
                                        DataTypes.MAP(DataTypes.STRING(), DataTypes.STRING()))));
        Map<Integer, String> expected = new LinkedHashMap<>();
        for (int i = 0; i < RANDOM_TEXTS; i++) {
            String text = Kind.wellFormed(Texts.random(random));
            String array = "[\"" + text.replace("\"", "\"\"") + "\",null]";
            String json = "{\"k\":\"" + escaped(text) + "\"}";
            String about = "seed " + seed + ", row " + i + ", " + Shown.print(text);
            Object[] row = {i, Arrays.asList(text, null), Collections.singletonMap("k", text)};
            try {
                Sinks.load(plan, new Object[][] {row});
                expected.put(i, text);
                assertTrue(
                        about + " can't have been carried", dialect.carries(i + "", array, json));
            } catch (Exception e) {
                assertFalse(
                        about + " could have been carried: " + e.getMessage(),
                        dialect.carries(i + "", array, json));
                assertTrue(e.getMessage(), e.getMessage().contains(Sandbox.DATABASE + "." + table));
            }
        }
        assertTrue(expected.size() + "", expected.size() > RANDOM_TEXTS / 3);
        List<byte[][]> rows = sandbox.rows(table);
        assertEquals(expected.size(), rows.size());
        int at = 0;
        for (Map.Entry<Integer, String> sent : expected.entrySet()) {
            String about = "seed " + seed + ", row " + sent.getKey();
            byte[][] row = rows.get(at++);
            List<String> array = Arrays.asList(sent.getValue(), null);
            Map<String, String> map = Collections.singletonMap("k", sent.getValue());
            assertEquals(about, sent.getKey() + "", new String(row[0], StandardCharsets.UTF_8));
            assertTrue(
                    about + ": " + Shown.print(row[1]),
                    Shown.matches(new Shown.Nested(array, true), row[1]));
            assertTrue(
                    about + ": " + Shown.print(row[2]),
                    Shown.matches(new Shown.Nested(map, false), row[2]));
        }
    }

    /** With the short escapes of RFC 8259 where there are any, and no others than it demands. */
    private static String escaped(String text) {
        String shortForms = "\bb\tt\nn\ff\rr\"\"\\\\";
        StringBuilder out = new StringBuilder();
        for (char c : text.toCharArray()) {
            int at = shortForms.indexOf(c);
            if (at >= 0 && at % 2 == 0) {
                out.append('\\').append(shortForms.charAt(at + 1));
            } else {
                out.append(c < ' ' ? String.format("\\u%04x", (int) c) : String.valueOf(c));
            }
        }
        return out.toString();
    }
}

package com.starrocks.connector.flink.roundtrip;

import static org.junit.Assert.assertEquals;

import com.starrocks.connector.flink.connector.FlinkTable;
import com.starrocks.connector.flink.row.sink.StarRocksSinkOP;

import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.types.RowKind;
import org.junit.Before;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.junit.runners.Parameterized;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/** Upserts and deletes in PRIMARY KEY tables end in the rows that a map ends in. */
@RunWith(Parameterized.class)
public class UpsertsNativeTest {

    private static final int CHANGES = 1500;
    private static final int KEYS = 40;

    /** All dialects in which values may be empty. */
    @Parameterized.Parameters(name = "{0}")
    public static Object[] dialects() {
        return Arrays.stream(Dialect.values())
                .filter(dialect -> dialect != Dialect.CSV_OVERLAPPING)
                .toArray();
    }

    private final Dialect dialect;
    private Sandbox sandbox;

    /** One of the dialects. */
    public UpsertsNativeTest(Dialect dialect) {
        this.dialect = dialect;
    }

    /** The sandbox, if there is one. */
    @Before
    public void start() throws Exception {
        sandbox = Sandbox.get();
    }

    private Map<String, String> options(String table, String... more) {
        Map<String, String> options = sandbox.options(table, dialect.options());
        for (int i = 0; i < more.length; i += 2) {
            options.put(more[i], more[i + 1]);
        }
        return options;
    }

    private static FlinkTable schema() {
        return Sinks.schema(
                Arrays.asList("id", "k", "v"),
                Arrays.asList(
                        DataTypes.INT().notNull(),
                        DataTypes.STRING().notNull(),
                        DataTypes.STRING()),
                "id",
                "k");
    }

    private String create() throws Exception {
        return sandbox.create("id INT, k VARCHAR(100), v STRING", "PRIMARY KEY(id, k)");
    }

    private String key(int id) {
        return dialect.tame(id % 3 == 0 ? "" : "k\"\\'\ud83d\ude00" + id);
    }

    private static List<List<String>> listed(Map<Integer, List<String>> rows) {
        return new ArrayList<>(rows.values());
    }

    private List<List<String>> shown(String table) throws Exception {
        return sandbox.selectText(
                "SELECT * FROM " + Sandbox.DATABASE + "." + table + " ORDER BY id");
    }

    /** Of rows in slots, the last one says what to do. */
    @Test
    public void changesInSlots() throws Exception {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        String table = create();
        Map<Integer, List<String>> model = new TreeMap<>();
        try (Sinks.Writer<Object[]> writer = Sinks.open(Sinks.slots(options(table), schema()))) {
            for (int i = 0; i < CHANGES; i++) {
                int id = random.nextInt(KEYS);
                String value = random.nextInt(5) == 0 ? null : dialect.tame(Texts.random(random));
                boolean delete = random.nextInt(3) == 0;
                Object op =
                        delete
                                ? StarRocksSinkOP.DELETE.ordinal()
                                : StarRocksSinkOP.UPSERT.ordinal();
                writer.rows.write(new Object[] {id, key(id), value, op});
                apply(model, id, value, delete);
                if (random.nextInt(CHANGES / 5) == 0) {
                    writer.rows.snapshot(i + 1);
                    assertEquals("seed " + seed, listed(model), shown(table));
                }
            }
            writer.rows.finish();
        }
        assertEquals("seed " + seed, listed(model), shown(table));
    }

    private void apply(Map<Integer, List<String>> model, int id, String value, boolean delete) {
        if (delete) {
            model.remove(id);
        } else {
            String shown = value == null ? null : Kind.wellFormed(value);
            model.put(id, Arrays.asList(id + "", key(id), shown));
        }
    }

    /** Rows of SQL have a kind; the old row of an update is dropped unless the user says else. */
    @Test
    public void changesWithRowKinds() throws Exception {
        for (boolean ignoreUpdateBefore : new boolean[] {true, false}) {
            long seed = System.nanoTime();
            Random random = new Random(seed);
            String table = create();
            Map<Integer, List<String>> model = new TreeMap<>();
            Map<String, String> options =
                    options(table, "sink.ignore.update-before", ignoreUpdateBefore + "");
            try (Sinks.Writer<RowData> writer = Sinks.open(Sinks.sql(options, schema()))) {
                for (int i = 0; i < CHANGES; i++) {
                    int id = random.nextInt(KEYS);
                    String value =
                            random.nextInt(5) == 0 ? null : dialect.tame(Texts.random(random));
                    RowKind kind = RowKind.values()[random.nextInt(4)];
                    GenericRowData row =
                            GenericRowData.ofKind(
                                    kind,
                                    id,
                                    StringData.fromString(key(id)),
                                    StringData.fromString(value));
                    writer.rows.write(row);
                    if (kind != RowKind.UPDATE_BEFORE || !ignoreUpdateBefore) {
                        boolean delete = kind == RowKind.DELETE || kind == RowKind.UPDATE_BEFORE;
                        apply(model, id, value, delete);
                    }
                }
                writer.rows.finish();
            }
            assertEquals("seed " + seed, listed(model), shown(table));
        }
    }

    /** {@code sink.ignore-delete} drops and counts deletes, in tables of any model. */
    @Test
    public void ignoredDeletesAreCounted() throws Exception {
        String table = create();
        Map<String, String> options = options(table, "sink.ignore-delete", "true");
        try (Sinks.Writer<Object[]> writer = Sinks.open(Sinks.slots(options, schema()))) {
            writer.rows.write(new Object[] {1, key(1), "a", 0});
            writer.rows.write(new Object[] {1, key(1), "a", 1});
            writer.rows.write(new Object[] {2, key(2), null, 1});
            writer.rows.finish();
            assertEquals(2, writer.counter("numIgnoredDeletes"));
        }
        assertEquals(Arrays.asList(Arrays.asList("1", key(1), "a")), shown(table));
    }
}

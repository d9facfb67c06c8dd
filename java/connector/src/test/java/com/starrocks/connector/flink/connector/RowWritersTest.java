package com.starrocks.connector.flink.connector;

import static com.starrocks.connector.flink.connector.Samples.flink;
import static com.starrocks.connector.flink.connector.Samples.server;
import static com.starrocks.connector.flink.connector.Samples.values;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import com.starrocks.connector.flink.core.RecordingNative;
import com.starrocks.connector.flink.row.sink.StarRocksSinkOP;
import com.starrocks.connector.flink.row.sink.StarRocksSinkRowBuilder;
import com.starrocks.connector.flink.table.data.DefaultStarRocksRowData;
import com.starrocks.connector.flink.table.sink.StarRocksSinkRowDataWithMeta;

import org.apache.flink.metrics.groups.UnregisteredMetricsGroup;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.connector.ChangelogMode;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.types.RowKind;
import org.apache.flink.util.InstantiationUtil;
import org.junit.Test;

import java.io.IOException;
import java.time.ZoneId;
import java.util.Arrays;
import java.util.Collections;
import java.util.TreeSet;

/** What becomes of each kind of rows, above native methods that only write down what they get. */
public class RowWritersTest {

    private static final LogicalType INT = DataTypes.INT().getLogicalType();
    private static final LogicalType STRING = DataTypes.STRING().getLogicalType();
    private static final ZoneId UTC = ZoneId.of("UTC");

    private final RecordingNative library = new RecordingNative();

    private <T> StarRocksWriter<T> open(SinkPlan<T> plan) throws Exception {
        SinkPlan<T> shipped = InstantiationUtil.clone(plan, getClass().getClassLoader());
        return StarRocksWriter.open(
                shipped,
                new WriterContext(new UnregisteredMetricsGroup(), "a1b2", 3, 1),
                library::open);
    }

    private StarRocksWriter<RowData> sql(String primaryKey, String... options) throws Exception {
        ServerTable server =
                server("id int int(11) " + (primaryKey.isEmpty() ? "DUP" : "PRI"), "name varchar");
        return open(
                SinkPlan.sql(
                        values(options),
                        flink(primaryKey, "id", INT, "name", STRING),
                        UTC,
                        any -> server));
    }

    private static RowData row(RowKind kind, int id) {
        return GenericRowData.ofKind(kind, id, StringData.fromString("x"));
    }

    private void writeEachKind(StarRocksWriter<RowData> writer) throws Exception {
        writer.write(row(RowKind.INSERT, 1));
        writer.write(row(RowKind.UPDATE_BEFORE, 2));
        writer.write(row(RowKind.UPDATE_AFTER, 3));
        writer.write(row(RowKind.DELETE, 4));
        writer.finish();
    }

    @Test
    public void kindsOfRowsBecomeOps() throws Exception {
        writeEachKind(sql("id"));
        assertEquals(Arrays.asList("0/0/1", "0/1/2", "0/0/3", "0/1/4"), library.rows);
        assertEquals(Collections.singletonList("db.t+op"), library.tables);
    }

    @Test
    public void updateBeforeIsDroppedOnlyIfTheUserSaysSo() throws Exception {
        writeEachKind(sql("id", "sink.ignore.update-before", "true"));
        assertEquals(Arrays.asList("0/0/1", "0/0/3", "0/1/4"), library.rows);
    }

    @Test
    public void updateBeforeIsADeleteIfAskedFor() throws Exception {
        writeEachKind(sql("id", "sink.ignore.update-before", "false"));
        assertEquals(Arrays.asList("0/0/1", "0/1/2", "0/0/3", "0/1/4"), library.rows);
    }

    /** The delete would take with it the columns that others write. */
    @Test
    public void whereSomeColumnsAreUpdatedUpdateBeforeIsADeleteOnlyIfAskedFor() throws Exception {
        writeEachKind(sql("id", "sink.properties.partial_update", "TRUE"));
        assertEquals(Arrays.asList("0/0/1", "0/0/3", "0/1/4"), library.rows);
        library.rows.clear();
        writeEachKind(
                sql(
                        "id",
                        "sink.properties.partial_update",
                        "true",
                        "sink.ignore.update-before",
                        "false"));
        assertEquals(Arrays.asList("0/0/1", "0/1/2", "0/0/3", "0/1/4"), library.rows);
        library.rows.clear();
        writeEachKind(sql("id", "sink.properties.partial_update", "false"));
        assertEquals(Arrays.asList("0/0/1", "0/1/2", "0/0/3", "0/1/4"), library.rows);
    }

    @Test
    public void someColumnsOfTheRowsAreLoaded() throws Exception {
        ServerTable server = server("id int int(11) PRI", "name varchar", "n int");
        StarRocksWriter<RowData> writer =
                open(
                        SinkPlan.sql(
                                values("sink.properties.partial_update", "true"),
                                flink("id", "name", STRING, "id", INT, "n", INT),
                                new int[] {1, 2},
                                UTC,
                                any -> server));
        writer.write(GenericRowData.of(StringData.fromString("x"), 5, 6));
        writer.finish();
        assertEquals(Arrays.asList("0/0/5"), library.rows);
        String columns = library.columns.get(0);
        assertTrue(columns, columns.contains("id") && !columns.contains("name"));
    }

    @Test
    public void deletesCanBeIgnored() throws Exception {
        writeEachKind(sql("", "sink.ignore-delete", "true"));
        assertEquals(Arrays.asList("0/0/1", "0/0/3"), library.rows);
    }

    @Test
    public void deletesFromAPrimaryKeyTableCanBeIgnoredToo() throws Exception {
        writeEachKind(
                sql("id", "sink.ignore-delete", "true", "sink.ignore.update-before", "false"));
        assertEquals(Arrays.asList("0/0/1", "0/0/3"), library.rows);
    }

    @Test
    public void deletesFromOtherTablesAreNeverDroppedSilently() throws Exception {
        StarRocksWriter<RowData> writer = sql("");
        writer.write(row(RowKind.INSERT, 1));
        IOException e = assertThrows(IOException.class, () -> writer.write(row(RowKind.DELETE, 2)));
        assertEquals(
                "Row 2 that subtask 3 got since it started can't be written to"
                        + " starrocks_sink(db.t): it is of kind -D, but db.t is not a PRIMARY KEY"
                        + " table, from which rows can't be deleted; set 'sink.ignore-delete' ="
                        + " 'true' to drop such rows",
                e.getMessage());
    }

    @Test
    public void theChangelogModeSaysWhatIsTaken() {
        assertMode("[INSERT]", false);
        assertMode("[INSERT, UPDATE_AFTER, DELETE]", false, "sink.ignore-delete", "true");
        assertMode("[INSERT, UPDATE_AFTER, DELETE]", true);
        assertMode(
                "[INSERT, UPDATE_BEFORE, UPDATE_AFTER, DELETE]",
                true,
                "sink.ignore.update-before",
                "false");
    }

    private static void assertMode(String kinds, boolean primaryKey, String... options) {
        ChangelogMode mode = SqlRows.changelogMode(values(options), primaryKey);
        assertEquals(kinds, new TreeSet<>(mode.getContainedKinds()).toString());
    }

    private <T> StarRocksWriter<T> slots(String primaryKey, StarRocksSinkRowBuilder<T> builder)
            throws Exception {
        ServerTable server =
                server("id int int(11) " + (primaryKey.isEmpty() ? "DUP" : "PRI"), "name varchar");
        return open(
                SinkPlan.slots(
                        values(),
                        flink(primaryKey, "id", INT, "name", STRING),
                        builder,
                        any -> server));
    }

    @Test
    public void slotsAreEmptyForEachRow() throws Exception {
        StarRocksWriter<Integer> writer =
                slots(
                        "",
                        (slots, id) -> {
                            if (slots.length != 2 || slots[0] != null) {
                                throw new IllegalStateException("not two empty slots");
                            }
                            if (id > 0) {
                                slots[0] = id;
                            }
                        });
        writer.write(1);
        writer.write(0);
        writer.write(2);
        writer.finish();
        assertEquals(Arrays.asList("0/0/1", "0/0/NULL", "0/0/2"), library.rows);
    }

    @Test
    public void theLastSlotHoldsTheOp() throws Exception {
        StarRocksWriter<Object> writer =
                slots(
                        "id",
                        (slots, op) -> {
                            slots[0] = 5;
                            slots[2] = op;
                        });
        writer.write(StarRocksSinkOP.UPSERT.ordinal());
        writer.write(StarRocksSinkOP.DELETE.ordinal());
        writer.write(StarRocksSinkOP.DELETE);
        writer.finish();
        assertEquals(Arrays.asList("0/0/5", "0/1/5", "0/1/5"), library.rows);
        for (Object wrong : new Object[] {"1", 2}) {
            IOException e = assertThrows(IOException.class, () -> writer.write(wrong));
            assertTrue(e.getMessage(), e.getMessage().contains("StarRocksSinkOP.UPSERT.ordinal()"));
        }
    }

    @Test
    public void rowsNameTheirOwnTables() throws Exception {
        StarRocksWriter<Object> writer =
                open(SinkPlan.rawUnchecked(values("database-name", "*", "table-name", "t")));
        writer.write(new DefaultStarRocksRowData("k", "a", "x", "1"));
        writer.write(new DefaultStarRocksRowData(null, "a", null, "2"));
        StarRocksSinkRowDataWithMeta rows = new StarRocksSinkRowDataWithMeta();
        rows.setDatabase("b");
        rows.setTable("x");
        rows.addDataRow("3");
        rows.addDataRow("4");
        writer.write(rows);
        writer.write(new DefaultStarRocksRowData("k", "a", "x", "5"));
        writer.finish();
        assertEquals(Arrays.asList("a.x", "a.t", "b.x"), library.tables);
        assertEquals(Arrays.asList("0/0/1", "1/0/2", "2/0/3", "2/0/4", "0/0/5"), library.rows);
        assertEquals(3, Collections.frequency(library.calls, "addTable"));
        IOException e = assertThrows(IOException.class, () -> writer.write("6"));
        assertEquals(
                "Row 5 that subtask 3 got since it started can't be written to"
                        + " starrocks_sink(*.t): it names no database, and the option"
                        + " 'database-name' is '*'; give every row its database, or set that"
                        + " option",
                e.getMessage());
    }

    @Test
    public void stringsGoToTheTableOfTheOptions() throws Exception {
        StarRocksWriter<String> writer = open(SinkPlan.raw(values(), any -> server("id int")));
        writer.write("1\tx");
        writer.write("2\tü");
        IOException e = assertThrows(IOException.class, () -> writer.write(null));
        assertTrue(e.getMessage(), e.getMessage().startsWith("Row 3 "));
        writer.finish();
        assertEquals(Arrays.asList("0/0/1\tx", "0/0/2\tü"), library.rows);
    }
}

package com.starrocks.connector.flink.roundtrip;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;

import com.starrocks.connector.flink.connector.FlinkTable;
import com.starrocks.connector.flink.connector.SinkPlan;

import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.runtime.typeutils.RowDataSerializer;
import org.apache.flink.table.types.DataType;
import org.apache.flink.table.types.logical.LogicalType;
import org.junit.Before;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.junit.runners.Parameterized;

import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/**
 * Extreme and random values of every type, from the sink to what the server shows: as Java objects
 * in slots and as Flink's generic and binary rows, in JSON and every kind of CSV.
 */
@RunWith(Parameterized.class)
public class EveryTypeNativeTest {

    private static final int RANDOM_ROWS = 250;
    private static final int MEGABYTE = 1 << 20;
    private static final ZoneId ZONE = ZoneId.of("America/New_York");

    /** In what form rows come. */
    public enum Form {
        SLOTS,
        GENERIC_ROWS,
        BINARY_ROWS
    }

    /** Every dialect that the rows of all these types fit, with every form of rows. */
    @Parameterized.Parameters(name = "{0} {1}")
    public static List<Object[]> parameters() {
        List<Object[]> all = new ArrayList<>();
        for (Dialect dialect : Dialect.values()) {
            for (Form form : Form.values()) {
                // Its separators are letters, which numbers and nested values are full of.
                if (dialect != Dialect.CSV_OVERLAPPING) {
                    all.add(new Object[] {dialect, form});
                }
            }
        }
        return all;
    }

    private final Dialect dialect;
    private final Form form;
    private Sandbox sandbox;

    /** One of the combinations. */
    public EveryTypeNativeTest(Dialect dialect, Form form) {
        this.dialect = dialect;
        this.form = form;
    }

    /** The sandbox, if there is one. */
    @Before
    public void start() throws Exception {
        sandbox = Sandbox.get();
    }

    private List<Column> columns() {
        List<Column> columns = new ArrayList<>();
        Kind text = Kind.string(65_533);
        Kind wide = Kind.row(Kind.integer(), text, Kind.bool(), Kind.decimal(38, 10), Kind.date());
        Kind deep =
                Kind.array(Kind.row(Kind.map(text, Kind.array(Kind.timestamp(6))), Kind.real()));
        add(columns, "BOOLEAN", Kind.bool());
        add(columns, "TINYINT", Kind.bool());
        add(columns, "TINYINT", Kind.tinyint());
        add(columns, "SMALLINT", Kind.smallint());
        add(columns, "INT", Kind.integer());
        add(columns, "BIGINT", Kind.bigint());
        add(columns, "BIGINT", Kind.tinyint());
        add(columns, "LARGEINT", Kind.bigint());
        add(columns, "LARGEINT", Kind.decimal(38, 0));
        add(columns, "FLOAT", Kind.real());
        add(columns, "DOUBLE", Kind.doublePrecision());
        add(columns, "DECIMAL(1,0)", Kind.decimal(1, 0));
        add(columns, "DECIMAL(9,4)", Kind.decimal(9, 4));
        add(columns, "DECIMAL(18,18)", Kind.decimal(18, 18));
        add(columns, "DECIMAL(19,0)", Kind.decimal(19, 0));
        add(columns, "DECIMAL(38,0)", Kind.decimal(38, 0));
        add(columns, "DECIMAL(38,10)", Kind.decimal(38, 10));
        add(columns, "DECIMAL(38,38)", Kind.decimal(38, 38));
        add(columns, "CHAR(255)", Kind.string(255));
        add(columns, "VARCHAR(1048576)", text);
        add(columns, "STRING", text);
        add(columns, "VARBINARY", Kind.bytes());
        add(columns, "BIGINT", Kind.bytesAsInteger());
        add(columns, "DATE", Kind.date());
        add(columns, "DATETIME", Kind.timestamp(0));
        add(columns, "DATETIME", Kind.timestamp(3));
        add(columns, "DATETIME", Kind.timestamp(6));
        add(columns, "DATETIME", Kind.timestamp(9));
        add(columns, "DATETIME", Kind.timestampLtz(3, ZONE));
        add(columns, "DATETIME", Kind.timestampLtz(9, ZONE));
        add(columns, "VARCHAR(20)", Kind.time());
        add(columns, "JSON", Kind.json());
        add(columns, "JSON", wide);
        add(columns, "JSON", Kind.map(text, Kind.bool()));
        add(columns, "JSON", Kind.array(Kind.doublePrecision()));
        add(columns, "JSON", deep);
        add(columns, "STRING", wide);
        add(columns, "STRING", Kind.map(Kind.bigint(), wide));
        add(columns, "STRING", Kind.array(text));
        add(columns, "STRING", deep);
        add(columns, "ARRAY<BOOLEAN>", Kind.array(Kind.bool()));
        add(columns, "ARRAY<TINYINT>", Kind.array(Kind.bool()));
        add(columns, "ARRAY<BIGINT>", Kind.array(Kind.bigint()));
        add(columns, "ARRAY<FLOAT>", Kind.array(Kind.real()));
        add(columns, "ARRAY<DOUBLE>", Kind.array(Kind.doublePrecision()));
        add(columns, "ARRAY<DECIMAL(38,10)>", Kind.array(Kind.decimal(38, 10)));
        add(columns, "ARRAY<STRING>", Kind.array(text));
        add(columns, "ARRAY<DATE>", Kind.array(Kind.date()));
        add(columns, "ARRAY<DATETIME>", Kind.array(Kind.timestamp(6)));
        add(columns, "ARRAY<VARBINARY>", Kind.array(Kind.bytes()));
        add(columns, "ARRAY<ARRAY<ARRAY<STRING>>>", Kind.array(Kind.array(Kind.array(text))));
        if (form == Form.SLOTS) {
            add(columns, "LARGEINT", Kind.largeint());
        }
        if (dialect.isJson()) {
            add(columns, "MAP<STRING,INT>", Kind.map(text, Kind.integer()));
            add(columns, "MAP<BIGINT,STRING>", Kind.map(Kind.bigint(), text));
            add(columns, "STRUCT<f0 INT, f1 STRING, f2 BOOLEAN, f3 DECIMAL(38,10), f4 DATE>", wide);
            add(columns, "ARRAY<STRUCT<f0 MAP<STRING,ARRAY<DATETIME>>, f1 FLOAT>>", deep);
        }
        return columns;
    }

    private static void add(List<Column> columns, String serverType, Kind kind) {
        columns.add(new Column("c" + columns.size(), serverType, kind));
    }

    private List<Sample[]> samples(List<Column> columns, Random random) {
        List<List<Sample>> extremes = new ArrayList<>();
        for (Column column : columns) {
            List<Sample> values = new ArrayList<>(column.kind.extremes(dialect));
            values.add(Sample.NULL);
            if (column.serverType.equals("VARCHAR(1048576)")) {
                Kind text = column.kind;
                Sample seed = text.extremes(dialect).get(3);
                String piece = String.valueOf(seed.shown) + Texts.random(random);
                String long1 = dialect.tame(Texts.ofBytes(MEGABYTE, Kind.wellFormed(piece)));
                values.add(
                        new Sample(
                                long1,
                                org.apache.flink.table.data.StringData.fromString(long1),
                                long1,
                                long1,
                                0));
            }
            extremes.add(values);
        }
        int most = extremes.stream().mapToInt(List::size).max().getAsInt();
        List<Sample[]> rows = new ArrayList<>();
        for (int i = 0; i < most + RANDOM_ROWS; i++) {
            Sample[] row = new Sample[columns.size()];
            for (int c = 0; c < row.length; c++) {
                List<Sample> of = extremes.get(c);
                row[c] =
                        i < of.size()
                                ? of.get(i)
                                : columns.get(c).kind.randomOrNull(random, dialect);
            }
            rows.add(row);
        }
        return rows;
    }

    /** Counts, and column by column. */
    @Test
    public void whatArrivesIsWhatWasSent() throws Exception {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        List<Column> columns = columns();
        List<Sample[]> samples = samples(columns, random);
        StringBuilder ddl = new StringBuilder("id INT");
        List<String> names = new ArrayList<>(Collections.singletonList("id"));
        List<DataType> types = new ArrayList<>(Collections.singletonList(DataTypes.INT()));
        for (Column column : columns) {
            ddl.append(", ").append(column.name).append(' ').append(column.serverType);
            names.add(column.name);
            types.add(column.kind.flink);
        }
        String table = sandbox.create(ddl.toString(), "DUPLICATE KEY(id)");
        List<String> options = new ArrayList<>(Arrays.asList(dialect.options()));
        options.addAll(Arrays.asList("sink.timestamp-ltz.time-zone", ZONE.getId()));
        long nonFinite =
                send(
                        table,
                        options.toArray(new String[0]),
                        Sinks.schema(names, types),
                        types,
                        samples);
        String about = "seed " + seed;
        List<byte[][]> rows = sandbox.rows(table);
        assertEquals(about, samples.size(), rows.size());
        List<String> wrong = new ArrayList<>();
        int sentNonFinite = 0;
        for (int i = 0; i < rows.size(); i++) {
            assertEquals(about, i + "", new String(rows.get(i)[0]));
            for (int c = 0; c < columns.size(); c++) {
                Sample sample = samples.get(i)[c];
                sentNonFinite += sample.nonFinite;
                Object expected = columns.get(c).shown(sample);
                byte[] actual = rows.get(i)[c + 1];
                if (!Shown.matches(expected, actual)) {
                    wrong.add(
                            "row "
                                    + i
                                    + ", "
                                    + columns.get(c)
                                    + ":\n    sent  "
                                    + Shown.print(expected)
                                    + "\n    shown "
                                    + Shown.print(actual));
                }
            }
        }
        assertTrue(
                about
                        + ": "
                        + wrong.size()
                        + " values differ:\n  "
                        + String.join("\n  ", wrong.subList(0, Math.min(20, wrong.size()))),
                wrong.isEmpty());
        assertEquals(about, sentNonFinite, nonFinite);
        assertEquals(
                about,
                Collections.singletonList(Arrays.asList(samples.size() + "", "0", "0")),
                sandbox.selectText(
                        "SELECT rows, filtered, unselected FROM sandbox.ledger WHERE tbl = '"
                                + table
                                + "'"));
    }

    /** Loads the samples and gives how many NaN and infinities the sink has counted. */
    private long send(
            String table,
            String[] more,
            FlinkTable schema,
            List<DataType> types,
            List<Sample[]> samples)
            throws Exception {
        if (form == Form.SLOTS) {
            SinkPlan<Object[]> plan = Sinks.slots(sandbox.options(table, more), schema);
            try (Sinks.Writer<Object[]> writer = Sinks.open(plan)) {
                for (int i = 0; i < samples.size(); i++) {
                    Sample[] row = samples.get(i);
                    Object[] slots = new Object[row.length + 1];
                    slots[0] = i;
                    for (int c = 0; c < row.length; c++) {
                        slots[c + 1] = row[c].slot;
                    }
                    writer.rows.write(slots);
                }
                writer.rows.finish();
                return writer.counter("numNonFiniteAsNull");
            }
        }
        RowDataSerializer serializer =
                new RowDataSerializer(
                        types.stream().map(DataType::getLogicalType).toArray(LogicalType[]::new));
        try (Sinks.Writer<RowData> writer =
                Sinks.open(Sinks.sql(sandbox.options(table, more), schema))) {
            for (int i = 0; i < samples.size(); i++) {
                Sample[] row = samples.get(i);
                GenericRowData data = new GenericRowData(row.length + 1);
                data.setField(0, i);
                for (int c = 0; c < row.length; c++) {
                    data.setField(c + 1, row[c].data);
                }
                writer.rows.write(form == Form.BINARY_ROWS ? serializer.toBinaryRow(data) : data);
            }
            writer.rows.finish();
            return writer.counter("numNonFiniteAsNull");
        }
    }
}

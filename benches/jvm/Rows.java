package com.starrocks.bench;

import com.starrocks.connector.flink.table.data.DefaultStarRocksRowData;
import com.starrocks.connector.flink.table.data.StarRocksRowData;

import org.apache.flink.table.data.DecimalData;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.binary.BinaryRowData;
import org.apache.flink.table.runtime.typeutils.RowDataSerializer;
import org.apache.flink.table.types.logical.LogicalType;

import java.io.Serializable;
import java.nio.charset.StandardCharsets;

/** Makes the rows of a case, out of prepared values, as cheaply as a real source could. */
interface Rows<T> {
    T next(long number);

    /** Makes {@link Rows} in the task. */
    interface Factory<T> extends Serializable {
        Rows<T> create();
    }

    /** The rows of {@code shape} as `binary` or `generic` rows of Flink's SQL. */
    static Rows<RowData> sql(String kind, Shape shape) {
        return switch (kind) {
            case "binary" -> binary(shape);
            case "generic" -> generic(shape);
            default -> throw new IllegalArgumentException("no kind of rows " + kind);
        };
    }

    /** Written once; the first column of each gets a new value each time. */
    private static Rows<RowData> binary(Shape shape) {
        BinaryRowData[] rows = new BinaryRowData[Shape.CYCLE];
        RowDataSerializer serializer =
                new RowDataSerializer(
                        shape.columns.stream()
                                .map(column -> column.flinkType().getLogicalType())
                                .toArray(LogicalType[]::new));
        Rows<RowData> generic = generic(shape);
        for (int i = 0; i < rows.length; i++) {
            rows[i] = serializer.toBinaryRow(generic.next(i)).copy();
        }
        boolean isLong = shape.columns.get(0).kind() == Shape.Kind.LONG;
        return number -> {
            BinaryRowData row = rows[(int) (number % Shape.CYCLE)];
            if (isLong) {
                row.setLong(0, number);
            } else {
                row.setInt(0, (int) number);
            }
            return row;
        };
    }

    /**
     * Each is new, as a format makes it: a value that remembers what it was turned into (texts,
     * decimals) must not come twice. Texts of every other row are Java strings, as of JSON, the
     * others UTF-8, as of Avro.
     */
    private static Rows<RowData> generic(Shape shape) {
        Object[][] values = shape.values();
        int columns = shape.columns.size();
        Shape.Kind[] kinds =
                shape.columns.stream().map(Shape.Column::kind).toArray(Shape.Kind[]::new);
        for (int i = 1; i < values.length; i += 2) {
            for (int k = 0; k < columns; k++) {
                if (kinds[k] == Shape.Kind.TEXT) {
                    values[i][k] = ((String) values[i][k]).getBytes(StandardCharsets.UTF_8);
                }
            }
        }
        return number -> {
            Object[] from = values[(int) (number % Shape.CYCLE)];
            GenericRowData row = new GenericRowData(columns);
            for (int i = 0; i < columns; i++) {
                Object value = from[i];
                row.setField(
                        i,
                        switch (kinds[i]) {
                            case TEXT ->
                                    value instanceof byte[]
                                            ? StringData.fromBytes((byte[]) value)
                                            : StringData.fromString((String) value);
                            case DECIMAL -> DecimalData.fromUnscaledLong((Long) value, 15, 2);
                            default -> value;
                        });
            }
            return row;
        };
    }

    /** New objects, as a deserializer makes them. */
    static Rows<LineItem> objects(Shape shape) {
        Object[][] values = shape.values();
        return number -> new LineItem(values[(int) (number % Shape.CYCLE)]);
    }

    static Rows<String> json(Shape shape) {
        String[] rows = texts(shape);
        return number -> rows[(int) (number % Shape.CYCLE)];
    }

    /** JSON objects for so many tables in turn. */
    static Rows<StarRocksRowData> tables(Shape shape, String database, int tables) {
        String[] rows = texts(shape);
        String[] names = new String[tables];
        for (int i = 0; i < tables; i++) {
            names[i] = "t" + i;
        }
        return number -> {
            String table = names[(int) (number % tables)];
            return new DefaultStarRocksRowData(
                    null, database, table, rows[(int) (number % Shape.CYCLE)]);
        };
    }

    private static String[] texts(Shape shape) {
        Object[][] values = shape.values();
        String[] rows = new String[Shape.CYCLE];
        for (int i = 0; i < rows.length; i++) {
            LineItem item = new LineItem(values[i]);
            Object[] slots = new Object[shape.columns.size()];
            item.fill(slots);
            StringBuilder text = new StringBuilder("{");
            for (int k = 0; k < slots.length; k++) {
                boolean quoted = !(slots[k] instanceof Number);
                text.append(k == 0 ? "\"" : ",\"")
                        .append(shape.columns.get(k).name())
                        .append("\":");
                text.append(quoted ? "\"" : "").append(slots[k]).append(quoted ? "\"" : "");
            }
            rows[i] = text.append('}').toString();
        }
        return rows;
    }
}

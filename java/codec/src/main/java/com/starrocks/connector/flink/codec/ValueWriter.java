package com.starrocks.connector.flink.codec;

import com.starrocks.connector.flink.core.BlockLayout;
import com.starrocks.connector.flink.core.RowBlock;

import org.apache.flink.table.data.ArrayData;
import org.apache.flink.table.data.DecimalData;
import org.apache.flink.table.data.MapData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.TimestampData;
import org.apache.flink.table.types.logical.ArrayType;
import org.apache.flink.table.types.logical.DecimalType;
import org.apache.flink.table.types.logical.LocalZonedTimestampType;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.MapType;
import org.apache.flink.table.types.logical.TimestampType;

import java.util.List;

/**
 * Writes values of one logical type, taken from a row's field or an array's element. Made once per
 * column, so that no type is looked at while rows are written.
 */
abstract class ValueWriter {

    private static final long NANOS_PER_MILLI = 1_000_000L;

    /** Writes a field, NULL included. */
    final void write(RowData row, int index, RowBlock block) {
        if (row.isNullAt(index)) {
            block.putNull();
        } else {
            field(row, index, block);
        }
    }

    /** Writes an element, NULL included. */
    final void write(ArrayData array, int index, RowBlock block) {
        if (array.isNullAt(index)) {
            block.putNull();
        } else {
            element(array, index, block);
        }
    }

    /** Writes a field that isn't NULL. */
    abstract void field(RowData row, int index, RowBlock block);

    /** Writes an element that isn't NULL. */
    abstract void element(ArrayData array, int index, RowBlock block);

    /** The writer of a type that {@link LogicalTypes} has found to be one of ours. */
    static ValueWriter of(LogicalType type) {
        return of(type, 0);
    }

    private static ValueWriter of(LogicalType type, int depth) {
        switch (type.getTypeRoot()) {
            case BOOLEAN:
                return new OfBoolean();
            case TINYINT:
                return new OfByte();
            case SMALLINT:
                return new OfShort();
            case INTEGER:
                return new OfInt();
            case BIGINT:
                return new OfLong();
            case FLOAT:
                return new OfFloat();
            case DOUBLE:
                return new OfDouble();
            case DECIMAL:
                return new OfDecimal((DecimalType) type);
            case CHAR:
            case VARCHAR:
                return new OfString();
            case BINARY:
            case VARBINARY:
                return new OfBinary();
            case DATE:
                return new OfDate();
            case TIME_WITHOUT_TIME_ZONE:
                return new OfTime();
            case TIMESTAMP_WITHOUT_TIME_ZONE:
                return new OfTimestamp(((TimestampType) type).getPrecision());
            case TIMESTAMP_WITH_LOCAL_TIME_ZONE:
                return new OfTimestampLtz(((LocalZonedTimestampType) type).getPrecision());
            case ARRAY:
                return new OfArray(of(((ArrayType) type).getElementType(), inner(type, depth)));
            case MAP:
                MapType map = (MapType) type;
                return new OfMap(
                        of(map.getKeyType(), inner(type, depth)),
                        of(map.getValueType(), inner(type, depth)));
            case ROW:
                List<LogicalType> fields = type.getChildren();
                ValueWriter[] writers = new ValueWriter[fields.size()];
                for (int i = 0; i < writers.length; i++) {
                    writers[i] = of(fields.get(i), inner(type, depth));
                }
                return new OfRow(writers);
            default:
                throw new IllegalArgumentException("no writer for " + type.asSummaryString());
        }
    }

    private static int inner(LogicalType type, int depth) {
        if (depth == BlockLayout.MAX_DEPTH) {
            throw new IllegalArgumentException(
                    "types are nested deeper than "
                            + BlockLayout.MAX_DEPTH
                            + ": "
                            + type.asSummaryString());
        }
        return depth + 1;
    }

    private static final class OfBoolean extends ValueWriter {
        @Override
        void field(RowData row, int index, RowBlock block) {
            block.putBoolean(row.getBoolean(index));
        }

        @Override
        void element(ArrayData array, int index, RowBlock block) {
            block.putBoolean(array.getBoolean(index));
        }
    }

    private static final class OfByte extends ValueWriter {
        @Override
        void field(RowData row, int index, RowBlock block) {
            block.putByte(row.getByte(index));
        }

        @Override
        void element(ArrayData array, int index, RowBlock block) {
            block.putByte(array.getByte(index));
        }
    }

    private static final class OfShort extends ValueWriter {
        @Override
        void field(RowData row, int index, RowBlock block) {
            block.putShort(row.getShort(index));
        }

        @Override
        void element(ArrayData array, int index, RowBlock block) {
            block.putShort(array.getShort(index));
        }
    }

    private static final class OfInt extends ValueWriter {
        @Override
        void field(RowData row, int index, RowBlock block) {
            block.putInt(row.getInt(index));
        }

        @Override
        void element(ArrayData array, int index, RowBlock block) {
            block.putInt(array.getInt(index));
        }
    }

    private static final class OfLong extends ValueWriter {
        @Override
        void field(RowData row, int index, RowBlock block) {
            block.putLong(row.getLong(index));
        }

        @Override
        void element(ArrayData array, int index, RowBlock block) {
            block.putLong(array.getLong(index));
        }
    }

    private static final class OfFloat extends ValueWriter {
        @Override
        void field(RowData row, int index, RowBlock block) {
            block.putFloat(row.getFloat(index));
        }

        @Override
        void element(ArrayData array, int index, RowBlock block) {
            block.putFloat(array.getFloat(index));
        }
    }

    private static final class OfDouble extends ValueWriter {
        @Override
        void field(RowData row, int index, RowBlock block) {
            block.putDouble(row.getDouble(index));
        }

        @Override
        void element(ArrayData array, int index, RowBlock block) {
            block.putDouble(array.getDouble(index));
        }
    }

    static final class OfDecimal extends ValueWriter {
        private final int precision;
        private final int scale;

        OfDecimal(DecimalType type) {
            precision = type.getPrecision();
            scale = type.getScale();
        }

        @Override
        void field(RowData row, int index, RowBlock block) {
            put(row.getDecimal(index, precision, scale), block);
        }

        @Override
        void element(ArrayData array, int index, RowBlock block) {
            put(array.getDecimal(index, precision, scale), block);
        }

        /** The value's own scale counts: a generic row may hold one that differs from the type. */
        static void put(DecimalData value, RowBlock block) {
            if (value.isCompact()) {
                block.putDecimal(value.scale(), value.toUnscaledLong());
            } else {
                block.putDecimal(value.scale(), value.toUnscaledBytes());
            }
        }
    }

    private static final class OfString extends ValueWriter {
        @Override
        void field(RowData row, int index, RowBlock block) {
            put(row.getString(index), block);
        }

        @Override
        void element(ArrayData array, int index, RowBlock block) {
            put(array.getString(index), block);
        }

        static void put(StringData value, RowBlock block) {
            FlinkStrings.put(value, block);
        }
    }

    private static final class OfBinary extends ValueWriter {
        @Override
        void field(RowData row, int index, RowBlock block) {
            block.putBytes(row.getBinary(index));
        }

        @Override
        void element(ArrayData array, int index, RowBlock block) {
            block.putBytes(array.getBinary(index));
        }
    }

    private static final class OfDate extends ValueWriter {
        @Override
        void field(RowData row, int index, RowBlock block) {
            block.putDate(row.getInt(index));
        }

        @Override
        void element(ArrayData array, int index, RowBlock block) {
            block.putDate(array.getInt(index));
        }
    }

    /** Flink's TIME is the millisecond of the day, whatever its precision. */
    private static final class OfTime extends ValueWriter {
        @Override
        void field(RowData row, int index, RowBlock block) {
            block.putTime(row.getInt(index) * NANOS_PER_MILLI);
        }

        @Override
        void element(ArrayData array, int index, RowBlock block) {
            block.putTime(array.getInt(index) * NANOS_PER_MILLI);
        }
    }

    private static final class OfTimestamp extends ValueWriter {
        private final int precision;

        OfTimestamp(int precision) {
            this.precision = precision;
        }

        @Override
        void field(RowData row, int index, RowBlock block) {
            put(row.getTimestamp(index, precision), block);
        }

        @Override
        void element(ArrayData array, int index, RowBlock block) {
            put(array.getTimestamp(index, precision), block);
        }

        private static void put(TimestampData value, RowBlock block) {
            block.putTimestamp(value.getMillisecond(), value.getNanoOfMillisecond());
        }
    }

    private static final class OfTimestampLtz extends ValueWriter {
        private final int precision;

        OfTimestampLtz(int precision) {
            this.precision = precision;
        }

        @Override
        void field(RowData row, int index, RowBlock block) {
            put(row.getTimestamp(index, precision), block);
        }

        @Override
        void element(ArrayData array, int index, RowBlock block) {
            put(array.getTimestamp(index, precision), block);
        }

        private static void put(TimestampData value, RowBlock block) {
            block.putTimestampLtz(value.getMillisecond(), value.getNanoOfMillisecond());
        }
    }

    private static final class OfArray extends ValueWriter {
        private final ValueWriter element;

        OfArray(ValueWriter element) {
            this.element = element;
        }

        @Override
        void field(RowData row, int index, RowBlock block) {
            put(row.getArray(index), block);
        }

        @Override
        void element(ArrayData array, int index, RowBlock block) {
            put(array.getArray(index), block);
        }

        private void put(ArrayData array, RowBlock block) {
            int size = array.size();
            block.putArrayHeader(size);
            for (int i = 0; i < size; i++) {
                element.write(array, i, block);
            }
        }
    }

    private static final class OfMap extends ValueWriter {
        private final ValueWriter key;
        private final ValueWriter value;

        OfMap(ValueWriter key, ValueWriter value) {
            this.key = key;
            this.value = value;
        }

        @Override
        void field(RowData row, int index, RowBlock block) {
            put(row.getMap(index), block);
        }

        @Override
        void element(ArrayData array, int index, RowBlock block) {
            put(array.getMap(index), block);
        }

        private void put(MapData map, RowBlock block) {
            int size = map.size();
            ArrayData keys = map.keyArray();
            ArrayData values = map.valueArray();
            block.putMapHeader(size);
            for (int i = 0; i < size; i++) {
                key.write(keys, i, block);
                value.write(values, i, block);
            }
        }
    }

    private static final class OfRow extends ValueWriter {
        private final ValueWriter[] fields;

        OfRow(ValueWriter[] fields) {
            this.fields = fields;
        }

        @Override
        void field(RowData row, int index, RowBlock block) {
            put(row.getRow(index, fields.length), block);
        }

        @Override
        void element(ArrayData array, int index, RowBlock block) {
            put(array.getRow(index, fields.length), block);
        }

        private void put(RowData row, RowBlock block) {
            block.putRowHeader(fields.length);
            for (int i = 0; i < fields.length; i++) {
                fields[i].write(row, i, block);
            }
        }
    }
}

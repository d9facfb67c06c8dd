package com.starrocks.connector.flink.codec;

import com.starrocks.connector.flink.core.RowBlock;

import org.apache.flink.table.data.ArrayData;
import org.apache.flink.table.data.DecimalData;
import org.apache.flink.table.data.MapData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.TimestampData;

/**
 * Writes the values of Flink's rows and arrays, of whichever class these are.
 *
 * <p>The same switch over the type three times, for the three ways to a value: an object that is at
 * hand, a field of a row, an element of an array. A switch is taken inside one compiled loop over
 * the columns, where a writer object per column would be a virtual call that no JVM can inline.
 *
 * <p>A value of a class that Flink doesn't use for its type is a {@link ClassCastException}.
 */
final class RowDataValues {

    private static final long NANOS_PER_MILLI = 1_000_000L;

    private final BlockSegment segment;

    RowDataValues(BlockSegment segment) {
        this.segment = segment;
    }

    /** Writes a value as Flink's generic rows hold it. */
    void put(Object value, ValueType type, RowBlock block) {
        if (value == null) {
            block.putNull();
            return;
        }
        switch (type.kind) {
            case ValueType.BOOLEAN:
                block.putBoolean((Boolean) value);
                break;
            case ValueType.TINYINT:
                block.putByte((Byte) value);
                break;
            case ValueType.SMALLINT:
                block.putShort((Short) value);
                break;
            case ValueType.INT:
                block.putInt((Integer) value);
                break;
            case ValueType.BIGINT:
                block.putLong((Long) value);
                break;
            case ValueType.FLOAT:
                block.putFloat((Float) value);
                break;
            case ValueType.DOUBLE:
                block.putDouble((Double) value);
                break;
            case ValueType.DECIMAL:
                putDecimal((DecimalData) value, block);
                break;
            case ValueType.STRING:
                FlinkStrings.put((StringData) value, block, segment);
                break;
            case ValueType.BINARY:
                block.putBytes((byte[]) value);
                break;
            case ValueType.DATE:
                block.putDate((Integer) value);
                break;
            case ValueType.TIME:
                putTime((Integer) value, block);
                break;
            case ValueType.TIMESTAMP:
                putTimestamp((TimestampData) value, block);
                break;
            case ValueType.TIMESTAMP_LTZ:
                putTimestampLtz((TimestampData) value, block);
                break;
            case ValueType.ARRAY:
                putArray((ArrayData) value, type, block);
                break;
            case ValueType.MAP:
                putMap((MapData) value, type, block);
                break;
            case ValueType.ROW:
                putRow((RowData) value, type, block);
                break;
            default:
                throw new AssertionError("no such kind of values: " + type.kind);
        }
    }

    /** Writes a field, NULL included. */
    void putField(RowData row, int index, ValueType type, RowBlock block) {
        if (row.isNullAt(index)) {
            block.putNull();
            return;
        }
        switch (type.kind) {
            case ValueType.BOOLEAN:
                block.putBoolean(row.getBoolean(index));
                break;
            case ValueType.TINYINT:
                block.putByte(row.getByte(index));
                break;
            case ValueType.SMALLINT:
                block.putShort(row.getShort(index));
                break;
            case ValueType.INT:
                block.putInt(row.getInt(index));
                break;
            case ValueType.BIGINT:
                block.putLong(row.getLong(index));
                break;
            case ValueType.FLOAT:
                block.putFloat(row.getFloat(index));
                break;
            case ValueType.DOUBLE:
                block.putDouble(row.getDouble(index));
                break;
            case ValueType.DECIMAL:
                putDecimal(row.getDecimal(index, type.precision, type.scale), block);
                break;
            case ValueType.STRING:
                FlinkStrings.put(row.getString(index), block, segment);
                break;
            case ValueType.BINARY:
                block.putBytes(row.getBinary(index));
                break;
            case ValueType.DATE:
                block.putDate(row.getInt(index));
                break;
            case ValueType.TIME:
                putTime(row.getInt(index), block);
                break;
            case ValueType.TIMESTAMP:
                putTimestamp(row.getTimestamp(index, type.precision), block);
                break;
            case ValueType.TIMESTAMP_LTZ:
                putTimestampLtz(row.getTimestamp(index, type.precision), block);
                break;
            case ValueType.ARRAY:
                putArray(row.getArray(index), type, block);
                break;
            case ValueType.MAP:
                putMap(row.getMap(index), type, block);
                break;
            case ValueType.ROW:
                putRow(row.getRow(index, type.parts.length), type, block);
                break;
            default:
                throw new AssertionError("no such kind of values: " + type.kind);
        }
    }

    /** Writes an element, NULL included. */
    void putElement(ArrayData array, int index, ValueType type, RowBlock block) {
        if (array.isNullAt(index)) {
            block.putNull();
            return;
        }
        switch (type.kind) {
            case ValueType.BOOLEAN:
                block.putBoolean(array.getBoolean(index));
                break;
            case ValueType.TINYINT:
                block.putByte(array.getByte(index));
                break;
            case ValueType.SMALLINT:
                block.putShort(array.getShort(index));
                break;
            case ValueType.INT:
                block.putInt(array.getInt(index));
                break;
            case ValueType.BIGINT:
                block.putLong(array.getLong(index));
                break;
            case ValueType.FLOAT:
                block.putFloat(array.getFloat(index));
                break;
            case ValueType.DOUBLE:
                block.putDouble(array.getDouble(index));
                break;
            case ValueType.DECIMAL:
                putDecimal(array.getDecimal(index, type.precision, type.scale), block);
                break;
            case ValueType.STRING:
                FlinkStrings.put(array.getString(index), block, segment);
                break;
            case ValueType.BINARY:
                block.putBytes(array.getBinary(index));
                break;
            case ValueType.DATE:
                block.putDate(array.getInt(index));
                break;
            case ValueType.TIME:
                putTime(array.getInt(index), block);
                break;
            case ValueType.TIMESTAMP:
                putTimestamp(array.getTimestamp(index, type.precision), block);
                break;
            case ValueType.TIMESTAMP_LTZ:
                putTimestampLtz(array.getTimestamp(index, type.precision), block);
                break;
            case ValueType.ARRAY:
                putArray(array.getArray(index), type, block);
                break;
            case ValueType.MAP:
                putMap(array.getMap(index), type, block);
                break;
            case ValueType.ROW:
                putRow(array.getRow(index, type.parts.length), type, block);
                break;
            default:
                throw new AssertionError("no such kind of values: " + type.kind);
        }
    }

    /** The value's own scale counts: a generic row may hold one that differs from the type. */
    static void putDecimal(DecimalData value, RowBlock block) {
        if (value.isCompact()) {
            block.putDecimal(value.scale(), value.toUnscaledLong());
        } else {
            block.putDecimal(value.scale(), value.toUnscaledBytes());
        }
    }

    /** Flink's TIME is the millisecond of the day, whatever its precision. */
    private static void putTime(int millis, RowBlock block) {
        block.putTime(millis * NANOS_PER_MILLI);
    }

    private static void putTimestamp(TimestampData value, RowBlock block) {
        block.putTimestamp(value.getMillisecond(), value.getNanoOfMillisecond());
    }

    private static void putTimestampLtz(TimestampData value, RowBlock block) {
        block.putTimestampLtz(value.getMillisecond(), value.getNanoOfMillisecond());
    }

    private void putArray(ArrayData array, ValueType type, RowBlock block) {
        int size = array.size();
        block.putArrayHeader(size);
        for (int i = 0; i < size; i++) {
            putElement(array, i, type.parts[0], block);
        }
    }

    private void putMap(MapData map, ValueType type, RowBlock block) {
        int size = map.size();
        ArrayData keys = map.keyArray();
        ArrayData values = map.valueArray();
        block.putMapHeader(size);
        for (int i = 0; i < size; i++) {
            putElement(keys, i, type.parts[0], block);
            putElement(values, i, type.parts[1], block);
        }
    }

    private void putRow(RowData row, ValueType type, RowBlock block) {
        block.putRowHeader(type.parts.length);
        for (int i = 0; i < type.parts.length; i++) {
            putField(row, i, type.parts[i], block);
        }
    }
}

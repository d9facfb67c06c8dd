package com.starrocks.connector.flink.codec;

import com.starrocks.connector.flink.core.RowBlock;

import org.apache.flink.core.memory.MemorySegment;
import org.apache.flink.core.memory.MemorySegmentFactory;
import org.apache.flink.table.data.ArrayData;
import org.apache.flink.table.data.DecimalData;
import org.apache.flink.table.data.MapData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.TimestampData;
import org.apache.flink.table.data.binary.BinaryRowData;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Whether the bytes of a {@link BinaryRowData} may be handed to the native half as they lie.
 *
 * <p>Their layout is internal to Flink. So a row written by hand in the layout that the native half
 * reads is read through Flink's getters once, when this class is loaded; if any value differs, or
 * Flink's classes aren't what they are known as, rows go through the getters.
 */
final class BinaryRows {

    /** Whether this Flink lays out its rows as the native half expects. */
    static final boolean ARE_KNOWN = check();

    private static final int FIELDS = 18;
    private static final int SLOT = 8;

    private BinaryRows() {}

    private static boolean check() {
        String trouble = trouble(sample());
        if (trouble == null) {
            return true;
        }
        Logger log = LoggerFactory.getLogger(BinaryRows.class);
        log.warn(
                "This Flink's binary rows are not laid out as expected ({}): they are read field by"
                        + " field, which is slower",
                trouble);
        return false;
    }

    /**
     * A row with a value of every type, and the unused bytes of short values filled with rubbish.
     */
    static byte[] sample() {
        ByteBuffer row = ByteBuffer.allocate(512).order(ByteOrder.LITTLE_ENDIAN);
        int width = headerBytes(FIELDS);
        for (int i = 0; i < 7; i++) {
            row.putLong(width + i * SLOT, -1);
        }
        row.put(1 + 14 / 8, (byte) (1 << 14 % 8));
        row.put(width, (byte) 1);
        row.put(width + SLOT, (byte) -2);
        row.putShort(width + 2 * SLOT, (short) -3);
        row.putInt(width + 3 * SLOT, 42);
        row.putLong(width + 4 * SLOT, Long.MIN_VALUE + 5);
        row.putFloat(width + 5 * SLOT, 1.5f);
        row.putDouble(width + 6 * SLOT, -2.5);
        putInline(row, width + 7 * SLOT, "hi");
        int at = width + FIELDS * SLOT;
        at = refer(row, width + 8 * SLOT, at, "hello world".getBytes(StandardCharsets.UTF_8));
        putInline(row, width + 9 * SLOT, "7 bytes");
        row.putLong(width + 10 * SLOT, 1234);
        at = refer(row, width + 11 * SLOT, at, new byte[] {(byte) 0xfb, 0x2e});
        row.putLong(width + 12 * SLOT, 1000);
        row.putLong(width + 13 * SLOT, (long) at << 32 | 123_456);
        row.putLong(at, -1000);
        at += SLOT;
        at = refer(row, width + 15 * SLOT, at, array());
        at = refer(row, width + 16 * SLOT, at, nested());
        at = refer(row, width + 17 * SLOT, at, map());
        return Arrays.copyOf(row.array(), at);
    }

    private static int headerBytes(int fields) {
        return (fields + 63 + 8) / 64 * 8;
    }

    private static void putInline(ByteBuffer to, int at, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        for (int i = 0; i < bytes.length; i++) {
            to.put(at + i, bytes[i]);
        }
        to.put(at + SLOT - 1, (byte) (0x80 | bytes.length));
    }

    /** Lets a slot refer to bytes, and returns where the next ones go. */
    private static int refer(ByteBuffer to, int slot, int at, byte[] bytes) {
        to.putLong(slot, (long) at << 32 | bytes.length);
        for (int i = 0; i < bytes.length; i++) {
            to.put(at + i, bytes[i]);
        }
        return at + (bytes.length + SLOT - 1) / SLOT * SLOT;
    }

    /** ["x", null, "abcdefghij"]. */
    private static byte[] array() {
        ByteBuffer array = ByteBuffer.allocate(48).order(ByteOrder.LITTLE_ENDIAN);
        array.putInt(0, 3).putInt(4, 1 << 1);
        putInline(array, 8, "x");
        refer(array, 24, 32, "abcdefghij".getBytes(StandardCharsets.UTF_8));
        return array.array();
    }

    /** A row of a NULL and 7. */
    private static byte[] nested() {
        ByteBuffer row = ByteBuffer.allocate(24).order(ByteOrder.LITTLE_ENDIAN);
        row.put(1, (byte) 1).putInt(16, 7);
        return row.array();
    }

    /** 5 -> 6. */
    private static byte[] map() {
        ByteBuffer map = ByteBuffer.allocate(28).order(ByteOrder.LITTLE_ENDIAN);
        map.putInt(0, 12).putInt(4, 1).putInt(12, 5).putInt(16, 1).putInt(24, 6);
        return map.array();
    }

    /** What differs from the expected, or null. */
    static String trouble(byte[] sample) {
        if (ByteOrder.nativeOrder() != ByteOrder.LITTLE_ENDIAN) {
            return "the machine's byte order is " + ByteOrder.nativeOrder();
        }
        try {
            return difference(sample);
        } catch (RuntimeException | LinkageError | AssertionError e) {
            return e.toString();
        }
    }

    private static String difference(byte[] sample) {
        for (int fields = 0; fields < 130; fields++) {
            if (BinaryRowData.calculateBitSetWidthInBytes(fields) != headerBytes(fields)) {
                return "the header of " + fields + " fields";
            }
        }
        BinaryRowData row = new BinaryRowData(FIELDS);
        row.pointTo(MemorySegmentFactory.wrap(sample), 0, sample.length);
        for (int i = 0; i < FIELDS; i++) {
            if (row.isNullAt(i) != (i == 14) || !isExpected(row, i)) {
                return "field " + i;
            }
        }
        return isCopied(row, sample) ? null : "copies of memory";
    }

    private static boolean isExpected(RowData row, int field) {
        switch (field) {
            case 0:
                return row.getBoolean(field);
            case 1:
                return row.getByte(field) == -2;
            case 2:
                return row.getShort(field) == -3;
            case 3:
                return row.getInt(field) == 42;
            case 4:
                return row.getLong(field) == Long.MIN_VALUE + 5;
            case 5:
                return row.getFloat(field) == 1.5f;
            case 6:
                return row.getDouble(field) == -2.5;
            case 7:
                return row.getString(field).toString().equals("hi");
            case 8:
                return row.getString(field).toString().equals("hello world");
            case 9:
                byte[] bytes = "7 bytes".getBytes(StandardCharsets.UTF_8);
                return Arrays.equals(row.getBinary(field), bytes);
            case 10:
                return isDecimal(row.getDecimal(field, 10, 2), "12.34");
            case 11:
                return isDecimal(row.getDecimal(field, 20, 2), "-12.34");
            case 12:
                return isTimestamp(row.getTimestamp(field, 3), 1000, 0);
            case 13:
                return isTimestamp(row.getTimestamp(field, 6), -1000, 123_456);
            case 15:
                return isArray(row.getArray(field));
            case 16:
                RowData nested = row.getRow(field, 2);
                return nested.isNullAt(0) && !nested.isNullAt(1) && nested.getInt(1) == 7;
            case 17:
                return isMap(row.getMap(field));
            default:
                return true;
        }
    }

    private static boolean isDecimal(DecimalData value, String expected) {
        return value.toBigDecimal().equals(new BigDecimal(expected));
    }

    private static boolean isTimestamp(TimestampData value, long millis, int nanos) {
        return value.getMillisecond() == millis && value.getNanoOfMillisecond() == nanos;
    }

    private static boolean isArray(ArrayData array) {
        StringData first = array.getString(0);
        return array.size() == 3
                && first.toString().equals("x")
                && array.isNullAt(1)
                && array.getString(2).toString().equals("abcdefghij");
    }

    private static boolean isMap(MapData map) {
        return map.size() == 1 && map.keyArray().getInt(0) == 5 && map.valueArray().getInt(0) == 6;
    }

    /** Copies the row into a block and looks at what arrives there. */
    private static boolean isCopied(BinaryRowData row, byte[] sample) {
        RowBlock block = new RowBlock(sample.length + 64);
        MemorySegment[] segments = row.getSegments();
        new BlockSegment().append(segments, row.getOffset(), row.getSizeInBytes(), block);
        for (int i = 0; i < sample.length; i++) {
            if (block.buffer().get(i) != sample[i]) {
                return false;
            }
        }
        return block.length() == sample.length;
    }
}

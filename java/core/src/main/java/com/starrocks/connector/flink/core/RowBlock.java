package com.starrocks.connector.flink.core;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A run of encoded rows in a direct buffer; {@link BlockLayout} gives the layout.
 *
 * <p>A row is written between {@link #beginFrame} and {@link #endFrame}. Every {@code put} method
 * throws {@link BlockFullException} when the value doesn't fit; {@link #rollbackFrame} then removes
 * what was written of the row. Nothing here creates an object. Not thread-safe.
 *
 * <p>Strings become UTF-8 as {@link TextEncoder} says.
 */
public final class RowBlock {

    /** Bytes of the smallest block. */
    static final int MIN_BYTES = 64;

    /**
     * Bytes of the buffer behind the capacity, so that a short value is written with its tag in one
     * piece of eight bytes, whose end the next value overwrites.
     */
    private static final int SLACK = 8;

    /** Most bytes a block can hold. */
    static final int MAX_CAPACITY = Integer.MAX_VALUE - SLACK;

    private static final long INT_BITS = 0xFFFFFFFFL;

    /** Of eight characters, the bits that ASCII doesn't have. */
    private static final long NOT_ASCII = 0x8080808080808080L;

    private static final int NO_FRAME = -1;

    private final TextEncoder text = new TextEncoder();
    private final boolean byAddress;
    private ByteBuffer buffer;

    /** Where the buffer lies, or 0 if it is to be written to by its own methods. */
    private long address;

    private int capacity;
    private int position;
    private int frameStart = NO_FRAME;

    /** Table and op of the open frame, as they lie in its header. */
    private int frameTarget;

    private int rows;

    /**
     * An empty block.
     *
     * @param capacity bytes, at least {@link #MIN_BYTES}
     */
    public RowBlock(int capacity) {
        this(capacity, true);
    }

    /**
     * @param byAddress whether to use {@link DirectMemory}, if that can be
     */
    RowBlock(int capacity, boolean byAddress) {
        this.byAddress = byAddress;
        if (capacity < MIN_BYTES) {
            throw new IllegalArgumentException(
                    "a row block of " + capacity + " bytes is too small");
        }
        replaceBuffer(capacity);
    }

    private void replaceBuffer(int newCapacity) {
        buffer = ByteBuffer.allocateDirect(newCapacity + SLACK).order(ByteOrder.LITTLE_ENDIAN);
        capacity = newCapacity;
        address = byAddress ? DirectMemory.address(buffer) : 0;
    }

    /**
     * The memory of the block, for writing into what {@link #reserve} gave. It is another buffer
     * after the block has grown, which it may do between two rows. Its own position and limit mean
     * nothing.
     */
    public ByteBuffer buffer() {
        return buffer;
    }

    /** Bytes the block can hold. */
    public int capacity() {
        return capacity;
    }

    /** Bytes written, an open frame included. */
    public int length() {
        return position;
    }

    /** Rows completed since the block was last empty. */
    public int rows() {
        return rows;
    }

    /** Whether the block holds no completed row. */
    public boolean isEmpty() {
        return rows == 0;
    }

    /** Forgets everything in the block. */
    public void clear() {
        position = 0;
        rows = 0;
        frameStart = NO_FRAME;
    }

    /**
     * Replaces the buffer by a larger one. The block must be empty.
     *
     * @throws OutOfMemoryError if the JVM's direct memory doesn't suffice; the block is unchanged
     */
    void grow(int newCapacity) {
        if (position != 0 || newCapacity <= capacity) {
            throw new IllegalStateException("only an empty block grows");
        }
        replaceBuffer(newCapacity);
    }

    /**
     * Starts a row.
     *
     * @param table id that the session gave the table
     * @param op {@link BlockLayout#UPSERT} or {@link BlockLayout#DELETE}
     */
    public void beginFrame(int table, byte op) {
        if (frameStart != NO_FRAME) {
            throw new IllegalStateException("the row before was neither ended nor rolled back");
        }
        if (table < 0 || table > BlockLayout.MAX_TABLE_ID) {
            throw new IllegalArgumentException("no such table id: " + table);
        }
        frameStart = reserve(BlockLayout.FRAME_HEADER);
        frameTarget = table | op << 16;
    }

    /**
     * Completes the row.
     *
     * @param encoding of what was written since {@link #beginFrame}: {@link BlockLayout#RAW},
     *     {@link BlockLayout#SLOTS} or {@link BlockLayout#BINARY}
     */
    public void endFrame(byte encoding) {
        if (frameStart == NO_FRAME) {
            throw new IllegalStateException("no row was begun");
        }
        long payload = position - frameStart - BlockLayout.FRAME_HEADER;
        long target = frameTarget | encoding << 24;
        setLong(frameStart, payload | target << 32);
        frameStart = NO_FRAME;
        rows++;
    }

    /** Removes the open row, if there is one. */
    public void rollbackFrame() {
        if (frameStart != NO_FRAME) {
            position = frameStart;
            frameStart = NO_FRAME;
        }
    }

    /** Takes {@code bytes} more for the caller to fill, and returns where they start. */
    public int reserve(int bytes) {
        int at = position;
        // A count below 0 fits no more than one that is too large: what is reserved is written to
        // unchecked.
        if (Integer.compareUnsigned(bytes, capacity - at) > 0) {
            throw BlockFullException.INSTANCE;
        }
        position = at + bytes;
        return at;
    }

    /** Appends a NULL. */
    public void putNull() {
        setByte(reserve(1), BlockLayout.TAG_NULL);
    }

    /** Appends a boolean. */
    public void putBoolean(boolean value) {
        setByte(reserve(1), value ? BlockLayout.TAG_TRUE : BlockLayout.TAG_FALSE);
    }

    /** Appends an 8-bit integer. */
    public void putByte(byte value) {
        int at = reserve(2);
        setByte(at, BlockLayout.TAG_I8);
        setByte(at + 1, value);
    }

    /** Appends a 16-bit integer. */
    public void putShort(short value) {
        setInt(reserve(3), BlockLayout.TAG_I16 | value << 8);
    }

    /** Appends a 32-bit integer. */
    public void putInt(int value) {
        putTagged(BlockLayout.TAG_I32, value);
    }

    /** Appends a 64-bit integer. */
    public void putLong(long value) {
        int at = reserve(9);
        setByte(at, BlockLayout.TAG_I64);
        setLong(at + 1, value);
    }

    /** Appends a 32-bit float. */
    public void putFloat(float value) {
        putTagged(BlockLayout.TAG_F32, Float.floatToRawIntBits(value));
    }

    /** Appends a 64-bit float. */
    public void putDouble(double value) {
        int at = reserve(9);
        setByte(at, BlockLayout.TAG_F64);
        setLong(at + 1, Double.doubleToRawLongBits(value));
    }

    /**
     * Appends a decimal.
     *
     * @param scale digits after the point, 0 to 255
     */
    public void putDecimal(int scale, long unscaled) {
        int at = reserve(10);
        setInt(at, BlockLayout.TAG_DECIMAL64 | scale << 8);
        setLong(at + 2, unscaled);
    }

    /**
     * Appends a decimal.
     *
     * @param scale digits after the point, 0 to 255
     * @param unscaled two's complement, big-endian, 1 to {@value BlockLayout#MAX_UNSCALED_BYTES}
     *     bytes
     */
    public void putDecimal(int scale, byte[] unscaled) {
        int at = reserve(3 + unscaled.length);
        setByte(at, BlockLayout.TAG_DECIMAL);
        setByte(at + 1, (byte) scale);
        setByte(at + 2, (byte) unscaled.length);
        copy(at + 3, unscaled, 0, unscaled.length);
    }

    /**
     * Appends an integer beyond 64 bits.
     *
     * @param value two's complement, big-endian, 1 to {@value BlockLayout#MAX_UNSCALED_BYTES} bytes
     */
    public void putBigInteger(byte[] value) {
        int at = reserve(2 + value.length);
        setByte(at, BlockLayout.TAG_BIGINT);
        setByte(at + 1, (byte) value.length);
        copy(at + 2, value, 0, value.length);
    }

    /** Appends a string. */
    public void putString(CharSequence value) {
        int at = reserve(5);
        putText(value);
        setByte(at, BlockLayout.TAG_STRING);
        setInt(at + 1, position - at - 5);
    }

    /** Appends a string that is UTF-8 already. */
    public void putString(byte[] utf8) {
        putTagged(BlockLayout.TAG_STRING, utf8);
    }

    /** Appends bytes. */
    public void putBytes(byte[] value) {
        putTagged(BlockLayout.TAG_BYTES, value);
    }

    /** A tag and four bytes. */
    private void putTagged(byte tag, int value) {
        setLong(reserve(5), tag | (value & INT_BITS) << 8);
    }

    private void putTagged(byte tag, byte[] value) {
        int at = reserve(5 + value.length);
        setLong(at, tag | (long) value.length << 8);
        copy(at + 5, value, 0, value.length);
    }

    /**
     * Appends the head of a string of UTF-8, whose bytes the caller appends by way of {@link
     * #reserve}.
     */
    public void putStringHeader(int bytes) {
        putTagged(BlockLayout.TAG_STRING, bytes);
    }

    /** Appends a date: days since 1970-01-01. */
    public void putDate(int epochDay) {
        putTagged(BlockLayout.TAG_DATE, epochDay);
    }

    /** Appends a time: nanosecond of the day. */
    public void putTime(long nanoOfDay) {
        int at = reserve(9);
        setByte(at, BlockLayout.TAG_TIME);
        setLong(at + 1, nanoOfDay);
    }

    /**
     * Appends a wall time.
     *
     * @param millis milliseconds since 1970-01-01 00:00:00 of the wall time
     * @param nanoOfMilli 0 to 999,999
     */
    public void putTimestamp(long millis, int nanoOfMilli) {
        putInstant(BlockLayout.TAG_TIMESTAMP, millis, nanoOfMilli);
    }

    /**
     * Appends an instant.
     *
     * @param millis milliseconds since the epoch
     * @param nanoOfMilli 0 to 999,999
     */
    public void putTimestampLtz(long millis, int nanoOfMilli) {
        putInstant(BlockLayout.TAG_TIMESTAMP_LTZ, millis, nanoOfMilli);
    }

    private void putInstant(byte tag, long millis, int nanoOfMilli) {
        int at = reserve(13);
        setByte(at, tag);
        setLong(at + 1, millis);
        setInt(at + 9, nanoOfMilli);
    }

    /** Appends the head of an array; its {@code count} values follow. */
    public void putArrayHeader(int count) {
        putTagged(BlockLayout.TAG_ARRAY, count);
    }

    /** Appends the head of a map; its {@code count} keys, each with its value, follow. */
    public void putMapHeader(int count) {
        putTagged(BlockLayout.TAG_MAP, count);
    }

    /** Appends the head of a row; its {@code count} (at most 65,535) values follow. */
    public void putRowHeader(int count) {
        int at = reserve(3);
        setInt(at, BlockLayout.TAG_ROW | count << 8);
    }

    /** Appends bytes without tag or length, as the payload of a {@link BlockLayout#RAW} frame. */
    public void putRaw(byte[] bytes) {
        copy(reserve(bytes.length), bytes, 0, bytes.length);
    }

    /** Appends text in UTF-8 without tag or length. */
    public void putRaw(CharSequence text) {
        putText(text);
    }

    // These write where something was reserved, or begin where it ends: SLACK covers the rest.

    private void setByte(int at, byte value) {
        if (address != 0) {
            DirectMemory.putByte(address + at, value);
        } else {
            buffer.put(at, value);
        }
    }

    private void setInt(int at, int value) {
        if (address != 0) {
            DirectMemory.putInt(address + at, value);
        } else {
            buffer.putInt(at, value);
        }
    }

    private void setLong(int at, long value) {
        if (address != 0) {
            DirectMemory.putLong(address + at, value);
        } else {
            buffer.putLong(at, value);
        }
    }

    private void copy(int at, byte[] bytes, int from, int count) {
        buffer.position(at);
        buffer.put(bytes, from, count);
    }

    private void putText(CharSequence value) {
        int length = value.length();
        // Each char becomes at least one byte: a hopeless row is refused before it is encoded.
        if (length > capacity - position) {
            throw BlockFullException.INSTANCE;
        }
        if (value instanceof String && putAscii((String) value)) {
            return;
        }
        int next = 0;
        while (next < length) {
            next = text.encode(value, next);
            int filled = text.filled();
            copy(reserve(filled), text.bytes(), 0, filled);
        }
    }

    /**
     * Appends text that is known to fit, if it is ASCII and its bytes can be had: whether it did.
     */
    private boolean putAscii(String value) {
        byte[] bytes = Latin1Strings.bytes(value);
        if (bytes == null) {
            return false;
        }
        int at = position;
        int length = bytes.length;
        int last = length - Long.BYTES;
        long seen = 0;
        if (last < 0) {
            for (int i = length - 1; i >= 0; i--) {
                seen = seen << Byte.SIZE | bytes[i] & 0xFF;
            }
            setLong(at, seen);
        } else {
            for (int i = 0; i < last; i += Long.BYTES) {
                long word = Latin1Strings.word(bytes, i);
                seen |= word;
                setLong(at + i, word);
            }
            // Overlaps the word before it, so that none reaches behind the text.
            long word = Latin1Strings.word(bytes, last);
            seen |= word;
            setLong(at + last, word);
        }
        if ((seen & NOT_ASCII) != 0) {
            return false;
        }
        position = at + length;
        return true;
    }
}

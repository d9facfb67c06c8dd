package com.starrocks.connector.flink.core;

/**
 * Layout of row blocks and of the counters, mirrored in the Rust crates {@code row} and {@code
 * sink}.
 *
 * <p>Everything is little-endian. A block is a run of frames without a header of its own. A frame
 * is {@value #FRAME_HEADER} bytes of header and a payload, without padding:
 *
 * <pre>
 * u32 payload length | u16 table id | u8 op | u8 encoding
 * </pre>
 *
 * <p>The payload of a {@link #RAW} frame is the row's text in UTF-8. The payload of a {@link
 * #SLOTS} frame is one tagged value per column of the table, in the table's order; a tagged value
 * is a tag byte followed by the body that the tag's comment gives. The payload of a {@link #BINARY}
 * frame is the bytes of a Flink {@code BinaryRowData}.
 */
public final class BlockLayout {

    /** Version of all layouts and native methods; {@link Native#abi()} must return the same. */
    public static final int ABI = 4;

    /** Bytes of a frame's header. */
    public static final int FRAME_HEADER = 8;

    /** Op: insert, or update of the row with the same key. */
    public static final byte UPSERT = 0;

    /** Op: delete the row with the same key. */
    public static final byte DELETE = 1;

    /** Encoding: the payload is the row's text, sent as it is. */
    public static final byte RAW = 1;

    /** Encoding: the payload is one tagged value per column. */
    public static final byte SLOTS = 2;

    /**
     * Encoding: the payload is a {@code BinaryRowData} of Flink as it lies in memory,
     * little-endian, with as many fields as the table has columns, of their types. Its own row kind
     * is not looked at.
     */
    public static final byte BINARY = 3;

    /** Highest table id a frame can name. */
    public static final int MAX_TABLE_ID = 0xFFFF;

    /** Containers inside containers, the outermost counted as 1; both sides refuse more. */
    public static final int MAX_DEPTH = 64;

    /** Bytes of the unscaled value of a decimal or big integer; both sides refuse more. */
    public static final int MAX_UNSCALED_BYTES = 32;

    /** No body. */
    public static final byte TAG_NULL = 0;

    /** No body. */
    public static final byte TAG_FALSE = 1;

    /** No body. */
    public static final byte TAG_TRUE = 2;

    /** i8. */
    public static final byte TAG_I8 = 3;

    /** i16. */
    public static final byte TAG_I16 = 4;

    /** i32. */
    public static final byte TAG_I32 = 5;

    /** i64. */
    public static final byte TAG_I64 = 6;

    /** f32. */
    public static final byte TAG_F32 = 7;

    /** f64. */
    public static final byte TAG_F64 = 8;

    /** u8 scale, i64 unscaled value. */
    public static final byte TAG_DECIMAL64 = 9;

    /**
     * u8 scale, u8 n (1 to {@value #MAX_UNSCALED_BYTES}), n bytes of the unscaled value: two's
     * complement, big-endian.
     */
    public static final byte TAG_DECIMAL = 10;

    /** u32 n, n bytes of UTF-8. */
    public static final byte TAG_STRING = 11;

    /** u32 n, n bytes. */
    public static final byte TAG_BYTES = 12;

    /** i32 days since 1970-01-01. */
    public static final byte TAG_DATE = 13;

    /** i64 nanosecond of the day. */
    public static final byte TAG_TIME = 14;

    /** i64 milliseconds since 1970-01-01 00:00:00 of the wall time, i32 nanosecond of the milli. */
    public static final byte TAG_TIMESTAMP = 15;

    /** i64 milliseconds since the epoch (an instant), i32 nanosecond of the millisecond. */
    public static final byte TAG_TIMESTAMP_LTZ = 16;

    /** u32 count, then as many values. */
    public static final byte TAG_ARRAY = 17;

    /** u32 count, then as many pairs of key and value. */
    public static final byte TAG_MAP = 18;

    /** u16 count, then as many values. */
    public static final byte TAG_ROW = 19;

    /** u8 n (1 to {@value #MAX_UNSCALED_BYTES}), n bytes: two's complement, big-endian. */
    public static final byte TAG_BIGINT = 20;

    /** Number of i64 in the counters' memory. */
    public static final int COUNTERS = 64;

    private BlockLayout() {}
}

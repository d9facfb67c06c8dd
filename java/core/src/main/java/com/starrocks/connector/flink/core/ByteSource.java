package com.starrocks.connector.flink.core;

import java.nio.charset.StandardCharsets;

/** Little-endian bytes from the native half, every read checked against their end. */
final class ByteSource {

    private final byte[] bytes;
    private final String what;
    private int position;

    /**
     * Reads {@code bytes} from their start.
     *
     * @param what names the bytes in the error of a read past the end
     */
    ByteSource(byte[] bytes, String what) {
        this.bytes = bytes;
        this.what = what;
    }

    boolean hasMore() {
        return position < bytes.length;
    }

    int u8() {
        return bytes[take(1)] & 0xFF;
    }

    int u16() {
        return u8() | u8() << 8;
    }

    int i32() {
        return u16() | u16() << 16;
    }

    long i64() {
        return i32() & 0xFFFFFFFFL | (long) i32() << 32;
    }

    /** u32 length, then as many bytes. */
    byte[] sizedBytes() {
        int count = i32();
        int at = take(count);
        byte[] copy = new byte[count];
        System.arraycopy(bytes, at, copy, 0, count);
        return copy;
    }

    /** u32 length, then UTF-8. */
    String text() {
        int count = i32();
        return new String(bytes, take(count), count, StandardCharsets.UTF_8);
    }

    /** Text, or null for the length 0xFFFFFFFF. */
    String textOrNull() {
        int count = i32();
        return count == -1 ? null : new String(bytes, take(count), count, StandardCharsets.UTF_8);
    }

    private int take(int count) {
        int at = position;
        if (count < 0 || count > bytes.length - at) {
            throw new IllegalArgumentException(
                    what + " end at byte " + bytes.length + ", in the middle of a value at " + at);
        }
        position = at + count;
        return at;
    }
}

package com.starrocks.connector.flink.core;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** Little-endian bytes of configuration, written once when a job starts. */
final class ByteSink {

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    void u8(int value) {
        out.write(value);
    }

    void u16(int value) {
        u8(value);
        u8(value >>> 8);
    }

    void i32(int value) {
        u16(value);
        u16(value >>> 16);
    }

    void i64(long value) {
        i32((int) value);
        i32((int) (value >>> 32));
    }

    void bytes(byte[] bytes) {
        out.write(bytes, 0, bytes.length);
    }

    /** A name: u16 length, then UTF-8. */
    void name(String name) {
        byte[] utf8 = name.getBytes(StandardCharsets.UTF_8);
        if (utf8.length > 0xFFFF) {
            throw new IllegalArgumentException(
                    "a name of " + utf8.length + " bytes is too long: " + name.substring(0, 64));
        }
        u16(utf8.length);
        bytes(utf8);
    }

    byte[] toByteArray() {
        return out.toByteArray();
    }
}

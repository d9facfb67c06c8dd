package com.starrocks.connector.flink.core;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Builds the bytes in which configuration crosses the native boundary: u32 count, then per pair a
 * u32 length and the key in UTF-8, and a u32 length and the value; little-endian.
 *
 * <p>A key set again replaces its value. {@code toString} shows keys alone, since a value may be a
 * password.
 */
public final class PairsWriter {

    private final Map<String, byte[]> pairs = new LinkedHashMap<>();

    /** Sets a text. */
    public PairsWriter put(String key, String value) {
        return put(key, value.getBytes(StandardCharsets.UTF_8));
    }

    /** Sets a number, as its decimal digits. */
    public PairsWriter put(String key, long value) {
        return put(key, Long.toString(value));
    }

    /** Sets a truth value, as {@code true} or {@code false}. */
    public PairsWriter put(String key, boolean value) {
        return put(key, Boolean.toString(value));
    }

    /** Sets bytes. */
    public PairsWriter put(String key, byte[] value) {
        pairs.put(key, value.clone());
        return this;
    }

    /** The pairs' bytes, in the order in which the keys were first set. */
    public byte[] toByteArray() {
        ByteSink out = new ByteSink();
        out.i32(pairs.size());
        for (Map.Entry<String, byte[]> pair : pairs.entrySet()) {
            byte[] key = pair.getKey().getBytes(StandardCharsets.UTF_8);
            out.i32(key.length);
            out.bytes(key);
            out.i32(pair.getValue().length);
            out.bytes(pair.getValue());
        }
        return out.toByteArray();
    }

    @Override
    public String toString() {
        return "PairsWriter" + pairs.keySet();
    }
}

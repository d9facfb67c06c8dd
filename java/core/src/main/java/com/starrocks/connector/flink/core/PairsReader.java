package com.starrocks.connector.flink.core;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;

/** Reads the bytes that {@link PairsWriter} describes. {@code toString} shows keys alone. */
public final class PairsReader {

    private final Map<String, byte[]> pairs = new LinkedHashMap<>();

    /**
     * Decodes the pairs.
     *
     * @throws IllegalArgumentException if the bytes are cut short, go on behind the last pair, or
     *     hold a key twice
     */
    public PairsReader(byte[] bytes) {
        ByteSource in = new ByteSource(bytes, "pairs");
        int count = in.i32();
        if (count < 0) {
            throw new IllegalArgumentException("pairs claim to be " + (count & 0xFFFFFFFFL));
        }
        for (int i = 0; i < count; i++) {
            String key = in.text();
            if (pairs.put(key, in.sizedBytes()) != null) {
                throw new IllegalArgumentException("pairs hold the key " + key + " twice");
            }
        }
        if (in.hasMore()) {
            throw new IllegalArgumentException("pairs have bytes behind the last pair");
        }
    }

    /** The keys, in their order. */
    public Set<String> keys() {
        return pairs.keySet();
    }

    /**
     * The value of a key.
     *
     * @throws NoSuchElementException if there is no such key
     */
    public byte[] bytes(String key) {
        byte[] value = pairs.get(key);
        if (value == null) {
            throw new NoSuchElementException("pairs have no " + key + " but " + pairs.keySet());
        }
        return value.clone();
    }

    /**
     * The value of a key, as text.
     *
     * @throws NoSuchElementException if there is no such key
     */
    public String text(String key) {
        return new String(bytes(key), StandardCharsets.UTF_8);
    }

    @Override
    public String toString() {
        return "PairsReader" + pairs.keySet();
    }
}

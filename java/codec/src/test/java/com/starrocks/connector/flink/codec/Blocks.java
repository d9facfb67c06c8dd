package com.starrocks.connector.flink.codec;

import com.starrocks.connector.flink.core.RowBlock;
import com.starrocks.connector.flink.core.RowEncoder;

import java.nio.ByteBuffer;

/** Payloads that encoders write, as hex. */
final class Blocks {

    private static final int CAPACITY = 1 << 20;

    private Blocks() {}

    /** The payload of one row. */
    static <T> String payload(RowEncoder<? super T> encoder, T row) {
        RowBlock block = new RowBlock(CAPACITY);
        encoder.encode(row, block);
        return hex(block);
    }

    /** What a block holds. */
    static String hex(RowBlock block) {
        int length = block.length();
        ByteBuffer bytes = block.window(0).duplicate();
        StringBuilder hex = new StringBuilder(2 * length);
        for (int i = 0; i < length; i++) {
            int b = bytes.get(i) & 0xFF;
            hex.append(Character.forDigit(b >> 4, 16)).append(Character.forDigit(b & 0xF, 16));
        }
        return hex.toString();
    }

    /** The same hex without blanks. */
    static String strip(String hex) {
        return hex.replaceAll("\\s", "");
    }
}

package com.starrocks.connector.flink.codec;

import com.starrocks.connector.flink.core.Hex;
import com.starrocks.connector.flink.core.RowBlock;
import com.starrocks.connector.flink.core.RowEncoder;

/** Payloads that encoders write, as hex. */
final class Blocks {

    private static final int CAPACITY = 1 << 20;

    private Blocks() {}

    /** The payload of one row. */
    static <T> String payload(RowEncoder<? super T> encoder, T row) {
        RowBlock block = new RowBlock(CAPACITY);
        encoder.encode(row, block);
        return Hex.of(block);
    }
}

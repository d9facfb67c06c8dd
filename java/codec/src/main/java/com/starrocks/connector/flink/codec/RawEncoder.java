package com.starrocks.connector.flink.codec;

import com.starrocks.connector.flink.core.BlockLayout;
import com.starrocks.connector.flink.core.RowBlock;
import com.starrocks.connector.flink.core.RowEncoder;

/** Writes rows that are text already, a CSV line or a JSON object each. */
public final class RawEncoder implements RowEncoder<String> {

    @Override
    public byte encode(String row, RowBlock block) {
        if (row == null) {
            throw new IllegalArgumentException("a row is null; leave such rows out of the stream");
        }
        block.putRaw(row);
        return BlockLayout.RAW;
    }
}

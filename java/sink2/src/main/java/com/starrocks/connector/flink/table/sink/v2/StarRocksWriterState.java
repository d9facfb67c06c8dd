package com.starrocks.connector.flink.table.sink.v2;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * What a writer's successor must know beside the committables: which labels were given out, so that
 * it finds the transactions that were begun after the checkpoint and rolls them back.
 */
public final class StarRocksWriterState {

    private final List<byte[]> records;

    /** The state of one subtask, records of the native half, which aren't copied. */
    public StarRocksWriterState(List<byte[]> records) {
        this.records = Collections.unmodifiableList(new ArrayList<>(records));
    }

    /** The native half's records. */
    public List<byte[]> records() {
        return records;
    }
}

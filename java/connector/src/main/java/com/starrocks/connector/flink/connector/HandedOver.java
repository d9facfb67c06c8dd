package com.starrocks.connector.flink.connector;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** What a writer gives away at a checkpoint, and knows nothing of from then on. */
public final class HandedOver {

    /**
     * Kind of the records of labels. The frame in which it is has the same form in every version.
     */
    private static final int LABELS = 3;

    private static final int KIND_AT = 6;

    private final List<byte[]> records = new ArrayList<>();
    private final List<byte[]> labels = new ArrayList<>();

    HandedOver(Iterable<byte[]> pieces) {
        for (byte[] piece : pieces) {
            int kind = piece[KIND_AT] & 0xff | (piece[KIND_AT + 1] & 0xff) << 8;
            (kind == LABELS ? labels : records).add(piece);
        }
    }

    /** Batches to be loaded and transactions to be committed once the checkpoint is complete. */
    public List<byte[]> records() {
        return Collections.unmodifiableList(records);
    }

    /** By which a later writer finds what was begun after the checkpoint. */
    public List<byte[]> labels() {
        return Collections.unmodifiableList(labels);
    }
}

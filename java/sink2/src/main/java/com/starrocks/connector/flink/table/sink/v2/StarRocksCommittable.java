package com.starrocks.connector.flink.table.sink.v2;

/**
 * Rows that belong to a checkpoint and become visible once it is complete: a batch that is yet to
 * be loaded, or a transaction that is yet to be committed. Complete by itself: any subtask of any
 * later attempt can go on with it.
 */
public final class StarRocksCommittable {

    private final long checkpoint;
    private final byte[] record;

    /**
     * A committable.
     *
     * @param checkpoint a number above that of every checkpoint taken before, and not above that of
     *     the first which holds this
     * @param record the native half's record of it, which isn't copied
     */
    public StarRocksCommittable(long checkpoint, byte[] record) {
        this.checkpoint = checkpoint;
        this.record = record;
    }

    /** See the constructor. */
    public long checkpoint() {
        return checkpoint;
    }

    /** The native half's record; not to be changed. */
    public byte[] record() {
        return record;
    }

    @Override
    public String toString() {
        return "rows for StarRocks of checkpoint " + checkpoint + " (" + record.length + " bytes)";
    }
}

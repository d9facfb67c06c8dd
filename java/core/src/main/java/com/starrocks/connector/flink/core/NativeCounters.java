package com.starrocks.connector.flink.core;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Counters of one session, updated by the native half in memory that Java owns, read without a
 * native call. Any thread may read; a value may be a moment old. They stay readable after the
 * session is closed and then keep their last values.
 *
 * <p>Those named as gauges go up and down; all others only rise.
 */
public final class NativeCounters {

    private final ByteBuffer memory =
            ByteBuffer.allocateDirect(BlockLayout.COUNTERS * Long.BYTES)
                    .order(ByteOrder.nativeOrder());

    NativeCounters() {}

    ByteBuffer memory() {
        return memory;
    }

    private long get(int index) {
        return memory.getLong(index * Long.BYTES);
    }

    /** Rows taken from row blocks. */
    public long rowsIn() {
        return get(0);
    }

    /** Bytes those rows are when serialized. */
    public long bytesIn() {
        return get(1);
    }

    /** Rows of successful loads. */
    public long rowsLoaded() {
        return get(2);
    }

    /** Bytes of successful loads. */
    public long bytesLoaded() {
        return get(3);
    }

    /** Successful loads. */
    public long loadsOk() {
        return get(4);
    }

    /** Failed loads, retries not counted. */
    public long loadsFailed() {
        return get(5);
    }

    /** Tries after the first. */
    public long loadRetries() {
        return get(6);
    }

    /** Rows that the server filtered out as bad. */
    public long rowsFiltered() {
        return get(7);
    }

    /** Rows that a where condition of the load left out. */
    public long rowsUnselected() {
        return get(8);
    }

    /** NaN and infinite values sent as NULL. */
    public long nonFiniteAsNull() {
        return get(9);
    }

    /** Gauge: bytes of rows taken and not yet loaded. */
    public long bufferedBytes() {
        return get(10);
    }

    /** Gauge: bytes of native memory in use. */
    public long memoryUsed() {
        return get(11);
    }

    /** Gauge: bound of native memory in bytes. */
    public long memoryMax() {
        return get(12);
    }

    /** Gauge: loads under way. */
    public long inflightLoads() {
        return get(13);
    }

    /** Gauge: rows of loads under way. */
    public long inflightRows() {
        return get(14);
    }

    /** Gauge: bytes of loads under way. */
    public long inflightBytes() {
        return get(15);
    }

    /** Nanoseconds of all loads, with their retries. */
    public long flushNanos() {
        return get(16);
    }

    /** Nanoseconds of all loads, last tries alone. */
    public long flushNanosWithoutRetries() {
        return get(17);
    }

    /** Gauge: tables known. */
    public long tables() {
        return get(18);
    }

    /** Nanoseconds spent waiting for memory. */
    public long waitNanos() {
        return get(19);
    }

    /** Times that a writer found the memory full. */
    public long timesBufferFull() {
        return get(20);
    }

    /** Batches sealed. */
    public long batchesSealed() {
        return get(21);
    }

    /** Events lost because they weren't drained in time. */
    public long eventsDropped() {
        return get(22);
    }

    /** Gauge: native threads alive. */
    public long threads() {
        return get(23);
    }

    /**
     * Gauge: bytes, packed, of rows that wait for their checkpoint to complete or for their load.
     */
    public long heldBytes() {
        return get(24);
    }

    /** Gauge: bytes of those in files. */
    public long spilledBytes() {
        return get(25);
    }

    /** Gauge: transactions begun and not prepared. */
    public long openTransactions() {
        return get(26);
    }

    /** Gauge: transactions prepared and not committed. */
    public long preparedTransactions() {
        return get(27);
    }

    /** Transactions committed. */
    public long commits() {
        return get(28);
    }

    /** Nanoseconds spent committing. */
    public long commitNanos() {
        return get(29);
    }

    /** Transactions rolled back. */
    public long rollbacks() {
        return get(30);
    }

    /** Transactions whose rows were sent again in a new one. */
    public long resentTransactions() {
        return get(31);
    }

    /** Gauge: pieces of restored state still to be loaded before rows are taken. */
    public long restoringPieces() {
        return get(32);
    }

    /** Gauge: bytes of state of the last checkpoint. */
    public long lastCheckpointBytes() {
        return get(33);
    }

    /**
     * Gauge, 0 or 1: whether rows of completed checkpoints wait because StarRocks can't be reached
     * or refuses them for now.
     */
    public long stalled() {
        return get(34);
    }
}

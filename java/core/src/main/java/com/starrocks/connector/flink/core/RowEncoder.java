package com.starrocks.connector.flink.core;

/**
 * Appends the payload of one row to a block. {@link NativeSession#write} opens and closes the frame
 * around it.
 *
 * <p>An encoder may be called twice for one row (when the block was full the first time), so it
 * must not change anything but the block. Encoders are used by one thread at a time.
 *
 * @param <T> class of the rows
 */
public interface RowEncoder<T> {

    /**
     * Appends the row's payload.
     *
     * @return how it is encoded: {@link BlockLayout#RAW}, {@link BlockLayout#SLOTS} or {@link
     *     BlockLayout#BINARY}
     * @throws BlockFullException as thrown by the block; to be passed on
     * @throws IllegalArgumentException if a value can't be encoded; the message names the column
     */
    byte encode(T row, RowBlock block);
}

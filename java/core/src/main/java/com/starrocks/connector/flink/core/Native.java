package com.starrocks.connector.flink.core;

import java.nio.ByteBuffer;

/**
 * All native methods. The library registers them in its {@code JNI_OnLoad}, so a method missing on
 * either side shows when the library is loaded, not when it is first called.
 *
 * <p>A session is a handle that is never used twice: a closed or foreign one is answered with code
 * {@link StarRocksNativeException.Code#CLOSED}. Every failure is a {@link
 * StarRocksNativeException}. Unless said otherwise, one thread at a time may use a session.
 */
final class Native {

    private Native() {}

    /** Version of the native methods and layouts; must be {@link BlockLayout#ABI}. */
    static native int abi();

    /**
     * Opens a session and starts its threads.
     *
     * @param config pairs, see {@link PairsWriter}
     * @param counters direct, 8-byte aligned, {@link BlockLayout#COUNTERS} i64 in native order; the
     *     library keeps it reachable until the session is closed
     * @return the session's handle
     */
    static native long open(byte[] config, ByteBuffer counters);

    /**
     * Adds a table, or finds the one added before under the same database and name.
     *
     * @param table pairs, see {@link TableConfig}
     * @return id for the frames of this table, counted from 0
     */
    static native int addTable(long session, byte[] table);

    /**
     * Serializes the rows between two positions of a direct buffer.
     *
     * <p>Returns the position up to which rows were taken. Less than {@code to} means that the
     * memory bound was reached and {@code waitMs} went by without room: call again from there. A
     * row that is refused with an exception is not consumed.
     *
     * @param waitMs milliseconds to wait for memory at most, 0 to 100
     */
    static native int submit(long session, ByteBuffer block, int from, int to, int waitMs);

    /** Seals all open batches, so that they load without waiting for more rows. */
    static native void flush(long session);

    /**
     * Waits for what may be loaded: at-least-once, every sealed batch; exactly-once, what belongs
     * to completed checkpoints, and after {@link #finish} everything.
     *
     * @param waitMs milliseconds, 0 to 100
     * @return whether all of it is loaded or committed
     */
    static native boolean await(long session, int waitMs);

    /**
     * Takes over one piece of the state of the checkpoint that the job is restored from. Called
     * before {@link #awaitReady}, and before any row.
     *
     * @param piece what {@link #nextState} returned, of whichever subtask
     */
    static native void restore(long session, byte[] piece);

    /**
     * Waits until rows may come: the server has been asked what it can do, and what {@link
     * #restore} brought is loaded, committed or rolled back. Begins that when called first.
     *
     * @param waitMs milliseconds, 0 to 100
     * @return whether rows may come
     */
    static native boolean awaitReady(long session, int waitMs);

    /**
     * Whether what a piece brought is dealt with.
     *
     * @param piece what {@link #restore} took, of a batch or a transaction
     */
    static native boolean isSettled(long session, byte[] piece);

    /**
     * Begins a checkpoint of everything submitted so far, in the background: at-least-once, it is
     * loaded; exactly-once, it is put into state, or its transactions are prepared.
     *
     * @param checkpoint Flink's number of it
     */
    static native void beginCheckpoint(long session, long checkpoint);

    /**
     * Waits for the checkpoint begun last. Its failure doesn't end the session, unless that has
     * failed as well, which every later call then says.
     *
     * @param waitMs milliseconds, 0 to 100
     * @return whether {@link #nextState} may be called
     */
    static native boolean awaitCheckpoint(long session, int waitMs);

    /**
     * Takes the next piece of the state of the checkpoint begun last.
     *
     * @return at most 16 MiB, or null after the last piece
     */
    static native byte[] nextState(long session);

    /**
     * Says that a checkpoint is complete. What it and those before it hold is loaded or committed
     * in the background; {@link #await} waits for that.
     */
    static native void completeCheckpoint(long session, long checkpoint);

    /**
     * Says that the input has ended and no checkpoint will come any more: everything submitted is
     * loaded in the background; {@link #await} waits for that.
     */
    static native void finish(long session);

    /** Takes the events since the last call, or null; for their layout see {@link EventReader}. */
    static native byte[] drainEvents(long session);

    /** Throws the session's failure if it has one. */
    static native void check(long session);

    /** Abandons the loads in flight at once. Any thread may call it, any number of times. */
    static native void cancel(long session);

    /** Ends the session: joins its threads, frees its memory. Loads nothing. */
    static native void close(long session);

    /**
     * What is alive in this copy of the library.
     *
     * @param what 0 sessions, 1 threads, 2 bytes
     */
    static native long live(int what);

    /**
     * Reads a table's schema and the server's version.
     *
     * @param request pairs
     * @return pairs, see {@link TableSchemaReply}
     */
    static native byte[] readTable(byte[] request);
}

package com.starrocks.connector.flink.core;

import java.util.Objects;
import java.util.concurrent.locks.ReentrantLock;

/**
 * One session of the native sink: rows go in, loads happen on native threads.
 *
 * <p>Rows collect in a row block on the Java side; {@link #submit} hands them over. Rows still in
 * the block are out of reach of the native half's flush interval, so the owner of the session calls
 * {@code submit} from time to time when few rows come.
 *
 * <p>One thread at a time may use a session; which thread it is may change, as long as there is a
 * happens-before edge between the two (Flink's checkpoint lock, for instance). Use by two threads
 * at once is an {@link IllegalStateException} where it is noticed. {@link #cancel} and {@link
 * #counters} are for any thread at any time.
 *
 * <p>Waiting (for memory, for loads) is done in native calls of at most {@value #WAIT_MS} ms, so
 * that an interrupt ends it as an {@link InterruptedException} within that time.
 *
 * <p>Methods throw {@link StarRocksNativeException} when the session has failed, {@linkplain
 * StarRocksNativeException.Code#CLOSED closed} after {@link #close}.
 */
public final class NativeSession implements AutoCloseable {

    /**
     * Bytes of a row block, unless a row needs more. Enough that handing it over costs next to
     * nothing per row, and few enough that what is written stays in the processor's second-level
     * cache until it is read on the native side.
     */
    public static final int BLOCK_BYTES = 64 * 1024;

    private static final int WAIT_MS = 50;

    private final NativeCalls calls;
    private final SessionListener listener;
    private final NativeCounters counters = new NativeCounters();
    private final ReentrantLock use = new ReentrantLock();
    private final RowBlock block;
    private final int maxBlockBytes;
    private final long handle;

    /** Position in the block up to which rows were handed over; 0 but after an interrupted wait. */
    private int submitted;

    /** Why a block couldn't be handed over; from then on it isn't known which of its rows were. */
    private RuntimeException failure;

    private volatile boolean closed;

    private NativeSession(
            NativeCalls calls,
            byte[] config,
            int blockBytes,
            long maxRowBytes,
            SessionListener listener) {
        this.calls = calls;
        this.listener = Objects.requireNonNull(listener, "listener");
        this.maxBlockBytes =
                (int) Math.max(blockBytes, Math.min(maxRowBytes, RowBlock.MAX_CAPACITY));
        this.block = new RowBlock(blockBytes);
        this.handle = calls.open(config, counters.memory());
    }

    /**
     * Opens a session and starts its native threads. The library must have been {@linkplain
     * NativeLibrary#load loaded}.
     *
     * @param config the session's settings
     * @param maxRowBytes bytes that one encoded row may take; the row block grows up to it
     * @throws StarRocksNativeException if a setting is refused
     */
    public static NativeSession open(
            PairsWriter config, long maxRowBytes, SessionListener listener) {
        NativeLibrary.requireLoaded();
        return open(NativeCalls.LIBRARY, config, BLOCK_BYTES, maxRowBytes, listener);
    }

    /**
     * Opens a session that takes no rows, only what other sessions left in state: {@link #restore}
     * and {@link #awaitReady}, in turns.
     *
     * @throws StarRocksNativeException if a setting is refused
     */
    public static NativeSession openWithoutRows(PairsWriter config, SessionListener listener) {
        NativeLibrary.requireLoaded();
        return open(NativeCalls.LIBRARY, config, RowBlock.MIN_BYTES, 0, listener);
    }

    static NativeSession open(
            NativeCalls calls,
            PairsWriter config,
            int blockBytes,
            long maxRowBytes,
            SessionListener listener) {
        return new NativeSession(calls, config.toByteArray(), blockBytes, maxRowBytes, listener);
    }

    /**
     * Reads a table's columns and the server's version over the MySQL protocol. Takes as long as
     * the timeouts in the request allow; needs no session, and any thread may call it.
     *
     * @param request {@code jdbc-url}, {@code username}, {@code password}, {@code database}, {@code
     *     table}, {@code sink.connect.timeout-ms}
     * @throws StarRocksNativeException with code SCHEMA, AUTH or CONNECT
     */
    public static TableSchemaReply readTable(PairsWriter request) {
        NativeLibrary.requireLoaded();
        return new TableSchemaReply(Native.readTable(request.toByteArray()));
    }

    /** Sessions open in this class loader's copy of the library. */
    public static long liveSessions() {
        return live(0);
    }

    /** Threads of this class loader's copy of the library. */
    public static long liveThreads() {
        return live(1);
    }

    /** Bytes held by this class loader's copy of the library. */
    public static long liveBytes() {
        return live(2);
    }

    private static long live(int what) {
        NativeLibrary.requireLoaded();
        return Native.live(what);
    }

    /**
     * Adds a table.
     *
     * @return the id under which to {@link #write} its rows; the same for a table added before
     */
    public int addTable(TableConfig table) {
        enter();
        try {
            return calls.addTable(handle, table.toByteArray());
        } finally {
            leave();
        }
    }

    /**
     * Takes a row. It is in the row block when this returns, and not in it at all when this throws.
     *
     * @param table id from {@link #addTable}
     * @param op {@link BlockLayout#UPSERT} or {@link BlockLayout#DELETE}
     * @throws IllegalArgumentException if the encoder refuses a value; the session goes on
     * @throws InterruptedException if interrupted while waiting for memory; the session goes on
     */
    public <T> void write(int table, byte op, T row, RowEncoder<? super T> encoder)
            throws InterruptedException {
        requireUsable();
        while (!tryWrite(table, op, row, encoder)) {
            makeRoom();
        }
    }

    private <T> boolean tryWrite(int table, byte op, T row, RowEncoder<? super T> encoder) {
        boolean done = false;
        try {
            block.beginFrame(table, op);
            block.endFrame(encoder.encode(row, block));
            done = true;
        } catch (BlockFullException full) {
            // Rolled back below; the caller makes room and tries again.
        } finally {
            if (!done) {
                block.rollbackFrame();
            }
        }
        return done;
    }

    private void makeRoom() throws InterruptedException {
        if (!block.isEmpty()) {
            submit();
        } else if (block.capacity() < maxBlockBytes) {
            growBlock((int) Math.min(2L * block.capacity(), maxBlockBytes));
        } else {
            throw new StarRocksNativeException(
                    StarRocksNativeException.Code.MEMORY,
                    "A row takes more than "
                            + maxBlockBytes
                            + " bytes, all that sink.buffer.max-memory leaves for one. Raise"
                            + " sink.buffer.max-memory or leave such rows out.",
                    null);
        }
    }

    private void growBlock(int capacity) {
        try {
            block.grow(capacity);
        } catch (OutOfMemoryError e) {
            throw new StarRocksNativeException(
                    StarRocksNativeException.Code.MEMORY,
                    "A row needs a block of "
                            + capacity
                            + " bytes, more than the JVM's direct memory has left. Raise"
                            + " taskmanager.memory.task.off-heap.size (or"
                            + " -XX:MaxDirectMemorySize).",
                    e);
        }
    }

    /** Bytes of rows that {@link #submit} would hand over. */
    public int pendingBytes() {
        return block.length() - submitted;
    }

    /**
     * Hands all rows written so far over to the native half, waiting for memory if it must.
     *
     * @throws StarRocksNativeException if a row is refused or the session has failed; as it isn't
     *     known then which rows were taken, every later call throws the same
     * @throws InterruptedException if interrupted while waiting; nothing is lost, call again
     */
    public void submit() throws InterruptedException {
        enter();
        try {
            requireUsable();
            submitBlock();
        } finally {
            leave();
        }
    }

    private void submitBlock() throws InterruptedException {
        if (submitted < block.length()) {
            long begin = System.nanoTime();
            try {
                submitRows();
            } finally {
                listener.handedOver(System.nanoTime() - begin);
            }
        }
        block.clear();
        submitted = 0;
    }

    private void submitRows() throws InterruptedException {
        int end = block.length();
        while (submitted < end) {
            int taken = trySubmit(end);
            if (taken < submitted || taken > end) {
                failure =
                        new IllegalStateException(
                                "rows taken up to " + taken + " of " + submitted + ".." + end);
                throw failure;
            }
            submitted = taken;
            drain();
            if (taken < end) {
                throwIfInterrupted("waiting for memory");
            }
        }
    }

    private int trySubmit(int end) {
        try {
            return calls.submit(handle, block.buffer(), submitted, end, WAIT_MS);
        } catch (RuntimeException e) {
            failure = e;
            throw e;
        }
    }

    /**
     * Hands all rows over and seals the open batches, so that they load now. Doesn't wait for the
     * loads.
     *
     * @throws InterruptedException as {@link #submit}
     */
    public void flush() throws InterruptedException {
        enter();
        try {
            requireUsable();
            submitBlock();
            calls.flush(handle);
            drain();
        } finally {
            leave();
        }
    }

    /**
     * Takes over one piece of restored state. All pieces come before {@link #awaitReady}; tables
     * that are known already are added before.
     *
     * @param piece what {@link #nextState} returned, of whichever subtask
     * @throws StarRocksNativeException if it is damaged, or of a format unknown to this version
     */
    public void restore(byte[] piece) {
        enter();
        try {
            requireUsable();
            calls.restore(handle, piece);
        } finally {
            leave();
        }
    }

    /**
     * Waits a moment for the session to be ready for rows: until what was {@linkplain #restore
     * restored} is loaded. To be called, until it says so, before the first row.
     *
     * @return whether the session is ready
     * @throws StarRocksNativeException the session's failure, if restoring failed for good
     * @throws InterruptedException if interrupted while it is not ready; the restoring goes on
     */
    public boolean awaitReady() throws InterruptedException {
        enter();
        try {
            requireUsable();
            return awaitOnce(calls::awaitReady, "waiting for the restored state to be loaded");
        } finally {
            leave();
        }
    }

    /**
     * Whether what was {@linkplain #restore restored} with this piece is loaded or committed.
     *
     * @param piece of a batch or a transaction
     */
    public boolean isSettled(byte[] piece) {
        enter();
        try {
            requireUsable();
            return calls.isSettled(handle, piece);
        } finally {
            leave();
        }
    }

    /**
     * Begins a checkpoint of all rows written so far; {@link #awaitCheckpoint} waits for it.
     *
     * @param checkpoint Flink's number of the checkpoint
     * @throws InterruptedException as {@link #submit}; the checkpoint isn't begun then
     */
    public void beginCheckpoint(long checkpoint) throws InterruptedException {
        enter();
        try {
            requireUsable();
            submitBlock();
            calls.beginCheckpoint(handle, checkpoint);
            drain();
        } finally {
            leave();
        }
    }

    /**
     * Waits until the checkpoint begun last can be taken: its rows are loaded, or its state is
     * ready for {@link #nextState}.
     *
     * @throws StarRocksNativeException if it can't be taken; the session goes on if it hasn't
     *     failed as a whole, which the next call would say
     * @throws InterruptedException if interrupted; the session goes on
     */
    public void awaitCheckpoint() throws InterruptedException {
        enter();
        try {
            requireUsable();
            await(calls::awaitCheckpoint, "waiting for the checkpoint's rows");
        } finally {
            leave();
        }
    }

    /**
     * Takes the next piece of state of the checkpoint begun last, at most 16 MiB.
     *
     * @return null after the last piece
     */
    public byte[] nextState() {
        enter();
        try {
            requireUsable();
            return calls.nextState(handle);
        } finally {
            leave();
        }
    }

    /**
     * Says that a checkpoint is complete: what it and those before it hold begins to load. Doesn't
     * wait for the loads, {@link #awaitLoaded} does.
     */
    public void completeCheckpoint(long checkpoint) {
        enter();
        try {
            requireUsable();
            calls.completeCheckpoint(handle, checkpoint);
            drain();
        } finally {
            leave();
        }
    }

    /**
     * Says that no row and no checkpoint will come any more: all rows written begin to load.
     * Doesn't wait for the loads, {@link #awaitLoaded} does.
     *
     * @throws InterruptedException as {@link #submit}; call again
     */
    public void finish() throws InterruptedException {
        enter();
        try {
            requireUsable();
            submitBlock();
            calls.finish(handle);
            drain();
        } finally {
            leave();
        }
    }

    /**
     * Waits until everything is loaded that may be: sealed batches at-least-once, completed
     * checkpoints exactly-once, and all rows after {@link #finish}.
     *
     * @throws StarRocksNativeException the session's failure, if a load failed for good
     * @throws InterruptedException if interrupted; the loads go on
     */
    public void awaitLoaded() throws InterruptedException {
        enter();
        try {
            requireUsable();
            await(calls::await, "waiting for loads");
        } finally {
            leave();
        }
    }

    private void await(Wait wait, String what) throws InterruptedException {
        while (!awaitOnce(wait, what)) {
            // Each turn waits in the native half.
        }
    }

    private boolean awaitOnce(Wait wait, String what) throws InterruptedException {
        boolean done;
        try {
            done = wait.await(handle, WAIT_MS);
        } finally {
            drain();
        }
        if (!done) {
            throwIfInterrupted(what);
        }
        return done;
    }

    /** A native call that waits a while and says whether the wait is over. */
    private interface Wait {

        boolean await(long session, int waitMs);
    }

    /** Throws the session's failure, if it has one. Waits for nothing. */
    public void check() {
        enter();
        try {
            requireUsable();
            calls.check(handle);
        } finally {
            leave();
        }
    }

    /** Hands the events since the last time to the listener; waits for nothing. */
    public void drainEvents() {
        enter();
        try {
            drain();
        } finally {
            leave();
        }
    }

    private void drain() {
        byte[] events = calls.drainEvents(handle);
        if (events != null) {
            EventReader.read(events, listener);
        }
    }

    /** The counters; readable by any thread, also after {@link #close}. */
    public NativeCounters counters() {
        return counters;
    }

    /**
     * Abandons the loads under way at once, from any thread. Whoever waits in the session gets a
     * {@linkplain StarRocksNativeException.Code#CANCELLED cancelled} exception. Does nothing after
     * {@link #close}.
     */
    public void cancel() {
        if (closed) {
            return;
        }
        try {
            calls.cancel(handle);
        } catch (StarRocksNativeException e) {
            // Closed by its thread in between: there is nothing left to cancel.
            if (e.code() != StarRocksNativeException.Code.CLOSED) {
                throw e;
            }
        }
    }

    /**
     * Ends the session: joins its threads and frees its memory. Rows not loaded yet are dropped; to
     * have them loaded, {@link #finish} and {@link #awaitLoaded} first. Closing again does nothing.
     * If another thread is still inside the session, that thread's call is cancelled.
     */
    @Override
    public void close() {
        if (!use.tryLock()) {
            cancel();
            use.lock();
        }
        try {
            if (!closed) {
                closed = true;
                try {
                    drain();
                } finally {
                    calls.close(handle);
                }
            }
        } finally {
            use.unlock();
        }
    }

    private void enter() {
        if (use.isHeldByCurrentThread() || !use.tryLock()) {
            throw new IllegalStateException(
                    "a session is used by two threads at once, or from its own listener");
        }
        if (closed) {
            use.unlock();
            throw closedException();
        }
    }

    private void leave() {
        use.unlock();
    }

    private void requireUsable() {
        if (closed) {
            throw closedException();
        }
        if (failure != null) {
            throw failure;
        }
    }

    private static StarRocksNativeException closedException() {
        return new StarRocksNativeException(
                StarRocksNativeException.Code.CLOSED, "The sink's session is closed.", null);
    }

    private static void throwIfInterrupted(String what) throws InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException("interrupted while " + what);
        }
    }
}

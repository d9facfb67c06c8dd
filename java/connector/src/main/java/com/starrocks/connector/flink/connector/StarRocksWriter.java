package com.starrocks.connector.flink.connector;

import com.starrocks.connector.flink.core.NativeLibrary;
import com.starrocks.connector.flink.core.NativeSession;
import com.starrocks.connector.flink.core.PairsWriter;
import com.starrocks.connector.flink.core.SessionListener;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * What a subtask does with rows, whichever of Flink's sink interfaces they come through.
 *
 * <p>Rows go to the native session, which decides what becomes of them, by the options and by what
 * the server can do; the calls are the same whichever guarantee holds. Their order:
 *
 * <ul>
 *   <li>{@link #restore} for all state that the subtask got, then {@link #awaitReady}, always;
 *   <li>{@link #write} for rows; at a checkpoint {@link #snapshot}, and {@link #checkpointComplete}
 *       when Flink says so, for each checkpoint or for a later one;
 *   <li>at an orderly end {@link #finish} if no checkpoint will cover the rows written last, else
 *       {@link #awaitLoaded}; then, and at any other end, {@link #close}.
 * </ul>
 *
 * <p>One thread at a time uses a writer; {@link #cancel} is for any. Waits end with an {@link
 * InterruptedException} when the thread is interrupted.
 *
 * @param <T> class of the rows
 */
public final class StarRocksWriter<T> implements AutoCloseable {

    /** How often {@link #poll} is to be called, in milliseconds. */
    public static final long POLL_INTERVAL_MS = 1000;

    /** How often a wait before the first row is logged, in seconds. */
    private static final long READY_LOG_SECONDS = 10;

    private static final Logger LOG = LoggerFactory.getLogger(StarRocksWriter.class);

    private final SinkPlan<T> plan;
    private final WriterContext context;
    private final NativeSession session;
    private final RowFormat.RowWriter<T> rows;
    private final WriterEvents events;

    private boolean polled = true;
    private long nextPoll;
    private long written;
    private int restoredPieces;
    private long restoredBytes;
    private boolean warnedOfNonFinite;
    private volatile boolean closed;

    private StarRocksWriter(
            SinkPlan<T> plan,
            WriterContext context,
            NativeSession session,
            RowFormat.RowWriter<T> rows,
            WriterEvents events) {
        this.plan = plan;
        this.context = context;
        this.session = session;
        this.rows = rows;
        this.events = events;
    }

    /**
     * Opens a writer and starts its threads, as children of the calling thread.
     *
     * @throws RuntimeException if the native library can't be loaded or refuses the plan
     */
    public static <T> StarRocksWriter<T> open(SinkPlan<T> plan, WriterContext context) {
        String library =
                NativeLibrary.load(
                        plan.options().get(SinkOptions.LIBRARY_PATH), context.temporaryFolders());
        LOG.info("{}: native library: {}", plan, library);
        return open(plan, context, NativeSession::open);
    }

    static <T> StarRocksWriter<T> open(
            SinkPlan<T> plan, WriterContext context, SessionOpener opener) {
        OptionValues options = plan.options();
        WriterEvents events = new WriterEvents(LOG);
        // Half the bound: a row exists twice, in Java's block and serialized.
        NativeSession session = opener.open(plan.config(context), options.maxMemory() / 2, events);
        try {
            SinkMetrics metrics =
                    new SinkMetrics(
                            context, session.counters(), options.get(SinkOptions.HISTOGRAM_WINDOW));
            events.measure(metrics);
            RowFormat.RowWriter<T> rows = plan.rows().open(session, metrics.ignoredDeletes());
            if (options.isExactlyOnce() && !context.isCheckpointing()) {
                LOG.warn(
                        "{}: '{}' = '{}', but the job takes no checkpoints: rows become visible"
                            + " only at the end of the input. Set execution.checkpointing.interval"
                            + " to see them earlier.",
                        plan,
                        SinkOptions.SEMANTIC,
                        SinkOptions.EXACTLY_ONCE);
            }
            return new StarRocksWriter<>(plan, context, session, rows, events);
        } catch (RuntimeException | Error e) {
            session.close();
            throw e;
        }
    }

    /**
     * Says that nobody will call {@link #poll} regularly; rows that come then look after it
     * themselves.
     */
    public void withoutTimer() {
        polled = false;
        nextPoll = System.nanoTime();
    }

    /**
     * Takes a row; waits while the memory bound is reached.
     *
     * @throws IOException if the row can't be written, with its position in the stream
     * @throws RuntimeException if an earlier load has failed for good
     */
    public void write(T row) throws IOException, InterruptedException {
        written++;
        try {
            rows.write(row);
        } catch (IllegalArgumentException e) {
            throw new IOException(
                    "Row "
                            + written
                            + " that subtask "
                            + context.subtask()
                            + " got since it started can't be written to "
                            + plan
                            + ": "
                            + e.getMessage(),
                    e);
        }
        if (!polled && System.nanoTime() - nextPoll >= 0) {
            nextPoll = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(POLL_INTERVAL_MS);
            poll();
        }
    }

    /**
     * Takes over state that a checkpoint kept, of this subtask or others.
     *
     * @param pieces what {@link #snapshot} gave, in its order
     * @throws RuntimeException if a piece can't be read
     */
    public void restore(Iterable<byte[]> pieces) {
        for (byte[] piece : pieces) {
            session.restore(piece);
            restoredPieces++;
            restoredBytes += piece.length;
        }
    }

    /**
     * Waits until rows may come: until restored state is loaded, and it is known what the server
     * can do.
     *
     * @throws RuntimeException if the state can't be loaded
     */
    public void awaitReady() throws InterruptedException {
        if (restoredPieces > 0) {
            LOG.info(
                    "{}: loading what the checkpoint that subtask {} is restored from has left to"
                            + " load, {} bytes in {} pieces of state, before any new row",
                    plan,
                    context.subtask(),
                    restoredBytes,
                    restoredPieces);
        }
        long begin = System.nanoTime();
        long told = 0;
        while (!session.awaitReady()) {
            long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - begin);
            if (seconds >= told + READY_LOG_SECONDS) {
                told = seconds;
                LOG.info(
                        "{}: subtask {} has waited {} s for {} and takes no rows yet",
                        plan,
                        context.subtask(),
                        seconds,
                        restoredPieces > 0
                                ? session.counters().restoringPieces()
                                        + " pieces of restored state to be loaded"
                                : "StarRocks to say what it can do");
            }
        }
        update();
    }

    /**
     * Takes a checkpoint of all rows written so far and waits until it can complete: until they are
     * loaded, or what is left to do is in the state that is returned.
     *
     * @param checkpoint Flink's number of the checkpoint
     * @return the subtask's state, pieces of at most 16 MiB; their order counts
     * @throws RuntimeException if the checkpoint can't be taken
     * @throws InterruptedException if interrupted; the checkpoint isn't taken, the writer goes on
     */
    public List<byte[]> snapshot(long checkpoint) throws InterruptedException {
        session.beginCheckpoint(checkpoint);
        session.awaitCheckpoint();
        List<byte[]> pieces = new ArrayList<>();
        for (byte[] piece = session.nextState(); piece != null; piece = session.nextState()) {
            pieces.add(piece);
        }
        update();
        return pieces;
    }

    /**
     * Takes a checkpoint like {@link #snapshot}, of which a {@link StarRocksCommitter} does the
     * rest: for writers {@linkplain WriterContext#withCommitter with a committer}. They aren't told
     * when it is complete.
     *
     * @param checkpoint a number above that of every checkpoint before
     */
    public HandedOver handOver(long checkpoint) throws InterruptedException {
        return new HandedOver(snapshot(checkpoint));
    }

    /**
     * Says that a checkpoint is complete, on which all before it count as complete too. What they
     * left to do begins in the background; its failure shows in the calls that follow.
     */
    public void checkpointComplete(long checkpoint) {
        session.completeCheckpoint(checkpoint);
    }

    /**
     * Waits until all rows are loaded that may be: those of completed checkpoints, and
     * at-least-once every batch under way.
     *
     * @throws RuntimeException if a load has failed for good
     * @throws InterruptedException if interrupted; the loads go on until the writer is closed
     */
    public void awaitLoaded() throws InterruptedException {
        session.awaitLoaded();
        update();
    }

    /**
     * Loads all rows written and waits until that is done. Neither a row nor a checkpoint may come
     * any more.
     *
     * @throws RuntimeException if a load has failed for good
     * @throws InterruptedException as {@link #awaitLoaded}
     */
    public void finish() throws InterruptedException {
        session.finish();
        awaitLoaded();
    }

    /**
     * To be called about once a second: hands over rows that wait in the row block, so that their
     * age counts, logs what there is to log, and surfaces the failure of a load in a stream without
     * rows. Does nothing once the writer is closed.
     *
     * @throws RuntimeException if a load has failed for good
     */
    public void poll() throws InterruptedException {
        if (closed) {
            return;
        }
        if (session.pendingBytes() > 0) {
            session.submit();
        }
        session.drainEvents();
        session.check();
        update();
    }

    private void update() {
        events.update();
        if (!warnedOfNonFinite && session.counters().nonFiniteAsNull() > 0) {
            warnedOfNonFinite = true;
            LOG.warn(
                    "{}: NaN or infinite values are loaded as NULL, since StarRocks has no such"
                            + " values; the metric numNonFiniteAsNull counts them",
                    plan);
        }
    }

    /** Abandons the loads under way, from any thread. */
    public void cancel() {
        session.cancel();
    }

    /**
     * Ends the writer at once and frees everything it holds; what isn't loaded yet is dropped.
     * Closing again does nothing.
     */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            try {
                session.cancel();
            } finally {
                session.close();
            }
        }
    }

    /** Opens sessions. */
    interface SessionOpener {

        /** See {@link NativeSession#open}. */
        NativeSession open(PairsWriter config, long maxRowBytes, SessionListener listener);
    }
}

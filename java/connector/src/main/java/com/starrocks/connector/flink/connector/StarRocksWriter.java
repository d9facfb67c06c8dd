package com.starrocks.connector.flink.connector;

import com.starrocks.connector.flink.core.LoadReport;
import com.starrocks.connector.flink.core.LogLevel;
import com.starrocks.connector.flink.core.NativeLibrary;
import com.starrocks.connector.flink.core.NativeSession;
import com.starrocks.connector.flink.core.PairsWriter;
import com.starrocks.connector.flink.core.SessionListener;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.util.concurrent.TimeUnit;

/**
 * What a subtask does with rows, whichever of Flink's sink interfaces they come through.
 *
 * <p>Rows go to the native session, which loads them in the background. {@link #flush} waits until
 * everything written is loaded; a checkpoint completes after that, which makes at-least-once.
 *
 * <p>One thread at a time uses a writer; {@link #cancel} is for any. Waits end with an {@link
 * InterruptedException} when the thread is interrupted.
 *
 * @param <T> class of the rows
 */
public final class StarRocksWriter<T> implements AutoCloseable {

    /** How often {@link #poll} is to be called, in milliseconds. */
    public static final long POLL_INTERVAL_MS = 1000;

    private static final Logger LOG = LoggerFactory.getLogger(StarRocksWriter.class);

    private final SinkPlan<T> plan;
    private final WriterContext context;
    private final NativeSession session;
    private final RowFormat.RowWriter<T> rows;
    private final Events events;

    private boolean polled = true;
    private long nextPoll;
    private long written;
    private boolean warnedOfNonFinite;
    private volatile boolean closed;

    private StarRocksWriter(
            SinkPlan<T> plan,
            WriterContext context,
            NativeSession session,
            RowFormat.RowWriter<T> rows,
            Events events) {
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
        Events events = new Events();
        // Half the bound: a row exists twice, in Java's block and serialized.
        NativeSession session = opener.open(plan.config(context), options.maxMemory() / 2, events);
        try {
            events.metrics =
                    new SinkMetrics(
                            context, session.counters(), options.get(SinkOptions.HISTOGRAM_WINDOW));
            RowFormat.RowWriter<T> rows =
                    plan.rows().open(session, events.metrics.ignoredDeletes());
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
     * Loads everything written so far and waits until that is done.
     *
     * @throws RuntimeException if a load has failed for good
     * @throws InterruptedException if interrupted; the loads go on until the writer is closed
     */
    public void flush() throws InterruptedException {
        session.flush();
        session.awaitLoaded();
        update();
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
        events.metrics.update();
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
     * Ends the writer at once and frees everything it holds; what isn't loaded yet is dropped. Call
     * {@link #flush} before for an orderly end. Closing again does nothing.
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

    private static final class Events implements SessionListener {

        /** Set before the first event, which a session has only once it is used. */
        private SinkMetrics metrics;

        @Override
        public void log(LogLevel level, String text) {
            switch (level) {
                case DEBUG:
                    LOG.debug(text);
                    break;
                case INFO:
                    LOG.info(text);
                    break;
                case WARN:
                    LOG.warn(text);
                    break;
                default:
                    LOG.error(text);
            }
        }

        @Override
        public void loadFinished(LoadReport report) {
            metrics.loadFinished(report);
        }
    }
}

package com.starrocks.connector.flink.connector;

import com.starrocks.connector.flink.core.NativeLibrary;
import com.starrocks.connector.flink.core.NativeSession;
import com.starrocks.connector.flink.core.PairsWriter;
import com.starrocks.connector.flink.core.SessionListener;

import org.slf4j.LoggerFactory;

import java.util.concurrent.TimeUnit;

/**
 * Settles what writers {@linkplain StarRocksWriter#handOver handed over}: loads batches under their
 * labels and commits transactions, those of one table in order, different tables side by side.
 *
 * <p>One thread at a time uses a committer. Waits end with an {@link InterruptedException} when the
 * thread is interrupted.
 */
public final class StarRocksCommitter implements AutoCloseable {

    /** As {@code patienceMs}: forever. */
    public static final long FOREVER = Long.MAX_VALUE;

    private final NativeSession session;
    private final WriterEvents events;

    private StarRocksCommitter(NativeSession session, WriterEvents events) {
        this.session = session;
        this.events = events;
    }

    /**
     * Opens a committer and starts its threads, as children of the calling thread.
     *
     * @throws RuntimeException if the native library can't be loaded or refuses the plan
     */
    public static StarRocksCommitter open(SinkPlan<?> plan, WriterContext context) {
        NativeLibrary.load(
                plan.options().get(SinkOptions.LIBRARY_PATH), context.temporaryFolders());
        return open(plan, context, NativeSession::openWithoutRows);
    }

    static StarRocksCommitter open(SinkPlan<?> plan, WriterContext context, Opener opener) {
        WriterEvents events = new WriterEvents(LoggerFactory.getLogger(StarRocksCommitter.class));
        NativeSession session = opener.open(plan.config(context.asCommitter()), events);
        try {
            events.measure(
                    new SinkMetrics(
                            context,
                            session.counters(),
                            plan.options().get(SinkOptions.HISTOGRAM_WINDOW)));
        } catch (RuntimeException | Error e) {
            session.close();
            throw e;
        }
        return new StarRocksCommitter(session, events);
    }

    /**
     * Loads and commits, and waits for it. While the server can't be reached, it is tried again and
     * again, longer than the wait if need be: what is given a second time is waited for again.
     *
     * @param records what writers gave, in their order
     * @param patienceMs how long to wait while the server can't be reached, in milliseconds
     * @return whether all of it is settled
     * @throws RuntimeException if something can't be settled
     */
    public boolean settle(Iterable<byte[]> records, long patienceMs) throws InterruptedException {
        for (byte[] record : records) {
            session.restore(record);
        }
        long stalledSince = 0;
        boolean stalled = false;
        boolean settled = session.awaitReady();
        while (!settled) {
            long now = System.nanoTime();
            if (session.counters().stalled() == 0) {
                stalled = false;
            } else if (!stalled) {
                stalled = true;
                stalledSince = now;
            } else if (TimeUnit.NANOSECONDS.toMillis(now - stalledSince) >= patienceMs) {
                break;
            }
            settled = session.awaitReady();
        }
        events.update();
        return settled;
    }

    /** Whether a record that was given is settled. */
    public boolean isSettled(byte[] record) {
        return session.isSettled(record);
    }

    /** Ends the committer at once; what isn't settled stays for another one. */
    @Override
    public void close() {
        try {
            session.cancel();
        } finally {
            session.close();
        }
    }

    /** Opens sessions. */
    interface Opener {

        /** See {@link NativeSession#openWithoutRows}. */
        NativeSession open(PairsWriter config, SessionListener listener);
    }
}

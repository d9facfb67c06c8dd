package com.starrocks.connector.flink.sink2;

import com.starrocks.connector.flink.connector.HandedOver;
import com.starrocks.connector.flink.connector.SinkPlan;
import com.starrocks.connector.flink.connector.StarRocksCommitter;
import com.starrocks.connector.flink.connector.StarRocksWriter;
import com.starrocks.connector.flink.table.sink.v2.StarRocksCommittable;
import com.starrocks.connector.flink.table.sink.v2.StarRocksWriterState;

import org.apache.flink.api.common.operators.ProcessingTimeService;
import org.apache.flink.api.connector.sink2.SinkWriter;
import org.apache.flink.util.UserCodeClassLoader;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ScheduledFuture;
import java.util.function.Supplier;

/**
 * Passes Flink's calls on to a {@link StarRocksWriter}.
 *
 * <p>At a checkpoint Flink calls {@link #flush}, {@link #prepareCommit} and {@link #snapshotState},
 * with no row between; at the end of the input the first two, and the last one with the checkpoint
 * that follows, if one does.
 *
 * <p>A job may be told to take no checkpoint after the end of its input. Flink's committer then
 * gets the last committables and never commits them, nor those of a checkpoint that is complete
 * only when its task has ended. So the writer settles both itself, as a committer would, at the end
 * of the input: labels make it harmless that some are settled twice.
 *
 * @param <T> class of the rows
 */
public class SinkV2Writer<T> implements SinkWriter<T> {

    private static final Logger LOG = LoggerFactory.getLogger(SinkV2Writer.class);

    private final StarRocksWriter<T> writer;
    private final ProcessingTimeService timers;

    /** Settles what is left at the end of the input; null if Flink's own committer will. */
    private final Supplier<StarRocksCommitter> lastCommitter;

    private List<StarRocksCommittable> committables = new ArrayList<>();

    /**
     * What goes with the last flush. Before the first one, what was restored: a writer restored
     * from after its input's end is never flushed by Flink 1.19 and later, but takes checkpoints.
     */
    private List<byte[]> state = new ArrayList<>();

    /** What the last checkpoint handed over, if Flink's committer may never get to it. */
    private List<byte[]> perhapsOpen = Collections.emptyList();

    private long lastCheckpoint;
    private ScheduledFuture<?> nextPoll;
    private boolean closed;

    /**
     * Opens a writer and waits until it is ready for rows.
     *
     * @param restored what writers before it left
     */
    protected SinkV2Writer(
            SinkPlan<T> plan, WriterInit init, Collection<StarRocksWriterState> restored)
            throws IOException {
        this(
                StarRocksWriter.open(plan, init.toWriterContext()),
                init.timers(),
                init.loader(),
                init.restoredCheckpoint(),
                restored,
                init.isEndCommitted()
                        ? null
                        : () -> StarRocksCommitter.open(plan, init.toCommitterContext()));
    }

    SinkV2Writer(
            StarRocksWriter<T> writer,
            ProcessingTimeService timers,
            UserCodeClassLoader loader,
            long restoredCheckpoint,
            Collection<StarRocksWriterState> restored,
            Supplier<StarRocksCommitter> lastCommitter)
            throws IOException {
        this.writer = writer;
        this.lastCommitter = lastCommitter;
        this.timers = timers;
        this.lastCheckpoint = restoredCheckpoint;
        boolean ready = false;
        try {
            closeWithClassLoader(loader);
            for (StarRocksWriterState ofSubtask : restored) {
                writer.restore(ofSubtask.records());
                state.addAll(ofSubtask.records());
            }
            writer.awaitReady();
            ready = true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while the StarRocks sink was being opened", e);
        } finally {
            if (!ready) {
                writer.close();
            }
        }
        schedulePoll();
    }

    /**
     * Has Flink close the writer when it lets go of the job's class loader, should nobody else have
     * done it: native threads must not outlive it. The reference is weak, as Flink keeps the hooks
     * of all attempts until the job ends.
     */
    private void closeWithClassLoader(UserCodeClassLoader loader) {
        WeakReference<StarRocksWriter<?>> reference = new WeakReference<>(writer);
        loader.registerReleaseHookIfAbsent(
                "starrocks-sink-" + System.identityHashCode(writer),
                () -> {
                    StarRocksWriter<?> left = reference.get();
                    if (left != null) {
                        left.close();
                    }
                });
    }

    /** One timer at a time, so that none pile up behind a thread that is busy. */
    private void schedulePoll() {
        nextPoll =
                timers.registerTimer(
                        timers.getCurrentProcessingTime() + StarRocksWriter.POLL_INTERVAL_MS,
                        time -> poll());
    }

    private void poll() throws InterruptedException {
        if (!closed) {
            writer.poll();
            schedulePoll();
        }
    }

    @Override
    public void write(T row, Context context) throws IOException, InterruptedException {
        writer.write(row);
    }

    /**
     * At-least-once, waits until all rows are loaded; exactly-once, until they are prepared, or
     * held in what {@link #prepareCommit} gives out.
     */
    @Override
    public void flush(boolean endOfInput) throws InterruptedException {
        // The number of the checkpoint that is being taken isn't known here.
        long checkpoint = lastCheckpoint + 1;
        HandedOver handedOver = writer.handOver(checkpoint);
        state = handedOver.labels();
        if (lastCommitter != null) {
            if (endOfInput) {
                settle(handedOver.records());
                return;
            }
            perhapsOpen = handedOver.records();
        }
        for (byte[] record : handedOver.records()) {
            committables.add(new StarRocksCommittable(checkpoint, record));
        }
    }

    /** Loads and commits the last records, after those before them. */
    private void settle(List<byte[]> last) throws InterruptedException {
        List<byte[]> all = new ArrayList<>(perhapsOpen);
        all.addAll(last);
        perhapsOpen = Collections.emptyList();
        if (all.isEmpty()) {
            return;
        }
        LOG.info("No checkpoint follows the end of the input: its last rows are committed now");
        try (StarRocksCommitter committer = lastCommitter.get()) {
            committer.settle(all, StarRocksCommitter.FOREVER);
        }
    }

    /** What the committer has to do once the checkpoint is complete. */
    public Collection<StarRocksCommittable> prepareCommit() {
        List<StarRocksCommittable> prepared = committables;
        committables = new ArrayList<>();
        return prepared;
    }

    /** The state that goes with the committables given out last. */
    public List<StarRocksWriterState> snapshotState(long checkpoint) {
        lastCheckpoint = Math.max(lastCheckpoint, checkpoint);
        return state.isEmpty()
                ? Collections.<StarRocksWriterState>emptyList()
                : Collections.singletonList(new StarRocksWriterState(state));
    }

    @Override
    public void close() {
        closed = true;
        if (nextPoll != null) {
            nextPoll.cancel(false);
        }
        writer.close();
    }
}

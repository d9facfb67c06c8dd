package com.starrocks.connector.flink.sink2;

import com.starrocks.connector.flink.connector.HandedOver;
import com.starrocks.connector.flink.connector.SinkPlan;
import com.starrocks.connector.flink.connector.StarRocksWriter;
import com.starrocks.connector.flink.table.sink.v2.StarRocksCommittable;
import com.starrocks.connector.flink.table.sink.v2.StarRocksWriterState;

import org.apache.flink.api.common.operators.ProcessingTimeService;
import org.apache.flink.api.connector.sink2.SinkWriter;
import org.apache.flink.util.UserCodeClassLoader;

import java.io.IOException;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ScheduledFuture;

/**
 * Passes Flink's calls on to a {@link StarRocksWriter}.
 *
 * <p>At a checkpoint Flink calls {@link #flush}, {@link #prepareCommit} and {@link #snapshotState},
 * with no row between; at the end of the input the first two, and the last one with the checkpoint
 * that follows, if one does.
 *
 * @param <T> class of the rows
 */
public class SinkV2Writer<T> implements SinkWriter<T> {

    private final StarRocksWriter<T> writer;
    private final ProcessingTimeService timers;

    private List<StarRocksCommittable> committables = new ArrayList<>();

    /**
     * What goes with the last flush. Before the first one, what was restored: a writer restored
     * from after its input's end is never flushed by Flink 1.19 and later, but takes checkpoints.
     */
    private List<byte[]> state = new ArrayList<>();

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
                restored);
    }

    SinkV2Writer(
            StarRocksWriter<T> writer,
            ProcessingTimeService timers,
            UserCodeClassLoader loader,
            long restoredCheckpoint,
            Collection<StarRocksWriterState> restored)
            throws IOException {
        this.writer = writer;
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
        for (byte[] record : handedOver.records()) {
            committables.add(new StarRocksCommittable(checkpoint, record));
        }
        state = handedOver.labels();
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

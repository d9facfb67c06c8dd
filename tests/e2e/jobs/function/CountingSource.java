package com.starrocks.e2e;

import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.runtime.state.CheckpointListener;
import org.apache.flink.runtime.state.FunctionInitializationContext;
import org.apache.flink.runtime.state.FunctionSnapshotContext;
import org.apache.flink.streaming.api.checkpoint.CheckpointedFunction;
import org.apache.flink.streaming.api.functions.source.SourceFunction;

import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;

/**
 * Emits 0, 1, 2, ... and goes on after a failure from where the last checkpoint was. For each
 * completed checkpoint it adds a line "checkpoint next-number" to a file: every number below it
 * must then be in StarRocks, or be on its way there in a sink that begins with it only now.
 */
@SuppressWarnings("deprecation")
public final class CountingSource
        implements SourceFunction<Long>, CheckpointedFunction, CheckpointListener {
    private static final long serialVersionUID = 1;

    private final long rows;
    private final long rowsPerSecond;
    private final String progressFile;
    private final String endFile;

    private volatile boolean running = true;
    private long next;
    private transient ListState<Long> state;
    private transient TreeMap<Long, Long> pending;

    /**
     * @param rows how many, or -1 for no end; @param rowsPerSecond 0 for as fast as the sink takes
     *     them; @param endFile once it is there, it says how many rows there are, which must not
     *     have been emitted already; null for none
     */
    public CountingSource(long rows, long rowsPerSecond, String progressFile, String endFile) {
        this.rows = rows;
        this.rowsPerSecond = rowsPerSecond;
        this.progressFile = progressFile;
        this.endFile = endFile;
    }

    @Override
    public void run(SourceContext<Long> context) throws Exception {
        long start = System.nanoTime();
        long first = next;
        long end = rows;
        while (running && next != end) {
            if (end < 0 && (next - first) % Progress.ROWS_BETWEEN_LOOKS == 0) {
                end = Progress.readEnd(endFile, next);
            }
            synchronized (context.getCheckpointLock()) {
                context.collect(next);
                next++;
            }
            while (running && Progress.ahead(rowsPerSecond, start, next - first)) {
                Thread.sleep(1);
            }
        }
    }

    @Override
    public void cancel() {
        running = false;
    }

    @Override
    public void initializeState(FunctionInitializationContext context) throws Exception {
        pending = new TreeMap<>();
        state =
                context.getOperatorStateStore()
                        .getListState(new ListStateDescriptor<>("next", Long.class));
        for (Long restored : state.get()) {
            next = restored;
        }
    }

    @Override
    public void snapshotState(FunctionSnapshotContext context) throws Exception {
        state.clear();
        state.add(next);
        pending.put(context.getCheckpointId(), next);
    }

    @Override
    public void notifyCheckpointComplete(long checkpointId) throws IOException {
        Map<Long, Long> done = pending.headMap(checkpointId, true);
        Long emitted = pending.get(checkpointId);
        if (emitted != null) {
            Progress.note(progressFile, checkpointId, emitted);
        }
        done.clear();
    }
}

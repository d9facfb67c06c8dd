package com.starrocks.connector.flink.flink111;

import com.starrocks.connector.flink.connector.SinkPlan;
import com.starrocks.connector.flink.connector.StarRocksWriter;
import com.starrocks.connector.flink.connector.WriterContext;

import org.apache.flink.api.common.functions.RuntimeContext;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.typeinfo.PrimitiveArrayTypeInfo;
import org.apache.flink.api.java.typeutils.ListTypeInfo;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.runtime.state.CheckpointListener;
import org.apache.flink.runtime.state.FunctionInitializationContext;
import org.apache.flink.runtime.state.FunctionSnapshotContext;
import org.apache.flink.streaming.api.checkpoint.CheckpointedFunction;
import org.apache.flink.streaming.api.functions.sink.RichSinkFunction;
import org.apache.flink.streaming.api.functions.sink.SinkFunction;

import java.util.Collections;
import java.util.List;

/**
 * Passes Flink's calls on to a {@link StarRocksWriter}, and sees to it that at an orderly end, and
 * only then, everything is loaded that may be.
 *
 * <p>When the job fails or is cancelled, loads are abandoned at once; what they held is loaded from
 * the state of the last checkpoint, or its rows are read again.
 *
 * @param <T> class of the rows
 */
public class StarRocksSinkFunction<T> extends RichSinkFunction<T>
        implements CheckpointedFunction, CheckpointListener {

    private static final long serialVersionUID = 1L;

    /**
     * Name of the operator state, which savepoints know it by: never to be changed. An element is
     * the state of one subtask, in pieces whose order counts; so rescaling, which deals out
     * elements, keeps together what must be loaded in order.
     */
    static final String STATE = "starrocks-native-sink";

    private static final long NONE = Long.MAX_VALUE;

    private static final boolean HAS_FINISH = hasFinish();

    private final SinkPlan<T> plan;

    private transient ContainingTask task;
    private transient ListState<List<byte[]>> state;
    private transient StarRocksWriter<T> writer;
    private transient PollTimer timer;
    private transient boolean checkpointing;

    /** Whether {@link #finish} was called. */
    private transient boolean finished;

    /** The first checkpoint after {@link #finish}. */
    private transient long lastCheckpoint;

    /** The savepoint that the job is to be stopped with. */
    private transient long stopSavepoint;

    /** Whether that savepoint is complete: what comes now is read again when the job resumes. */
    private transient boolean stopped;

    /** A sink of this plan. */
    public StarRocksSinkFunction(SinkPlan<T> plan) {
        this.plan = plan;
    }

    private static boolean hasFinish() {
        try {
            SinkFunction.class.getMethod("finish");
            return true;
        } catch (NoSuchMethodException e) {
            return false;
        }
    }

    /** Called before {@link #open}. */
    @Override
    public void initializeState(FunctionInitializationContext context) throws Exception {
        state =
                context.getOperatorStateStore()
                        .getListState(
                                new ListStateDescriptor<>(
                                        STATE,
                                        new ListTypeInfo<>(
                                                PrimitiveArrayTypeInfo
                                                        .BYTE_PRIMITIVE_ARRAY_TYPE_INFO)));
    }

    @Override
    public void open(Configuration parameters) throws Exception {
        RuntimeContext context = getRuntimeContext();
        task = ContainingTask.of(context);
        checkpointing = RuntimeContexts.isCheckpointingEnabled(context);
        lastCheckpoint = NONE;
        stopSavepoint = NONE;
        writer = openWriter(plan, RuntimeContexts.toWriterContext(context));
        RuntimeContexts.closeWithClassLoader(context, writer);
        if (state != null) {
            for (List<byte[]> ofSubtask : state.get()) {
                writer.restore(ofSubtask);
            }
            dropState();
        }
        writer.awaitReady();
        timer = PollTimer.start(context, this::poll);
        if (timer == null) {
            writer.withoutTimer();
        }
    }

    /** Tests put another writer in its place. */
    StarRocksWriter<T> openWriter(SinkPlan<T> sinkPlan, WriterContext context) {
        return StarRocksWriter.open(sinkPlan, context);
    }

    @Override
    @SuppressWarnings("rawtypes")
    public void invoke(T row, Context context) throws Exception {
        if (!stopped) {
            writer.write(row);
        }
    }

    private void poll() throws Exception {
        dropState();
        writer.poll();
    }

    @Override
    public void snapshotState(FunctionSnapshotContext context) throws Exception {
        long checkpoint = context.getCheckpointId();
        List<byte[]> pieces = writer.snapshot(checkpoint);
        state.update(
                pieces.isEmpty()
                        ? Collections.<List<byte[]>>emptyList()
                        : Collections.singletonList(pieces));
        stopSavepoint = task.stopsWith(checkpoint) ? checkpoint : NONE;
        if (finished) {
            lastCheckpoint = Math.min(lastCheckpoint, checkpoint);
        }
    }

    /**
     * Frees the heap that the state takes. It is needed from {@link #snapshotState} until that has
     * returned: Flink copies it right then, before it calls the function again, and each snapshot
     * sets it anew.
     */
    private void dropState() {
        if (state != null) {
            state.clear();
        }
    }

    @Override
    public void notifyCheckpointComplete(long checkpoint) throws Exception {
        dropState();
        writer.checkpointComplete(checkpoint);
        stopped = stopped || checkpoint == stopSavepoint;
        if (stopped || checkpoint >= lastCheckpoint) {
            // The task closes next, and since Flink 1.15 isn't interrupted then when it is
            // cancelled: here it is.
            writer.awaitLoaded();
        }
    }

    @Override
    public void notifyCheckpointAborted(long checkpoint) {
        dropState();
        if (checkpoint == stopSavepoint) {
            stopSavepoint = NONE;
        }
    }

    /**
     * End of the input; called by Flink 1.14 and later, where {@code SinkFunction} has it. With
     * checkpointing on, another checkpoint follows: the savepoint of a stop with {@code --drain},
     * or, with {@code execution.checkpointing.checkpoints-after-tasks-finish.enabled}, a last one.
     * Where none does, {@link #close} loads the rows.
     */
    public void finish() throws Exception {
        finished = true;
        if (!checkpointing) {
            writer.finish();
        }
    }

    @Override
    public void close() throws Exception {
        if (timer != null) {
            timer.stop();
        }
        if (writer != null) {
            try {
                if (ContainingTask.isClosingInOrder()) {
                    end();
                }
            } finally {
                writer.close();
            }
        }
    }

    /** The orderly end, before Flink 1.14 also the one sign of the end of the input. */
    private void end() throws InterruptedException {
        boolean endOfInput = finished || !HAS_FINISH;
        if (endOfInput && !stopped) {
            writer.finish();
        } else {
            writer.awaitLoaded();
        }
    }

    @Override
    public String toString() {
        return plan.toString();
    }
}

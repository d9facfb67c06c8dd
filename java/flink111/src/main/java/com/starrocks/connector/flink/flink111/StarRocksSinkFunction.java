package com.starrocks.connector.flink.flink111;

import com.starrocks.connector.flink.connector.SinkPlan;
import com.starrocks.connector.flink.connector.StarRocksWriter;

import org.apache.flink.api.common.functions.RuntimeContext;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.runtime.state.FunctionInitializationContext;
import org.apache.flink.runtime.state.FunctionSnapshotContext;
import org.apache.flink.streaming.api.checkpoint.CheckpointedFunction;
import org.apache.flink.streaming.api.functions.sink.RichSinkFunction;

/**
 * Passes Flink's calls on to a {@link StarRocksWriter}.
 *
 * <p>Rows that came before a checkpoint are loaded when it completes, those before the end of the
 * input when the job finishes. When the job fails or is cancelled, loads are abandoned at once;
 * what they held is read again from the last checkpoint.
 *
 * @param <T> class of the rows
 */
public final class StarRocksSinkFunction<T> extends RichSinkFunction<T>
        implements CheckpointedFunction {

    private static final long serialVersionUID = 1L;

    private final SinkPlan<T> plan;

    private transient StarRocksWriter<T> writer;
    private transient PollTimer timer;

    /** A sink of this plan. */
    public StarRocksSinkFunction(SinkPlan<T> plan) {
        this.plan = plan;
    }

    @Override
    public void open(Configuration parameters) {
        RuntimeContext context = getRuntimeContext();
        writer = StarRocksWriter.open(plan, RuntimeContexts.toWriterContext(context));
        RuntimeContexts.closeWithClassLoader(context, writer);
        timer = PollTimer.start(context, writer);
        if (timer == null) {
            writer.withoutTimer();
        }
    }

    @Override
    @SuppressWarnings("rawtypes")
    public void invoke(T row, Context context) throws Exception {
        writer.write(row);
    }

    @Override
    public void initializeState(FunctionInitializationContext context) {
        // At-least-once keeps nothing in state: a checkpoint waits until everything is loaded.
    }

    @Override
    public void snapshotState(FunctionSnapshotContext context) throws Exception {
        writer.flush();
    }

    /** End of the input; called by Flink 1.14 and later, where {@code SinkFunction} has it. */
    public void finish() throws Exception {
        writer.flush();
    }

    @Override
    public void close() throws Exception {
        if (timer != null) {
            timer.stop();
        }
        if (writer != null) {
            try {
                if (EndOfInput.isReachedByClosing()) {
                    writer.flush();
                }
            } finally {
                writer.close();
            }
        }
    }

    @Override
    public String toString() {
        return plan.toString();
    }
}

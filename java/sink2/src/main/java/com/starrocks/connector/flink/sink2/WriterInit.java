package com.starrocks.connector.flink.sink2;

import com.starrocks.connector.flink.connector.RuntimeFacts;
import com.starrocks.connector.flink.connector.WriterContext;

import org.apache.flink.api.common.operators.ProcessingTimeService;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.metrics.groups.SinkWriterMetricGroup;
import org.apache.flink.metrics.groups.UnregisteredMetricsGroup;
import org.apache.flink.streaming.api.operators.StreamingRuntimeContext;
import org.apache.flink.util.UserCodeClassLoader;

import java.util.OptionalLong;

/** What Flink tells a writer when it is made, without the class that differs among versions. */
public final class WriterInit {

    private final StreamingRuntimeContext runtime;
    private final SinkWriterMetricGroup metrics;
    private final ProcessingTimeService timers;
    private final UserCodeClassLoader loader;
    private final int subtask;
    private final OptionalLong restoredCheckpoint;

    /**
     * What a writer is told.
     *
     * @param initContext Flink's own object
     */
    public WriterInit(
            Object initContext,
            SinkWriterMetricGroup metrics,
            ProcessingTimeService timers,
            UserCodeClassLoader loader,
            int subtask,
            OptionalLong restoredCheckpoint) {
        this.runtime = RuntimeFacts.within(initContext);
        this.metrics = metrics;
        this.timers = timers;
        this.loader = loader;
        this.subtask = subtask;
        this.restoredCheckpoint = restoredCheckpoint;
    }

    WriterContext toWriterContext() {
        return context(metrics)
                .withCommitter()
                .withSendCounters(
                        metrics.getNumRecordsSendCounter(),
                        metrics.getNumBytesSendCounter(),
                        metrics.getNumRecordsSendErrorsCounter());
    }

    /** For a committer beside the writer, whose metrics would have the names of the writer's. */
    WriterContext toCommitterContext() {
        return context(new UnregisteredMetricsGroup());
    }

    private WriterContext context(MetricGroup group) {
        String jobId = metrics.getAllVariables().get("<job_id>");
        WriterContext context =
                new WriterContext(
                        group, jobId == null ? "" : jobId, subtask, RuntimeFacts.attempt(runtime));
        if (runtime != null) {
            RuntimeFacts.tell(context, runtime);
        }
        return context;
    }

    /**
     * Whether Flink's committer is told of the end of the input: by a last checkpoint, or, in a job
     * without checkpoints, by itself.
     */
    boolean isEndCommitted() {
        return runtime == null
                || Boolean.FALSE.equals(RuntimeFacts.callIfThere(runtime, "isCheckpointingEnabled"))
                || RuntimeFacts.takesLastCheckpoint(runtime);
    }

    ProcessingTimeService timers() {
        return timers;
    }

    UserCodeClassLoader loader() {
        return loader;
    }

    long restoredCheckpoint() {
        return restoredCheckpoint.orElse(0);
    }
}

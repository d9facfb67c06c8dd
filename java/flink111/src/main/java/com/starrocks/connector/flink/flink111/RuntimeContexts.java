package com.starrocks.connector.flink.flink111;

import com.starrocks.connector.flink.connector.RuntimeFacts;
import com.starrocks.connector.flink.connector.StarRocksWriter;
import com.starrocks.connector.flink.connector.WriterContext;

import org.apache.flink.api.common.functions.RuntimeContext;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.streaming.api.operators.StreamingRuntimeContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.lang.ref.WeakReference;

/**
 * Reads Flink's runtime context; by reflection where its methods came late or changed what they
 * return.
 */
final class RuntimeContexts {

    private static final Logger LOG = LoggerFactory.getLogger(RuntimeContexts.class);

    private RuntimeContexts() {}

    static WriterContext toWriterContext(RuntimeContext context) {
        MetricGroup metrics = metricGroup(context);
        String jobId = metrics.getAllVariables().get("<job_id>");
        WriterContext writer =
                new WriterContext(
                        metrics,
                        jobId == null ? "" : jobId,
                        context.getIndexOfThisSubtask(),
                        context.getAttemptNumber());
        Object io = RuntimeFacts.callIfThere(metrics, "getIOMetricGroup");
        writer.withOutputCounters(
                (Counter) RuntimeFacts.callIfThere(io, "getNumRecordsOutCounter"),
                (Counter) RuntimeFacts.callIfThere(io, "getNumBytesOutCounter"));
        if (context instanceof StreamingRuntimeContext) {
            RuntimeFacts.tell(writer, (StreamingRuntimeContext) context);
        } else {
            writer.withoutCheckpointing();
        }
        return writer;
    }

    /** Whether the job takes checkpoints from time to time. */
    static boolean isCheckpointingEnabled(RuntimeContext context) {
        return context instanceof StreamingRuntimeContext
                && ((StreamingRuntimeContext) context).isCheckpointingEnabled();
    }

    /** Flink 1.14 made it return a subtype, which compiled calls don't find. */
    private static MetricGroup metricGroup(RuntimeContext context) {
        try {
            return (MetricGroup) RuntimeContext.class.getMethod("getMetricGroup").invoke(context);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("this Flink's runtime context has no metric group", e);
        }
    }

    /**
     * Has Flink close the writer when it lets go of the job's class loader, should its function
     * never have been closed: native threads must not outlive it. Flink has this since 1.12.
     */
    static void closeWithClassLoader(RuntimeContext context, StarRocksWriter<?> writer) {
        // Weak, as Flink keeps the hooks of all attempts until the job ends.
        WeakReference<StarRocksWriter<?>> reference = new WeakReference<>(writer);
        Runnable hook =
                () -> {
                    StarRocksWriter<?> left = reference.get();
                    if (left != null) {
                        left.close();
                    }
                };
        String name =
                "starrocks-sink-"
                        + context.getTaskNameWithSubtasks()
                        + "-"
                        + context.getAttemptNumber()
                        + "-"
                        + System.identityHashCode(writer);
        try {
            RuntimeContext.class
                    .getMethod(
                            "registerUserCodeClassLoaderReleaseHookIfAbsent",
                            String.class,
                            Runnable.class)
                    .invoke(context, name, hook);
        } catch (ReflectiveOperationException e) {
            LOG.debug("No hook on the release of the class loader in this Flink", e);
        }
    }
}

package com.starrocks.connector.flink.flink119;

import com.starrocks.connector.flink.connector.SinkPlan;
import com.starrocks.connector.flink.sink2.SinkV2Committer;
import com.starrocks.connector.flink.sink2.SinkV2Writer;
import com.starrocks.connector.flink.sink2.WriterInit;
import com.starrocks.connector.flink.table.sink.v2.StarRocksCommittable;
import com.starrocks.connector.flink.table.sink.v2.StarRocksCommittableSerializer;
import com.starrocks.connector.flink.table.sink.v2.StarRocksWriterState;
import com.starrocks.connector.flink.table.sink.v2.StarRocksWriterStateSerializer;

import org.apache.flink.api.connector.sink2.Committer;
import org.apache.flink.api.connector.sink2.CommitterInitContext;
import org.apache.flink.api.connector.sink2.CommittingSinkWriter;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.api.connector.sink2.StatefulSinkWriter;
import org.apache.flink.api.connector.sink2.SupportsCommitter;
import org.apache.flink.api.connector.sink2.SupportsWriterState;
import org.apache.flink.api.connector.sink2.WriterInitContext;
import org.apache.flink.core.io.SimpleVersionedSerializer;

import java.io.IOException;
import java.util.Collection;
import java.util.Collections;

/**
 * The sink on Flink 1.19 and later, 2.x included.
 *
 * @param <T> class of the rows
 */
public final class Flink119Sink<T>
        implements Sink<T>,
                SupportsWriterState<T, StarRocksWriterState>,
                SupportsCommitter<StarRocksCommittable> {

    private static final long serialVersionUID = 1L;

    private final SinkPlan<T> plan;

    Flink119Sink(SinkPlan<T> plan) {
        this.plan = plan;
    }

    @Override
    public Writer<T> createWriter(WriterInitContext context) throws IOException {
        return restoreWriter(context, Collections.<StarRocksWriterState>emptyList());
    }

    @Override
    public Writer<T> restoreWriter(
            WriterInitContext context, Collection<StarRocksWriterState> restored)
            throws IOException {
        return new Writer<>(plan, context, restored);
    }

    @Override
    public Committer<StarRocksCommittable> createCommitter(CommitterInitContext context) {
        return SinkV2Committer.told(
                plan,
                context,
                context.metricGroup(),
                context.getTaskInfo().getIndexOfThisSubtask(),
                context.getRestoredCheckpointId());
    }

    @Override
    public SimpleVersionedSerializer<StarRocksWriterState> getWriterStateSerializer() {
        return new StarRocksWriterStateSerializer();
    }

    @Override
    public SimpleVersionedSerializer<StarRocksCommittable> getCommittableSerializer() {
        return new StarRocksCommittableSerializer();
    }

    @Override
    public String toString() {
        return plan.toString();
    }

    /** What makes the writer one of this era. */
    static final class Writer<T> extends SinkV2Writer<T>
            implements StatefulSinkWriter<T, StarRocksWriterState>,
                    CommittingSinkWriter<T, StarRocksCommittable> {

        Writer(
                SinkPlan<T> plan,
                WriterInitContext context,
                Collection<StarRocksWriterState> restored)
                throws IOException {
            super(
                    plan,
                    new WriterInit(
                            context,
                            context.metricGroup(),
                            context.getProcessingTimeService(),
                            context.getUserCodeClassLoader(),
                            context.getTaskInfo().getIndexOfThisSubtask(),
                            context.getRestoredCheckpointId()),
                    restored);
        }
    }
}

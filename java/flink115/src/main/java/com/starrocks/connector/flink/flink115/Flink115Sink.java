package com.starrocks.connector.flink.flink115;

import com.starrocks.connector.flink.connector.SinkPlan;
import com.starrocks.connector.flink.sink2.SinkV2Committer;
import com.starrocks.connector.flink.sink2.SinkV2Writer;
import com.starrocks.connector.flink.sink2.WriterInit;
import com.starrocks.connector.flink.table.sink.v2.StarRocksCommittable;
import com.starrocks.connector.flink.table.sink.v2.StarRocksCommittableSerializer;
import com.starrocks.connector.flink.table.sink.v2.StarRocksWriterState;
import com.starrocks.connector.flink.table.sink.v2.StarRocksWriterStateSerializer;

import org.apache.flink.api.connector.sink2.Committer;
import org.apache.flink.api.connector.sink2.StatefulSink;
import org.apache.flink.api.connector.sink2.TwoPhaseCommittingSink;
import org.apache.flink.core.io.SimpleVersionedSerializer;

import java.io.IOException;
import java.util.Collection;
import java.util.Collections;

/**
 * The sink on Flink 1.15 to 1.18.
 *
 * @param <T> class of the rows
 */
public final class Flink115Sink<T>
        implements StatefulSink<T, StarRocksWriterState>,
                TwoPhaseCommittingSink<T, StarRocksCommittable> {

    private static final long serialVersionUID = 1L;

    private final SinkPlan<T> plan;

    Flink115Sink(SinkPlan<T> plan) {
        this.plan = plan;
    }

    @Override
    public Writer<T> createWriter(InitContext context) throws IOException {
        return restoreWriter(context, Collections.<StarRocksWriterState>emptyList());
    }

    @Override
    public Writer<T> restoreWriter(InitContext context, Collection<StarRocksWriterState> restored)
            throws IOException {
        return new Writer<>(plan, context, restored);
    }

    @Override
    public Committer<StarRocksCommittable> createCommitter() {
        return SinkV2Committer.untold(plan);
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
                    PrecommittingSinkWriter<T, StarRocksCommittable> {

        Writer(SinkPlan<T> plan, InitContext context, Collection<StarRocksWriterState> restored)
                throws IOException {
            super(
                    plan,
                    new WriterInit(
                            context,
                            context.metricGroup(),
                            context.getProcessingTimeService(),
                            context.getUserCodeClassLoader(),
                            context.getSubtaskId(),
                            context.getRestoredCheckpointId()),
                    restored);
        }
    }
}

package com.starrocks.connector.flink.sink2;

import com.starrocks.connector.flink.connector.RuntimeFacts;
import com.starrocks.connector.flink.connector.SinkPlan;
import com.starrocks.connector.flink.connector.StarRocksCommitter;
import com.starrocks.connector.flink.connector.WriterContext;
import com.starrocks.connector.flink.table.sink.v2.StarRocksCommittable;

import org.apache.flink.api.connector.sink2.Committer;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.metrics.groups.UnregisteredMetricsGroup;
import org.apache.flink.streaming.api.operators.StreamingRuntimeContext;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Supplier;

/**
 * Passes committables on to a {@link StarRocksCommitter}, which is opened for the first ones.
 *
 * <p>While StarRocks can't be reached, {@link #commit} first waits itself, then leaves it to Flink
 * to try again: since 2.0, and in later patches of 1.19 and 1.20, it does so at once, up to {@code
 * sink.committer.retries} times, and in earlier ones after a second in which rows go on, without
 * such a bound. Before the default of that is used up, {@code commit} waits for as long as it
 * takes. Older rows never come after newer ones of the same table, as the session keeps their order
 * from one call to the next. Among subtasks that holds because of this: what a job is restored with
 * is settled before its operators run, without leaving anything for later. Up to Flink 1.18 a
 * committer can't tell what that is, so it always waits.
 */
public final class SinkV2Committer implements Committer<StarRocksCommittable> {

    /** How long to wait for StarRocks before Flink gets its turn, in milliseconds. */
    private static final long PATIENCE_MS = 10_000;

    /** How often Flink gets it: half of what {@code sink.committer.retries} is by default. */
    private static final int FLINK_RETRIES = 5;

    private final Supplier<StarRocksCommitter> opener;
    private final long restoredCheckpoint;
    private final long patienceMs;

    private StarRocksCommitter committer;

    SinkV2Committer(Supplier<StarRocksCommitter> opener, long restoredCheckpoint, long patienceMs) {
        this.opener = opener;
        this.restoredCheckpoint = restoredCheckpoint;
        this.patienceMs = patienceMs;
    }

    private static SinkV2Committer of(
            SinkPlan<?> plan, WriterContext context, long restoredCheckpoint) {
        return new SinkV2Committer(
                () -> StarRocksCommitter.open(plan, context), restoredCheckpoint, PATIENCE_MS);
    }

    /** A committer that Flink tells nothing. */
    public static SinkV2Committer untold(SinkPlan<?> plan) {
        WriterContext context = new WriterContext(new UnregisteredMetricsGroup(), "", 0, 0);
        return of(plan, context, Long.MAX_VALUE);
    }

    /**
     * A committer that is told about its surroundings.
     *
     * @param initContext Flink's own object
     */
    public static SinkV2Committer told(
            SinkPlan<?> plan,
            Object initContext,
            MetricGroup metrics,
            int subtask,
            OptionalLong restoredCheckpoint) {
        StreamingRuntimeContext runtime = RuntimeFacts.within(initContext);
        WriterContext context =
                new WriterContext(metrics, "", subtask, RuntimeFacts.attempt(runtime));
        if (runtime != null) {
            RuntimeFacts.tell(context, runtime);
        }
        return of(plan, context, restoredCheckpoint.orElse(0));
    }

    @Override
    public void commit(Collection<CommitRequest<StarRocksCommittable>> requests)
            throws InterruptedException {
        if (requests.isEmpty()) {
            return;
        }
        if (committer == null) {
            committer = opener.get();
        }
        List<byte[]> records = new ArrayList<>(requests.size());
        boolean leaveToFlink = true;
        for (CommitRequest<StarRocksCommittable> request : requests) {
            records.add(request.getCommittable().record());
            leaveToFlink &=
                    request.getCommittable().checkpoint() > restoredCheckpoint
                            && request.getNumberOfRetries() < FLINK_RETRIES;
        }
        if (!committer.settle(records, leaveToFlink ? patienceMs : StarRocksCommitter.FOREVER)) {
            for (CommitRequest<StarRocksCommittable> request : requests) {
                if (!committer.isSettled(request.getCommittable().record())) {
                    request.retryLater();
                }
            }
        }
    }

    @Override
    public void close() {
        if (committer != null) {
            committer.close();
        }
    }
}

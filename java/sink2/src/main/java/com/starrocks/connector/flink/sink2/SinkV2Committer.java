package com.starrocks.connector.flink.sink2;

import com.starrocks.connector.flink.connector.RuntimeFacts;
import com.starrocks.connector.flink.connector.SinkPlan;
import com.starrocks.connector.flink.connector.StarRocksCommitter;
import com.starrocks.connector.flink.connector.WriterContext;
import com.starrocks.connector.flink.table.sink.v2.StarRocksCommittable;

import org.apache.flink.api.connector.sink2.Committer;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.ConfigurationUtils;
import org.apache.flink.configuration.GlobalConfiguration;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.metrics.groups.UnregisteredMetricsGroup;
import org.apache.flink.streaming.api.operators.StreamingRuntimeContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
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

    private static final Logger LOG = LoggerFactory.getLogger(SinkV2Committer.class);

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

    /** A committer that Flink tells nothing: in Flink up to 1.18. */
    public static SinkV2Committer untold(SinkPlan<?> plan) {
        return new SinkV2Committer(
                () ->
                        StarRocksCommitter.open(
                                plan,
                                new WriterContext(new UnregisteredMetricsGroup(), "", 0, 0)
                                        .withTemporaryFolders(temporaryFolders())),
                Long.MAX_VALUE,
                PATIENCE_MS);
    }

    /** Those of the configuration that the process was started with; empty if it can't be read. */
    private static List<String> temporaryFolders() {
        try {
            return temporaryFolders(GlobalConfiguration.loadConfiguration());
        } catch (RuntimeException | LinkageError e) {
            LOG.warn("Flink's temporary folders can't be found out", e);
            return Collections.emptyList();
        }
    }

    static List<String> temporaryFolders(Configuration flink) {
        return Arrays.asList(ConfigurationUtils.parseTempDirectories(flink));
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
        return new SinkV2Committer(
                () -> StarRocksCommitter.open(plan, context),
                restoredCheckpoint.orElse(0),
                PATIENCE_MS);
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

package com.starrocks.connector.flink.connector;

import com.starrocks.connector.flink.core.RecordingNative;

import org.apache.flink.metrics.groups.UnregisteredMetricsGroup;

/** Writers above native methods that a test plays, for tests of other packages. */
public final class PlayedWriters {

    private PlayedWriters() {}

    /** A plan for rows that are text, which asks no server. */
    public static SinkPlan<String> plan(String... options) {
        return SinkPlan.raw(Samples.values(options), any -> Samples.server("id int"));
    }

    /** A writer of that plan. */
    public static <T> StarRocksWriter<T> open(
            SinkPlan<T> plan, WriterContext context, RecordingNative library) {
        return StarRocksWriter.open(plan, context, library::open);
    }

    /** A committer of such a plan. */
    public static StarRocksCommitter openCommitter(RecordingNative library) {
        return StarRocksCommitter.open(
                plan(),
                new WriterContext(new UnregisteredMetricsGroup(), "", 0, 0),
                (config, listener) -> library.open(config, 0, listener));
    }
}

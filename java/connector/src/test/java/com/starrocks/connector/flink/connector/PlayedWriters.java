package com.starrocks.connector.flink.connector;

import com.starrocks.connector.flink.core.RecordingNative;

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
}

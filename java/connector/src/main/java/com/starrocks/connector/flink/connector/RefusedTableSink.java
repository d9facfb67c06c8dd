package com.starrocks.connector.flink.connector;

import org.apache.flink.table.connector.ChangelogMode;
import org.apache.flink.table.connector.sink.DynamicTableSink;

/**
 * Stands for a table whose options can't be used, and says so when the planner asks for anything.
 */
final class RefusedTableSink implements DynamicTableSink {

    private final RuntimeException reason;

    RefusedTableSink(RuntimeException reason) {
        this.reason = reason;
    }

    @Override
    public ChangelogMode getChangelogMode(ChangelogMode requestedMode) {
        throw reason;
    }

    @Override
    public SinkRuntimeProvider getSinkRuntimeProvider(Context context) {
        throw reason;
    }

    @Override
    public DynamicTableSink copy() {
        return new RefusedTableSink(reason);
    }

    @Override
    public String asSummaryString() {
        return StarRocksTableSink.SUMMARY;
    }
}

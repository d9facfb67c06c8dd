package com.starrocks.connector.flink.connector;

import org.apache.flink.table.connector.ChangelogMode;
import org.apache.flink.table.connector.sink.DynamicTableSink;
import org.apache.flink.table.connector.sink.abilities.SupportsPartitioning;

import java.util.Map;

/**
 * Stands for a table that can't be written as it is declared, and says so when the planner asks for
 * anything. It passes for one that takes partitions, as Flink's own word on them names interfaces
 * of Flink and comes first.
 */
final class RefusedTableSink implements DynamicTableSink, SupportsPartitioning {

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
    public void applyStaticPartition(Map<String, String> partition) {
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

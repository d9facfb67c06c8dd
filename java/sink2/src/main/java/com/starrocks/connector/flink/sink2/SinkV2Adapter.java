package com.starrocks.connector.flink.sink2;

import com.starrocks.connector.flink.connector.FlinkAdapter;
import com.starrocks.connector.flink.connector.SinkPlan;

import org.apache.flink.table.connector.sink.DynamicTableSink;
import org.apache.flink.table.connector.sink.SinkV2Provider;
import org.apache.flink.table.data.RowData;

/** The SQL sink on a Flink that has {@link SinkV2Provider} alone: 2.x. */
public final class SinkV2Adapter implements FlinkAdapter {

    @Override
    public DynamicTableSink.SinkRuntimeProvider provider(
            SinkPlan<RowData> plan, Integer parallelism) {
        return SinkV2Provider.of(SinkV2.of(plan), parallelism);
    }
}

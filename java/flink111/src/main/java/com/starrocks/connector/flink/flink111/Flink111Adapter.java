package com.starrocks.connector.flink.flink111;

import com.starrocks.connector.flink.connector.FlinkAdapter;
import com.starrocks.connector.flink.connector.FlinkTable;
import com.starrocks.connector.flink.connector.SinkPlan;

import org.apache.flink.streaming.api.functions.sink.SinkFunction;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.catalog.CatalogBaseTable;
import org.apache.flink.table.connector.sink.DynamicTableSink;
import org.apache.flink.table.connector.sink.SinkFunctionProvider;
import org.apache.flink.table.data.RowData;

import java.util.Optional;

/** The SQL sink on a Flink that has {@link SinkFunctionProvider}: 1.11 to 1.20. */
public final class Flink111Adapter implements FlinkAdapter {

    @Override
    public DynamicTableSink.SinkRuntimeProvider provider(
            SinkPlan<RowData> plan, Integer parallelism) {
        if (parallelism != null && !hasParallelism()) {
            throw new ValidationException(
                    "'sink.parallelism' = '"
                            + parallelism
                            + "': only Flink 1.12 and later can set a sink's parallelism");
        }
        return new Provider(plan, parallelism);
    }

    private static boolean hasParallelism() {
        try {
            SinkFunctionProvider.class.getMethod("getParallelism");
            return true;
        } catch (NoSuchMethodException e) {
            return false;
        }
    }

    @Override
    public FlinkTable schema(CatalogBaseTable table) {
        return TableSchemas.read(table.getSchema());
    }

    private static final class Provider implements SinkFunctionProvider {

        private final SinkPlan<RowData> plan;
        private final Integer parallelism;

        Provider(SinkPlan<RowData> plan, Integer parallelism) {
            this.plan = plan;
            this.parallelism = parallelism;
        }

        @Override
        public SinkFunction<RowData> createSinkFunction() {
            return new StarRocksSinkFunction<>(plan);
        }

        /** Of {@code ParallelismProvider}, which this interface extends since Flink 1.12. */
        public Optional<Integer> getParallelism() {
            return Optional.ofNullable(parallelism);
        }
    }
}

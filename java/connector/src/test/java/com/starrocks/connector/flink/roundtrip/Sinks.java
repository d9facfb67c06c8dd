package com.starrocks.connector.flink.roundtrip;

import com.starrocks.connector.flink.connector.FlinkTable;
import com.starrocks.connector.flink.connector.SinkPlan;
import com.starrocks.connector.flink.connector.StarRocksWriter;
import com.starrocks.connector.flink.connector.WriterContext;
import com.starrocks.connector.flink.table.sink.StarRocksSinkOptions;

import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.groups.UnregisteredMetricsGroup;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.types.DataType;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.RowType;

import java.time.ZoneId;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Plans of the product's sinks, and writers as a subtask opens them. */
final class Sinks {

    private Sinks() {}

    /** The columns that rows carry. */
    static FlinkTable schema(List<String> names, List<DataType> types, String... primaryKey) {
        LogicalType[] logical =
                types.stream().map(DataType::getLogicalType).toArray(LogicalType[]::new);
        return FlinkTable.of(
                RowType.of(logical, names.toArray(new String[0])), Arrays.asList(primaryKey));
    }

    static StarRocksSinkOptions options(Map<String, String> options) {
        StarRocksSinkOptions.Builder builder = StarRocksSinkOptions.builder();
        options.forEach(builder::withProperty);
        return builder.build();
    }

    /** A sink for rows whose values stand in slots, in the columns' order. */
    static SinkPlan<Object[]> slots(Map<String, String> options, FlinkTable schema) {
        return SinkPlan.slots(
                options(options).values(),
                schema,
                (slots, row) -> System.arraycopy(row, 0, slots, 0, row.length));
    }

    static SinkPlan<RowData> sql(Map<String, String> options, FlinkTable schema) {
        return SinkPlan.sql(options(options).values(), schema, ZoneId.of("UTC"));
    }

    static <T> Writer<T> open(SinkPlan<T> plan) throws InterruptedException {
        return new Writer<>(plan);
    }

    /** Writes all rows and waits until they are loaded. */
    @SafeVarargs
    static <T> void load(SinkPlan<T> plan, T... rows) throws Exception {
        try (Writer<T> writer = open(plan)) {
            for (T row : rows) {
                writer.rows.write(row);
            }
            writer.rows.finish();
        }
    }

    /** A writer and its counters. */
    static final class Writer<T> implements AutoCloseable {

        final StarRocksWriter<T> rows;
        private final Map<String, Counter> counters = new HashMap<>();

        private Writer(SinkPlan<T> plan) throws InterruptedException {
            UnregisteredMetricsGroup metrics =
                    new UnregisteredMetricsGroup() {
                        @Override
                        public <C extends Counter> C counter(String name, C counter) {
                            counters.put(name, counter);
                            return counter;
                        }
                    };
            rows = StarRocksWriter.open(plan, new WriterContext(metrics, "roundtrip", 0, 0));
            rows.awaitReady();
        }

        long counter(String name) {
            return counters.get(name).getCount();
        }

        @Override
        public void close() {
            rows.close();
        }
    }
}

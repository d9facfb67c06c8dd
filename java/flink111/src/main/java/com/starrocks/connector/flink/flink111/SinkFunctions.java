package com.starrocks.connector.flink.flink111;

import com.starrocks.connector.flink.connector.SinkPlan;
import com.starrocks.connector.flink.row.sink.StarRocksSinkRowBuilder;
import com.starrocks.connector.flink.table.sink.StarRocksSinkOptions;

import org.apache.flink.streaming.api.functions.sink.SinkFunction;
import org.apache.flink.table.api.TableSchema;
import org.apache.flink.table.api.ValidationException;

/** Makes sink functions from options. */
public final class SinkFunctions {

    private SinkFunctions() {}

    /** A sink for rows that are text already and may name their own tables. */
    public static <T> SinkFunction<T> unchecked(StarRocksSinkOptions options) {
        return new StarRocksSinkFunction<>(SinkPlan.<T>rawUnchecked(options.values()));
    }

    /** A sink for strings. */
    public static SinkFunction<String> strings(StarRocksSinkOptions options) {
        return new StarRocksSinkFunction<>(SinkPlan.raw(options.values()));
    }

    /** A sink for rows of any class. */
    public static <T> SinkFunction<T> slots(
            StarRocksSinkOptions options,
            TableSchema schema,
            StarRocksSinkRowBuilder<T> rowBuilder) {
        if (options.supportUpsertDelete() && !schema.getPrimaryKey().isPresent()) {
            throw new ValidationException(SinkPlan.NO_PRIMARY_KEY);
        }
        return new StarRocksSinkFunction<>(
                SinkPlan.slots(options.values(), TableSchemas.read(schema), rowBuilder));
    }
}

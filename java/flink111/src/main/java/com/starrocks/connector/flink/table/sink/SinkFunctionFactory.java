package com.starrocks.connector.flink.table.sink;

import com.starrocks.connector.flink.connector.SinkPlan;
import com.starrocks.connector.flink.flink111.StarRocksSinkFunction;
import com.starrocks.connector.flink.flink111.TableSchemas;
import com.starrocks.connector.flink.row.sink.StarRocksSinkRowBuilder;

import org.apache.flink.streaming.api.functions.sink.SinkFunction;
import org.apache.flink.table.api.TableSchema;
import org.apache.flink.table.api.ValidationException;

/** Makes sink functions from options. */
public class SinkFunctionFactory {

    private SinkFunctionFactory() {}

    /**
     * A sink for rows that are text already and may name their own tables: strings, {@link
     * com.starrocks.connector.flink.table.data.StarRocksRowData} and {@link
     * StarRocksSinkRowDataWithMeta}. Since any table may come, none is looked at beforehand.
     */
    public static <T> SinkFunction<T> createSinkFunction(StarRocksSinkOptions sinkOptions) {
        return new StarRocksSinkFunction<>(SinkPlan.<T>rawUnchecked(sinkOptions.values()));
    }

    /** A sink for strings; see {@link com.starrocks.connector.flink.StarRocksSink}. */
    public static SinkFunction<String> createStringSinkFunction(StarRocksSinkOptions sinkOptions) {
        return new StarRocksSinkFunction<>(SinkPlan.raw(sinkOptions.values()));
    }

    /** A sink for rows of any class; see {@link com.starrocks.connector.flink.StarRocksSink}. */
    public static <T> SinkFunction<T> createSinkFunction(
            StarRocksSinkOptions sinkOptions,
            TableSchema schema,
            StarRocksSinkRowBuilder<T> rowBuilder) {
        if (sinkOptions.supportUpsertDelete() && !schema.getPrimaryKey().isPresent()) {
            throw new ValidationException(
                    "enableUpsertDelete() was called on the options, but the schema has no PRIMARY"
                            + " KEY; declare the StarRocks table's PRIMARY KEY in the schema");
        }
        return new StarRocksSinkFunction<>(
                SinkPlan.slots(sinkOptions.values(), TableSchemas.read(schema), rowBuilder));
    }
}

package com.starrocks.connector.flink.table.sink;

import com.starrocks.connector.flink.flink111.SinkFunctions;
import com.starrocks.connector.flink.row.sink.StarRocksSinkRowBuilder;
import com.starrocks.connector.flink.table.sink.v2.StarRocksSink;

import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.streaming.api.functions.sink.SinkFunction;
import org.apache.flink.table.api.Schema;
import org.apache.flink.table.api.TableSchema;

/**
 * Makes sinks from options: {@code createSinkFunction} for {@code addSink} on Flink 1.x, {@code
 * createSink} for {@code sinkTo} on Flink 1.15 and later, 2.x included.
 *
 * <p>No Flink has all the classes that are named here. A method can be called, and code that calls
 * it compiled, wherever Flink has those that the method itself names; so no two methods of one name
 * may differ in that.
 */
public class SinkFunctionFactory {

    private SinkFunctionFactory() {}

    /**
     * A sink for rows that are text already and may name their own tables: strings, {@link
     * com.starrocks.connector.flink.table.data.StarRocksRowData} and {@link
     * StarRocksSinkRowDataWithMeta}. Since any table may come, none is looked at beforehand.
     */
    public static <T> SinkFunction<T> createSinkFunction(StarRocksSinkOptions sinkOptions) {
        return SinkFunctions.unchecked(sinkOptions);
    }

    /** A sink for strings; see {@link com.starrocks.connector.flink.StarRocksSink}. */
    public static SinkFunction<String> createStringSinkFunction(StarRocksSinkOptions sinkOptions) {
        return SinkFunctions.strings(sinkOptions);
    }

    /** A sink for rows of any class; see {@link com.starrocks.connector.flink.StarRocksSink}. */
    public static <T> SinkFunction<T> createSinkFunction(
            StarRocksSinkOptions sinkOptions,
            TableSchema schema,
            StarRocksSinkRowBuilder<T> rowBuilder) {
        return SinkFunctions.slots(sinkOptions, schema, rowBuilder);
    }

    /** The same as {@link #createSinkFunction(StarRocksSinkOptions)}, for {@code sinkTo}. */
    public static <T> Sink<T> createSink(StarRocksSinkOptions sinkOptions) {
        return StarRocksSink.anyTable(sinkOptions);
    }

    /** A sink for strings; see {@link StarRocksSink#sink(StarRocksSinkOptions)}. */
    public static Sink<String> createStringSink(StarRocksSinkOptions sinkOptions) {
        return StarRocksSink.sink(sinkOptions);
    }

    /** A sink for rows of any class; see {@link StarRocksSink}. */
    public static <T> Sink<T> createSink(
            StarRocksSinkOptions sinkOptions,
            Schema schema,
            StarRocksSinkRowBuilder<T> rowBuilder) {
        return StarRocksSink.sink(schema, sinkOptions, rowBuilder);
    }
}

package com.starrocks.connector.flink;

import com.starrocks.connector.flink.flink111.SinkFunctions;
import com.starrocks.connector.flink.row.sink.StarRocksSinkRowBuilder;
import com.starrocks.connector.flink.table.sink.StarRocksSinkOptions;

import org.apache.flink.streaming.api.functions.sink.SinkFunction;
import org.apache.flink.table.api.TableSchema;

/**
 * Sinks that load into StarRocks, for {@code DataStream.addSink}.
 *
 * <p>That the table exists, takes the login and fits the schema is checked here, where the job is
 * put together.
 */
public class StarRocksSink {

    private StarRocksSink() {}

    /**
     * A sink for rows of any class.
     *
     * <pre>{@code
     * TableSchema schema = TableSchema.builder()
     *         .field("id", DataTypes.BIGINT().notNull())
     *         .field("name", DataTypes.STRING())
     *         .primaryKey("id")
     *         .build();
     * stream.addSink(StarRocksSink.sink(schema, options, (slots, user) -> {
     *     slots[0] = user.id;
     *     slots[1] = user.name;
     *     slots[2] = StarRocksSinkOP.UPSERT.ordinal(); // since there is a PRIMARY KEY
     * }));
     * }</pre>
     *
     * @param flinkTableSchema the columns that the row builder fills, in its order; a PRIMARY KEY
     *     if the StarRocks table has one
     * @param sinkOptions where to load, and how
     * @param rowBuilder puts the columns of a row into slots
     * @throws org.apache.flink.table.api.ValidationException if the table can't be read or doesn't
     *     fit
     */
    public static <T> SinkFunction<T> sink(
            TableSchema flinkTableSchema,
            StarRocksSinkOptions sinkOptions,
            StarRocksSinkRowBuilder<T> rowBuilder) {
        return SinkFunctions.slots(sinkOptions, flinkTableSchema, rowBuilder);
    }

    /**
     * A sink for strings, each a row in CSV or a JSON object, as {@code sink.properties.format}
     * says.
     *
     * @param sinkOptions where to load, and how
     * @throws org.apache.flink.table.api.ValidationException if the table can't be read
     */
    public static SinkFunction<String> sink(StarRocksSinkOptions sinkOptions) {
        return SinkFunctions.strings(sinkOptions);
    }
}

package com.starrocks.connector.flink.table.sink.v2;

import com.starrocks.connector.flink.connector.FlinkTable;
import com.starrocks.connector.flink.connector.SinkPlan;
import com.starrocks.connector.flink.row.sink.StarRocksSinkRowBuilder;
import com.starrocks.connector.flink.sink2.Schemas;
import com.starrocks.connector.flink.sink2.SinkV2;
import com.starrocks.connector.flink.table.sink.StarRocksSinkOptions;

import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.table.api.Schema;
import org.apache.flink.table.api.ValidationException;

/**
 * Sinks that load into StarRocks, for {@code DataStream.sinkTo}: on Flink 1.15 and later, 2.x
 * included.
 *
 * <p>That the table exists, takes the login and fits the schema is checked here, where the job is
 * put together.
 */
public final class StarRocksSink {

    private StarRocksSink() {}

    /**
     * A sink for rows of any class.
     *
     * <pre>{@code
     * Schema schema = Schema.newBuilder()
     *         .column("id", DataTypes.BIGINT().notNull())
     *         .column("name", DataTypes.STRING())
     *         .primaryKey("id")
     *         .build();
     * stream.sinkTo(StarRocksSink.sink(schema, options, (slots, user) -> {
     *     slots[0] = user.id;
     *     slots[1] = user.name;
     *     slots[2] = StarRocksSinkOP.UPSERT.ordinal(); // since there is a PRIMARY KEY
     * }));
     * }</pre>
     *
     * @param schema the columns that the row builder fills, in its order, with types from {@code
     *     DataTypes}; a PRIMARY KEY if the StarRocks table has one
     * @param options where to load, and how
     * @param rowBuilder puts the columns of a row into slots
     * @throws ValidationException if the table can't be read or doesn't fit
     */
    public static <T> Sink<T> sink(
            Schema schema, StarRocksSinkOptions options, StarRocksSinkRowBuilder<T> rowBuilder) {
        FlinkTable table = Schemas.read(schema);
        if (options.supportUpsertDelete() && !table.hasPrimaryKey()) {
            throw new ValidationException(SinkPlan.NO_PRIMARY_KEY);
        }
        return SinkV2.of(SinkPlan.slots(options.values(), table, rowBuilder));
    }

    /**
     * A sink for strings, each a row in CSV or a JSON object, as {@code sink.properties.format}
     * says.
     *
     * @param options where to load, and how
     * @throws ValidationException if the table can't be read
     */
    public static Sink<String> sink(StarRocksSinkOptions options) {
        return SinkV2.of(SinkPlan.raw(options.values()));
    }

    /**
     * A sink for rows that are text already and may name their own tables: strings, {@link
     * com.starrocks.connector.flink.table.data.StarRocksRowData} and {@link
     * com.starrocks.connector.flink.table.sink.StarRocksSinkRowDataWithMeta}. Since any table may
     * come, none is looked at beforehand.
     *
     * @param options where to load, and how
     */
    public static <T> Sink<T> anyTable(StarRocksSinkOptions options) {
        return SinkV2.of(SinkPlan.<T>rawUnchecked(options.values()));
    }
}

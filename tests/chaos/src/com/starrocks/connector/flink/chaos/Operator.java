package com.starrocks.connector.flink.chaos;

import com.google.gson.JsonObject;
import com.starrocks.connector.flink.StarRocksSink;
import com.starrocks.connector.flink.row.sink.StarRocksSinkOP;
import com.starrocks.connector.flink.row.sink.StarRocksSinkRowBuilder;
import com.starrocks.connector.flink.table.data.DefaultStarRocksRowData;
import com.starrocks.connector.flink.table.sink.SinkFunctionFactory;
import com.starrocks.connector.flink.table.sink.StarRocksSinkOptions;

import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.streaming.api.functions.sink.SinkFunction;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.api.Schema;
import org.apache.flink.table.api.TableSchema;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A sink of the job.
 *
 * @param tables where its rows go; all of one key model unless the format is JSON
 * @param raw whether the rows are text that names its table, else there is one table and the values
 *     stand in slots
 * @param json JSON or CSV
 */
record Operator(List<Table> tables, boolean raw, boolean json) {

    /** Whether sinks are for {@code sinkTo}, not {@code addSink}. */
    static final boolean SINK_V2 = Boolean.getBoolean("chaos.sinkV2");

    private static final char COLUMN = '\u0001';

    boolean takes(Row row) {
        return tables.stream().anyMatch(table -> table.number() == row.table());
    }

    /**
     * The sink as users make it, a {@code SinkFunction} or a {@code Sink}, which reads the tables'
     * columns from the server.
     */
    Object plan(String database, Map<String, String> common) {
        StarRocksSinkOptions.Builder options = StarRocksSinkOptions.builder();
        common.forEach(options::withProperty);
        options.withProperty("database-name", database);
        options.withProperty("table-name", raw ? "*" : tables.get(0).name());
        options.withProperty("sink.properties.format", json ? "json" : "csv");
        if (!json) {
            options.withProperty("sink.properties.column_separator", "\\x01");
            options.withProperty("sink.properties.row_delimiter", "\\x02");
            if (raw) {
                options.withProperty(
                        "sink.properties.columns",
                        "id,src,pos,payload" + (tables.get(0).primaryKey() ? ",__op" : ""));
            }
        }
        if (SINK_V2) {
            return raw ? SinkFunctionFactory.createSink(options.build()) : sink(options.build());
        }
        return raw
                ? SinkFunctionFactory.createSinkFunction(options.build())
                : function(options.build());
    }

    private boolean primaryKey() {
        return tables.get(0).primaryKey();
    }

    private Sink<Row> sink(StarRocksSinkOptions options) {
        Schema.Builder schema =
                Schema.newBuilder()
                        .column("id", DataTypes.BIGINT().notNull())
                        .column("src", DataTypes.INT())
                        .column("pos", DataTypes.BIGINT())
                        .column("payload", DataTypes.STRING());
        if (primaryKey()) {
            schema.primaryKey("id");
        }
        return com.starrocks.connector.flink.table.sink.v2.StarRocksSink.sink(
                schema.build(), options, builder(primaryKey()));
    }

    private SinkFunction<Row> function(StarRocksSinkOptions options) {
        TableSchema.Builder schema =
                TableSchema.builder()
                        .field("id", DataTypes.BIGINT().notNull())
                        .field("src", DataTypes.INT())
                        .field("pos", DataTypes.BIGINT())
                        .field("payload", DataTypes.STRING());
        if (primaryKey()) {
            schema.primaryKey("id");
        }
        return StarRocksSink.sink(schema.build(), options, builder(primaryKey()));
    }

    private static StarRocksSinkRowBuilder<Row> builder(boolean primaryKey) {
        return (slots, row) -> {
            slots[0] = row.id();
            slots[1] = row.partition();
            slots[2] = row.position();
            slots[3] = row.payload();
            if (primaryKey) {
                slots[4] = op(row).ordinal();
            }
        };
    }

    private static StarRocksSinkOP op(Row row) {
        return row.delete() ? StarRocksSinkOP.DELETE : StarRocksSinkOP.UPSERT;
    }

    /** What the sink is given for a row. */
    Object element(String database, Row row) {
        if (!raw) {
            return row;
        }
        Table table =
                tables.stream().filter(t -> t.number() == row.table()).findFirst().orElseThrow();
        return new DefaultStarRocksRowData(
                null, database, table.name(), json ? json(table, row) : csv(table, row));
    }

    private static String json(Table table, Row row) {
        JsonObject object = new JsonObject();
        object.addProperty("id", row.id());
        object.addProperty("src", row.partition());
        object.addProperty("pos", row.position());
        object.addProperty("payload", row.payload());
        if (table.primaryKey()) {
            object.addProperty("__op", op(row).ordinal());
        }
        return object.toString();
    }

    private static String csv(Table table, Row row) {
        List<String> fields = new ArrayList<>();
        fields.add(String.valueOf(row.id()));
        fields.add(String.valueOf(row.partition()));
        fields.add(String.valueOf(row.position()));
        fields.add(row.payload());
        if (table.primaryKey()) {
            fields.add(String.valueOf(op(row).ordinal()));
        }
        return String.join(String.valueOf(COLUMN), fields);
    }
}

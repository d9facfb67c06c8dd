package com.starrocks.e2e;

import com.starrocks.connector.flink.row.sink.StarRocksSinkRowBuilder;
import com.starrocks.connector.flink.table.sink.StarRocksSinkOptions;
import com.starrocks.connector.flink.table.sink.v2.StarRocksSink;

import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.api.Schema;

/**
 * {@link Rows} into StarRocks through {@code sinkTo}, for Flink 1.15 and later: the forms {@code
 * json}, {@code slots} and {@code pair}, as in {@code RowsJob}.
 */
public final class SinkRowsJob {
    private SinkRowsJob() {}

    public static void main(String[] args) throws Exception {
        Arguments arguments = new Arguments(args);
        StreamExecutionEnvironment env = JobSettings.environment(arguments);
        DataStream<Long> numbers = new SourceNumbers().stream(arguments, env);
        numbers = Rows.failing(arguments, numbers);
        StarRocksSinkOptions options = JobSettings.options(arguments, null);
        String form = arguments.required("form");
        switch (form) {
            case "json":
                numbers.map(Rows::json)
                        .sinkTo(StarRocksSink.sink(options))
                        .name("rows")
                        .uid("rows");
                break;
            case "slots":
                numbers.sinkTo(slots(options)).name("rows").uid("rows");
                break;
            case "pair":
                long keys = arguments.number("keys", 1000);
                int sinks = (int) arguments.number("sinks", 1);
                DataStream<Long> byKey = numbers.keyBy(n -> n % keys, Types.LONG);
                byKey.sinkTo(slots(options)).name("rows").uid("rows").setParallelism(sinks);
                byKey.sinkTo(upsert(JobSettings.options(arguments, arguments.get("latest")), keys))
                        .name("latest")
                        .uid("latest")
                        .setParallelism(sinks);
                break;
            default:
                throw new IllegalArgumentException("--form " + form);
        }
        env.execute(arguments.has("name") ? arguments.get("name") : "rows as " + form);
    }

    private static Sink<Long> slots(StarRocksSinkOptions options) {
        StarRocksSinkRowBuilder<Long> rows = (slots, n) -> Rows.fill(slots, n, n);
        return StarRocksSink.sink(schema().build(), options, rows);
    }

    private static Sink<Long> upsert(StarRocksSinkOptions options, long keys) {
        StarRocksSinkRowBuilder<Long> rows =
                (slots, n) -> {
                    Rows.fill(slots, n, n % keys);
                    slots[slots.length - 1] = Rows.operation(n);
                };
        return StarRocksSink.sink(schema().primaryKey("id").build(), options, rows);
    }

    private static Schema.Builder schema() {
        return Schema.newBuilder()
                .column("id", DataTypes.BIGINT().notNull())
                .column("name", DataTypes.STRING())
                .column("amount", DataTypes.DECIMAL(20, 2))
                .column("at", DataTypes.TIMESTAMP(0));
    }
}

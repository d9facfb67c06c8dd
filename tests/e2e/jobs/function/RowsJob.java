package com.starrocks.e2e;

import com.starrocks.connector.flink.StarRocksSink;
import com.starrocks.connector.flink.table.data.DefaultStarRocksRowData;
import com.starrocks.connector.flink.table.data.StarRocksRowData;
import com.starrocks.connector.flink.table.sink.SinkFunctionFactory;
import com.starrocks.connector.flink.table.sink.StarRocksSinkOptions;

import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.SinkFunction;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.api.TableSchema;

import java.io.Serializable;

/**
 * {@link Rows} into StarRocks through each DataStream form of the SinkFunction, for Flink 1.x.
 *
 * <p>In the form {@code upsert} the key is n modulo {@code --keys}. The form {@code pair} is {@code
 * slots} into the table of the options and {@code upsert} into {@code --latest}, with {@code
 * --sinks} subtasks each. With {@code --fail-at} the job fails at that row, each time it comes.
 */
@SuppressWarnings("deprecation")
public final class RowsJob {
    private RowsJob() {}

    public static void main(String[] args) throws Exception {
        Arguments arguments = new Arguments(args);
        StreamExecutionEnvironment env = JobSettings.environment(arguments);
        DataStream<Long> numbers = Rows.failing(arguments, JobSettings.numbers(arguments, env));
        StarRocksSinkOptions options = JobSettings.options(arguments, null);
        long keys = arguments.number("keys", 1000);
        String form = arguments.required("form");
        switch (form) {
            case "json":
                numbers.map(Rows::json).addSink(StarRocksSink.sink(options));
                break;
            case "csv":
                numbers.map(Rows::csv).addSink(StarRocksSink.sink(options));
                break;
            case "slots":
                numbers.addSink(slots(options)).uid("rows");
                break;
            case "upsert":
                numbers.addSink(upsert(options, keys));
                break;
            case "pair":
                int sinks = (int) arguments.number("sinks", 1);
                DataStream<Long> byKey = numbers.keyBy(n -> n % keys, Types.LONG);
                byKey.addSink(slots(options)).name("rows").uid("rows").setParallelism(sinks);
                byKey.addSink(upsert(JobSettings.options(arguments, arguments.get("latest")), keys))
                        .name("latest")
                        .uid("latest")
                        .setParallelism(sinks);
                break;
            case "tables": // even numbers into one table, odd ones into the other
                namingTheirTable(numbers, options, n -> n % 2 == 0 ? "even" : "odd");
                break;
            case "many": // into t0, t1, ... in turn
                int tables = (int) arguments.number("tables", 1);
                namingTheirTable(numbers, options, n -> "t" + n % tables);
                break;
            default:
                throw new IllegalArgumentException("--form " + form);
        }
        env.execute(arguments.has("name") ? arguments.get("name") : "rows as " + form);
    }

    private static SinkFunction<Long> slots(StarRocksSinkOptions options) {
        return StarRocksSink.sink(schema().build(), options, (slots, n) -> Rows.fill(slots, n, n));
    }

    private static SinkFunction<Long> upsert(StarRocksSinkOptions options, long keys) {
        return StarRocksSink.sink(
                schema().primaryKey("id").build(),
                options,
                (slots, n) -> {
                    Rows.fill(slots, n, n % keys);
                    slots[slots.length - 1] = Rows.operation(n);
                });
    }

    private static void namingTheirTable(
            DataStream<Long> numbers, StarRocksSinkOptions options, TableOf tableOf) {
        String database = options.getDatabaseName();
        numbers.map(
                        n ->
                                (StarRocksRowData)
                                        new DefaultStarRocksRowData(
                                                null, database, tableOf.table(n), Rows.json(n)))
                .returns(StarRocksRowData.class)
                .addSink(SinkFunctionFactory.createSinkFunction(options));
    }

    private static TableSchema.Builder schema() {
        return TableSchema.builder()
                .field("id", DataTypes.BIGINT().notNull())
                .field("name", DataTypes.STRING())
                .field("amount", DataTypes.DECIMAL(20, 2))
                .field("at", DataTypes.TIMESTAMP(0));
    }

    /** Which table a row goes into. */
    private interface TableOf extends Serializable {
        String table(long n);
    }
}

package com.starrocks.e2e;

import com.starrocks.connector.flink.StarRocksSink;
import com.starrocks.connector.flink.row.sink.StarRocksSinkOP;
import com.starrocks.connector.flink.table.data.DefaultStarRocksRowData;
import com.starrocks.connector.flink.table.data.StarRocksRowData;
import com.starrocks.connector.flink.table.sink.SinkFunctionFactory;
import com.starrocks.connector.flink.table.sink.StarRocksSinkOptions;

import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.utils.ParameterTool;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.SinkFunction;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.api.TableSchema;

import java.io.Serializable;
import java.math.BigDecimal;
import java.time.LocalDateTime;

/**
 * Numbered rows into StarRocks through each DataStream form of the sink.
 *
 * <p>Row n: id = n, name = "row-n" (NULL where n is a multiple of 10), amount = n + 0.25, at =
 * 2020-01-01 + n seconds. In the form {@code upsert} the key is n modulo {@code --keys}, and every
 * row with n % 100 == 99 deletes its key. The form {@code pair} is {@code slots} into the table of
 * the options and {@code upsert} into {@code --latest}, with {@code --sinks} subtasks each. With
 * {@code --fail-at} the job fails at that row, each time it comes.
 */
@SuppressWarnings("deprecation")
public final class RowsJob {
    private static final LocalDateTime EPOCH = LocalDateTime.of(2020, 1, 1, 0, 0);

    private RowsJob() {}

    public static void main(String[] args) throws Exception {
        ParameterTool parameters = ParameterTool.fromArgs(args);
        StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment();
        JobSettings.apply(parameters, env);
        DataStream<Long> numbers = env.addSource(JobSettings.source(parameters));
        if (parameters.has("fail-at")) {
            long failAt = parameters.getLong("fail-at");
            numbers = numbers.map(n -> failingAt(failAt, n)).returns(Types.LONG);
        }

        StarRocksSinkOptions options = options(parameters, null);
        long keys = parameters.getLong("keys", 1000);
        String form = parameters.getRequired("form");
        switch (form) {
            case "json":
                numbers.map(RowsJob::json).addSink(StarRocksSink.sink(options));
                break;
            case "csv":
                numbers.map(RowsJob::csv).addSink(StarRocksSink.sink(options));
                break;
            case "slots":
                numbers.addSink(slots(options));
                break;
            case "upsert":
                numbers.addSink(upsert(options, keys));
                break;
            case "pair":
                int sinks = parameters.getInt("sinks", 1);
                DataStream<Long> byKey = numbers.keyBy(n -> n % keys, Types.LONG);
                byKey.addSink(slots(options)).name("rows").setParallelism(sinks);
                byKey.addSink(upsert(options(parameters, parameters.get("latest")), keys))
                        .name("latest")
                        .setParallelism(sinks);
                break;
            case "tables": // even numbers into one table, odd ones into the other
                namingTheirTable(numbers, options, n -> n % 2 == 0 ? "even" : "odd");
                break;
            case "many": // into t0, t1, ... in turn
                int tables = parameters.getInt("tables");
                namingTheirTable(numbers, options, n -> "t" + n % tables);
                break;
            default:
                throw new IllegalArgumentException("--form " + form);
        }
        env.execute(parameters.get("name", "rows as " + form));
    }

    private static StarRocksSinkOptions options(ParameterTool parameters, String table) {
        StarRocksSinkOptions.Builder builder = StarRocksSinkOptions.builder();
        parameters
                .toMap()
                .forEach(
                        (key, value) -> {
                            if (key.startsWith("sink.")
                                    || key.endsWith("-url")
                                    || key.endsWith("-name")
                                    || key.startsWith("pass")
                                    || key.equals("username")) {
                                builder.withProperty(key, value);
                            }
                        });
        if (table != null) {
            builder.withProperty("table-name", table);
        }
        return builder.build();
    }

    private static SinkFunction<Long> slots(StarRocksSinkOptions options) {
        return StarRocksSink.sink(schema().build(), options, (slots, n) -> fill(slots, n, n));
    }

    private static SinkFunction<Long> upsert(StarRocksSinkOptions options, long keys) {
        return StarRocksSink.sink(
                schema().primaryKey("id").build(),
                options,
                (slots, n) -> {
                    fill(slots, n, n % keys);
                    slots[slots.length - 1] =
                            (n % 100 == 99 ? StarRocksSinkOP.DELETE : StarRocksSinkOP.UPSERT)
                                    .ordinal();
                });
    }

    private static void namingTheirTable(
            DataStream<Long> numbers, StarRocksSinkOptions options, TableOf tableOf) {
        String database = options.getDatabaseName();
        numbers.map(
                        n ->
                                (StarRocksRowData)
                                        new DefaultStarRocksRowData(
                                                null, database, tableOf.table(n), json(n)))
                .returns(StarRocksRowData.class)
                .addSink(SinkFunctionFactory.createSinkFunction(options));
    }

    private static long failingAt(long failAt, long n) {
        if (n == failAt) {
            throw new IllegalStateException("row " + n + ", where the job is to fail");
        }
        return n;
    }

    private static TableSchema.Builder schema() {
        return TableSchema.builder()
                .field("id", DataTypes.BIGINT().notNull())
                .field("name", DataTypes.STRING())
                .field("amount", DataTypes.DECIMAL(20, 2))
                .field("at", DataTypes.TIMESTAMP(0));
    }

    private static void fill(Object[] slots, long n, long id) {
        slots[0] = id;
        slots[1] = name(n);
        slots[2] = BigDecimal.valueOf(n * 100 + 25, 2);
        slots[3] = EPOCH.plusSeconds(n);
    }

    private static String name(long n) {
        return n % 10 == 0 ? null : "row-" + n;
    }

    private static String at(long n) {
        return EPOCH.plusSeconds(n).toString().replace('T', ' ') + (n % 60 == 0 ? ":00" : "");
    }

    private static String json(long n) {
        String name = name(n) == null ? "null" : '"' + name(n) + '"';
        return "{\"id\":"
                + n
                + ",\"name\":"
                + name
                + ",\"amount\":"
                + n
                + ".25,\"at\":\""
                + at(n)
                + "\"}";
    }

    private static String csv(long n) {
        String name = name(n) == null ? "\\N" : name(n);
        return n + "\t" + name + "\t" + n + ".25\t" + at(n);
    }

    /** Which table a row goes into. */
    private interface TableOf extends Serializable {
        String table(long n);
    }
}

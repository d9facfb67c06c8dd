package com.starrocks.bench;

import com.starrocks.connector.flink.StarRocksSink;
import com.starrocks.connector.flink.table.data.StarRocksRowData;
import com.starrocks.connector.flink.table.sink.SinkFunctionFactory;
import com.starrocks.connector.flink.table.sink.StarRocksSinkOptions;

import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.SinkFunction;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.TableEnvironment;
import org.apache.flink.table.api.TableSchema;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/**
 * One case with one connector, in a JVM of its own: {@code Bench KIND SHAPE SINK [OPTION=VALUE]..}.
 *
 * <p>KIND is {@code binary} or {@code generic} (SQL), {@code slots}, {@code raw}, or {@code
 * tables:N}; SINK is {@code starrocks} (of whichever connector is on the class path) or {@code
 * none}. The first line of output is the DDL of StarRocks' table. Then each line of input is a
 * number of rows; a job loads them, and a line of figures {@code name=value ..} is written when it
 * has finished: CPU time of the process and time by the clock, from the first row to the job's end.
 * The same jobs, compiled once against one connector, run with both.
 */
@SuppressWarnings("deprecation") // what both connectors have
public final class Bench {
    private final String kind;
    private final Shape shape;
    private final boolean starRocks;
    private final Map<String, String> options = new TreeMap<>();

    private Bench(String[] args) {
        kind = args[0];
        shape = Shape.named(args[1]);
        starRocks = args[2].equals("starrocks");
        for (int i = 3; i < args.length; i++) {
            int equals = args[i].indexOf('=');
            options.put(args[i].substring(0, equals), args[i].substring(equals + 1));
        }
    }

    public static void main(String[] args) throws Exception {
        Bench bench = new Bench(args);
        System.out.println(bench.shape.ddl("bench"));
        BufferedReader input =
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        boolean first = true;
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            if (first && bench.isSql()) {
                bench.checkPlan();
            }
            first = false;
            bench.measure(Long.parseLong(line));
        }
    }

    private boolean isSql() {
        return kind.equals("binary") || kind.equals("generic");
    }

    private void measure(long rows) throws Exception {
        if (isSql()) {
            tables(rows).executeSql("INSERT INTO sink SELECT * FROM source").await();
        } else {
            program(rows);
        }
        System.out.printf(
                "rows=%d cpu_ns=%d wall_ns=%d task_bytes=%d all_bytes=%d peak_rss=%d%n",
                rows,
                RowSource.processCpu() - RowSource.cpuAtFirst,
                System.nanoTime() - RowSource.wallAtFirst,
                RowSource.taskAllocated,
                RowSource.allAllocated,
                peakResident());
    }

    private TableEnvironment tables(long rows) {
        TableEnvironment tables =
                TableEnvironment.create(
                        EnvironmentSettings.newInstance().withConfiguration(settings()).build());
        String columns = shape.flinkColumns();
        tables.executeSql(
                String.format(
                        "CREATE TABLE source (%s) WITH ('connector' = 'bench-rows', 'shape' = '%s',"
                                + " 'kind' = '%s', 'rows' = '%d')",
                        columns, shape.name, kind, rows));
        tables.executeSql(
                String.format(
                        "CREATE TABLE looked (%s) WITH ('connector' = 'bench-rows')", columns));
        StringBuilder with =
                new StringBuilder(
                        starRocks ? "'connector' = 'starrocks'" : "'connector' = 'blackhole'");
        if (starRocks) {
            options.forEach(
                    (key, value) ->
                            with.append(
                                    String.format(", '%s' = '%s'", key, value.replace("'", "''"))));
        }
        tables.executeSql(String.format("CREATE TABLE sink (%s) WITH (%s)", columns, with));
        return tables;
    }

    /** Nothing stands between source and sink, and the rows arrive as the case says. */
    private void checkPlan() throws Exception {
        String plan = tables(1).explainSql("INSERT INTO sink SELECT * FROM source");
        String steps = plan.substring(plan.indexOf("== Optimized Execution Plan ==")).trim();
        String[] lines = steps.split("\n");
        if (lines.length != 3
                || !lines[1].startsWith("Sink(")
                || !lines[2].startsWith("+- TableSourceScan(")) {
            throw new IllegalStateException(
                    "not straight from the source into the sink:\n" + steps);
        }
        tables(1).executeSql("INSERT INTO looked SELECT * FROM source").await();
        String expected = kind.equals("binary") ? "BinaryRowData" : "GenericRowData";
        if (!RowTables.seen.getSimpleName().equals(expected)) {
            throw new IllegalStateException(
                    "the sink gets " + RowTables.seen + ", not " + expected);
        }
    }

    private void program(long rows) throws Exception {
        StreamExecutionEnvironment env =
                StreamExecutionEnvironment.createLocalEnvironment(1, settings());
        String ofShape = shape.name;
        if (kind.equals("slots")) {
            TableSchema.Builder schema = TableSchema.builder();
            shape.columns.forEach(column -> schema.field(column.name(), column.flinkType()));
            add(
                    from(
                            env,
                            new RowSource<>(() -> Rows.objects(Shape.named(ofShape)), rows),
                            TypeInformation.of(LineItem.class)),
                    starRocks
                            ? StarRocksSink.sink(
                                    schema.build(), options(), (slots, item) -> item.fill(slots))
                            : new FilledSlots(shape.columns.size()));
        } else if (kind.equals("raw")) {
            add(
                    from(
                            env,
                            new RowSource<>(() -> Rows.json(Shape.named(ofShape)), rows),
                            TypeInformation.of(String.class)),
                    starRocks ? StarRocksSink.sink(options()) : null);
        } else if (kind.startsWith("tables:")) {
            int count = Integer.parseInt(kind.substring("tables:".length()));
            add(
                    from(
                            env,
                            new RowSource<>(
                                    () -> Rows.tables(Shape.named(ofShape), "bench", count), rows),
                            TypeInformation.of(StarRocksRowData.class)),
                    starRocks ? SinkFunctionFactory.createSinkFunction(options()) : null);
        } else {
            throw new IllegalArgumentException("no kind of rows " + kind);
        }
        env.execute();
    }

    private static <T> DataStream<T> from(
            StreamExecutionEnvironment env, RowSource<T> rows, TypeInformation<T> type) {
        return env.fromSource(rows, WatermarkStrategy.noWatermarks(), "rows", type);
    }

    private static <T> void add(DataStream<T> stream, SinkFunction<T> sink) {
        if (sink == null) {
            stream.sinkTo(new DiscardingSink<>());
        } else {
            stream.addSink(sink);
        }
    }

    /**
     * No sink, for slots: what fills them is the user's, and so not what a sink costs, which makes
     * objects of numbers.
     */
    private static final class FilledSlots implements SinkFunction<LineItem> {
        private static final long serialVersionUID = 1;

        private final Object[] slots;

        FilledSlots(int columns) {
            slots = new Object[columns];
        }

        @Override
        public void invoke(LineItem item, Context context) {
            item.fill(slots);
        }
    }

    private StarRocksSinkOptions options() {
        StarRocksSinkOptions.Builder builder = StarRocksSinkOptions.builder();
        options.forEach(builder::withProperty);
        return builder.build();
    }

    /**
     * One subtask, rows handed on as they are, no checkpoints: batches load as they fill, and at
     * the end.
     */
    private static Configuration settings() {
        Configuration settings = new Configuration();
        settings.setString("parallelism.default", "1");
        settings.setString("pipeline.object-reuse", "true");
        settings.setString("restart-strategy.type", "disable");
        // On a busy machine, a job fails for a heartbeat that comes late.
        settings.setString("heartbeat.timeout", "600000");
        return settings;
    }

    private static long peakResident() {
        try {
            for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
                if (line.startsWith("VmHWM:")) {
                    return Long.parseLong(line.replaceAll("[^0-9]", "")) * 1024;
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        throw new IllegalStateException("the system doesn't tell the peak of the resident set");
    }
}

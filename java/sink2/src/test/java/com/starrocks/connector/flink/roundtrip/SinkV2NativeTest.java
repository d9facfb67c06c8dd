package com.starrocks.connector.flink.roundtrip;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;

import com.starrocks.connector.flink.core.NativeSession;
import com.starrocks.connector.flink.table.sink.StarRocksSinkOptions;
import com.starrocks.connector.flink.table.sink.v2.StarRocksSink;

import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.MapFunction;
import org.apache.flink.api.common.state.CheckpointListener;
import org.apache.flink.api.connector.source.lib.NumberSequenceSource;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.core.execution.SavepointFormatType;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.Schema;
import org.apache.flink.table.api.TableEnvironment;
import org.junit.After;
import org.junit.Before;
import org.junit.Rule;
import org.junit.Test;
import org.junit.rules.TemporaryFolder;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** Numbered rows through {@code sinkTo} into tables that show each as often as it was loaded. */
public class SinkV2NativeTest {

    private static final int ROWS = 3_000;

    private static final String[][] GUARANTEES = {
        {"sink.semantic", "exactly-once", "sink.version", "V1"},
        {"sink.semantic", "exactly-once", "sink.version", "V2"},
        {"sink.semantic", "exactly-once", "sink.version", "AUTO"},
    };

    @Rule public final TemporaryFolder savepoints = new TemporaryFolder();

    private Sandbox sandbox;
    private String table;

    /** The sandbox, if there is one. */
    @Before
    public void start() throws Exception {
        sandbox = Sandbox.get();
    }

    /** Sessions are closed by their tasks, whose end a job doesn't always wait for. */
    @After
    public void nothingIsLeft() throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (NativeSession.liveSessions() > 0 && System.nanoTime() < end) {
            Thread.sleep(20);
        }
        assertEquals(0, NativeSession.liveSessions());
        assertEquals(0, NativeSession.liveThreads());
    }

    private static Configuration configuration(String savepoint) {
        Configuration configuration = new Configuration();
        configuration.setString("restart-strategy.type", "fixed-delay");
        configuration.setString("restart-strategy", "fixed-delay");
        configuration.setString("restart-strategy.fixed-delay.attempts", "1");
        configuration.setString("restart-strategy.fixed-delay.delay", "0 s");
        if (savepoint != null) {
            configuration.setString("execution.savepoint.path", savepoint);
            configuration.setString("execution.state-recovery.path", savepoint);
        }
        return configuration;
    }

    private DataStream<String> numbers(
            StreamExecutionEnvironment flink, int parallelism, int failAfter) {
        return flink.fromSource(
                        new NumberSequenceSource(0, ROWS - 1),
                        WatermarkStrategy.noWatermarks(),
                        "numbers")
                .uid("source")
                .setParallelism(1)
                .map(new Slow(failAfter))
                .uid("slow")
                .setParallelism(1)
                .rebalance();
    }

    private JobClient run(int parallelism, int failAfter, String savepoint, String... options)
            throws Exception {
        return run(configuration(savepoint), 100, parallelism, failAfter, options);
    }

    private JobClient run(
            Configuration configuration,
            long checkpointInterval,
            int parallelism,
            int failAfter,
            String... options)
            throws Exception {
        StreamExecutionEnvironment flink =
                StreamExecutionEnvironment.createLocalEnvironment(parallelism, configuration);
        flink.setMaxParallelism(8);
        flink.enableCheckpointing(checkpointInterval);
        numbers(flink, parallelism, failAfter)
                .sinkTo(StarRocksSink.sink(Sinks.options(sandbox.options(table, options))))
                .uid("sink");
        return flink.executeAsync();
    }

    private void create() throws Exception {
        table = sandbox.create("id BIGINT", "DUPLICATE KEY(id)");
        Slow.reset();
    }

    private List<String> shown() throws Exception {
        return sandbox.selectText(
                        "SELECT COUNT(*), COUNT(DISTINCT id), MIN(id), MAX(id) FROM "
                                + Sandbox.DATABASE
                                + "."
                                + table)
                .get(0);
    }

    private void assertComplete(String[] options) throws Exception {
        String count = String.valueOf(ROWS);
        assertEquals(
                Arrays.toString(options),
                Arrays.asList(count, count, "0", String.valueOf(ROWS - 1)),
                shown());
    }

    @Test
    public void atLeastOnceLoadsAll() throws Exception {
        create();
        run(2, 0, null).getJobExecutionResult().get();
        assertComplete(new String[0]);
    }

    @Test
    public void exactlyOnceIsSoThoughTheJobFailsInBetween() throws Exception {
        for (String[] options : GUARANTEES) {
            create();
            run(2, 3, null, options).getJobExecutionResult().get();
            assertEquals(1, Slow.FAILURES.get());
            assertComplete(options);
        }
    }

    @Test
    public void aJobStoppedWithASavepointGoesOnWithAnotherParallelism() throws Exception {
        for (String[] options : GUARANTEES) {
            create();
            JobClient job = run(3, 0, null, options);
            Slow.await(ROWS / 3);
            String savepoint =
                    job.stopWithSavepoint(
                                    false,
                                    savepoints.newFolder().getPath(),
                                    SavepointFormatType.CANONICAL)
                            .get(60, TimeUnit.SECONDS);
            job.getJobExecutionResult().get(60, TimeUnit.SECONDS);
            assertTrue(Integer.parseInt(shown().get(0)) >= ROWS / 3);
            run(2, 0, savepoint, options).getJobExecutionResult().get();
            assertComplete(options);
        }
    }

    @Test
    public void theEndIsCompleteThoughNoCheckpointFollowsIt() throws Exception {
        long interval = 20;
        for (String[] options : GUARANTEES) {
            create();
            Configuration configuration = configuration(null);
            configuration.setString(
                    "execution.checkpointing.checkpoints-after-tasks-finish.enabled", "false");
            run(configuration, interval, 2, 0, options).getJobExecutionResult().get();
            assertComplete(options);
            interval = 600_000;
        }
    }

    @Test
    public void slotsOfABatchJob() throws Exception {
        Schema schema =
                Schema.newBuilder()
                        .column("id", DataTypes.BIGINT().notNull())
                        .column("v", DataTypes.STRING())
                        .primaryKey("id")
                        .build();
        for (String[] options : GUARANTEES) {
            Slow.reset();
            table = sandbox.create("id BIGINT, v STRING", "PRIMARY KEY(id)");
            Configuration configuration = configuration(null);
            configuration.setString("execution.runtime-mode", "BATCH");
            StreamExecutionEnvironment flink =
                    StreamExecutionEnvironment.createLocalEnvironment(2, configuration);
            StarRocksSinkOptions sinkOptions = Sinks.options(sandbox.options(table, options));
            numbers(flink, 2, 0)
                    .sinkTo(
                            StarRocksSink.<String>sink(
                                    schema,
                                    sinkOptions,
                                    (slots, row) -> {
                                        slots[0] = Long.valueOf(row);
                                        slots[1] = row;
                                        slots[2] = 0;
                                    }));
            flink.execute();
            assertComplete(options);
        }
    }

    @Test
    public void sql() throws Exception {
        for (boolean streaming : new boolean[] {true, false}) {
            for (String[] options : GUARANTEES) {
                table = sandbox.create("id BIGINT", "DUPLICATE KEY(id)");
                EnvironmentSettings.Builder settings = EnvironmentSettings.newInstance();
                TableEnvironment tables =
                        TableEnvironment.create(
                                (streaming ? settings.inStreamingMode() : settings.inBatchMode())
                                        .build());
                Map<String, String> all = sandbox.options(table, options);
                all.put("connector", "starrocks");
                List<String> with = new ArrayList<>();
                all.forEach((key, value) -> with.add("'" + key + "' = '" + value + "'"));
                tables.executeSql(
                        "CREATE TABLE t (id BIGINT) WITH (" + String.join(", ", with) + ")");
                tables.executeSql(
                        "CREATE TABLE numbers (id BIGINT) WITH ('connector' = 'datagen',"
                                + " 'fields.id.kind' = 'sequence', 'fields.id.start' = '0',"
                                + " 'number-of-rows' = '"
                                + ROWS
                                + "',"
                                + " 'fields.id.end' = '"
                                + (ROWS - 1)
                                + "')");
                tables.executeSql("INSERT INTO t SELECT id FROM numbers").await();
                assertComplete(options);
            }
        }
    }

    /** Turns numbers into rows, slowly enough for checkpoints in between, and may fail once. */
    private static final class Slow implements MapFunction<Long, String>, CheckpointListener {

        private static final long serialVersionUID = 1L;

        static final AtomicLong EMITTED = new AtomicLong();
        static final AtomicInteger FAILURES = new AtomicInteger();

        private final int failAfter;
        private int checkpoints;

        Slow(int failAfterCheckpoints) {
            failAfter = failAfterCheckpoints;
        }

        static void reset() {
            EMITTED.set(0);
            FAILURES.set(0);
        }

        static void await(long count) throws InterruptedException {
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
            while (EMITTED.get() < count) {
                assertTrue("rows come", System.nanoTime() < end);
                Thread.sleep(5);
            }
        }

        @Override
        public String map(Long number) throws Exception {
            if (failAfter > 0 && checkpoints >= failAfter && FAILURES.get() == 0) {
                FAILURES.incrementAndGet();
                throw new IllegalStateException("as the test wants it");
            }
            Thread.sleep(number % 4 == 0 ? 1 : 0);
            EMITTED.incrementAndGet();
            return number.toString();
        }

        @Override
        public void notifyCheckpointComplete(long checkpoint) {
            checkpoints++;
        }
    }
}

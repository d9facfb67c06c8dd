package com.starrocks.connector.flink.roundtrip;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import com.starrocks.connector.flink.StarRocksSink;
import com.starrocks.connector.flink.core.NativeSession;

import org.apache.flink.api.common.restartstrategy.RestartStrategies;
import org.apache.flink.api.common.state.CheckpointListener;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.runtime.state.FunctionInitializationContext;
import org.apache.flink.runtime.state.FunctionSnapshotContext;
import org.apache.flink.streaming.api.checkpoint.CheckpointedFunction;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.source.SourceFunction;
import org.junit.After;
import org.junit.Before;
import org.junit.Rule;
import org.junit.Test;
import org.junit.rules.TemporaryFolder;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** Numbered rows into tables that would show each of them twice, and a sum that would show it. */
@SuppressWarnings("deprecation")
public class ExactlyOnceNativeTest {

    private static final int ROWS = 3_000;
    private static final List<String> VERSIONS = Arrays.asList("V1", "V2", "AUTO");

    @Rule public final TemporaryFolder savepoints = new TemporaryFolder();

    private Sandbox sandbox;
    private String table;

    /** The sandbox, if there is one. */
    @Before
    public void start() throws Exception {
        sandbox = Sandbox.get();
    }

    /** Sessions are closed by their tasks, whose end a cancelled job doesn't wait for. */
    @After
    public void nothingIsLeft() throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (NativeSession.liveSessions() > 0 && System.nanoTime() < end) {
            Thread.sleep(20);
        }
        assertEquals(0, NativeSession.liveSessions());
        assertEquals(0, NativeSession.liveThreads());
    }

    private JobClient run(String version, Numbers source, int parallelism, String savepoint)
            throws Exception {
        Configuration configuration = new Configuration();
        if (savepoint != null) {
            configuration.setString("execution.savepoint.path", savepoint);
        }
        StreamExecutionEnvironment flink =
                StreamExecutionEnvironment.createLocalEnvironment(parallelism, configuration);
        flink.setMaxParallelism(8);
        flink.enableCheckpointing(100);
        flink.setRestartStrategy(RestartStrategies.fixedDelayRestart(1, 0));
        flink.addSource(source)
                .uid("source")
                .rebalance()
                .addSink(
                        StarRocksSink.sink(
                                Sinks.options(
                                        sandbox.options(
                                                table,
                                                "sink.semantic",
                                                "exactly-once",
                                                "sink.version",
                                                version,
                                                "sink.label-prefix",
                                                "eo-" + table))))
                .uid("sink");
        return flink.executeAsync();
    }

    private void create() throws Exception {
        table = sandbox.create("id BIGINT", "DUPLICATE KEY(id)");
        Numbers.reset();
    }

    private List<String> shown() throws Exception {
        return sandbox.selectText(
                        "SELECT COUNT(*), COUNT(DISTINCT id), MIN(id), MAX(id) FROM "
                                + Sandbox.DATABASE
                                + "."
                                + table)
                .get(0);
    }

    private void assertComplete(String version) throws Exception {
        String count = String.valueOf(ROWS);
        assertEquals(version, Arrays.asList(count, count, "0", String.valueOf(ROWS - 1)), shown());
    }

    @Test
    public void boundedInputIsCompleteThoughTheJobFailsInBetween() throws Exception {
        for (String version : VERSIONS) {
            create();
            run(version, new Numbers(3), 2, null).getJobExecutionResult().get();
            assertEquals(1, Numbers.FAILURES.get());
            assertComplete(version);
        }
    }

    @Test
    public void aJobStoppedWithASavepointGoesOnWithAnotherParallelism() throws Exception {
        for (String version : VERSIONS) {
            create();
            JobClient job = run(version, new Numbers(0), 3, null);
            Numbers.await(ROWS / 3);
            String savepoint =
                    job.stopWithSavepoint(false, savepoints.newFolder().getPath())
                            .get(60, TimeUnit.SECONDS);
            job.getJobExecutionResult().get(60, TimeUnit.SECONDS);
            int loaded = Integer.parseInt(shown().get(0));
            assertTrue(version, loaded >= ROWS / 3);
            run(version, new Numbers(0), 2, savepoint).getJobExecutionResult().get();
            assertEquals("the savepoint is what was loaded", loaded, Numbers.restoredAt);
            assertComplete(version);
        }
    }

    @Test
    public void aCancelledJobLeavesNothingThatBecomesVisibleLater() throws Exception {
        for (String version : VERSIONS) {
            create();
            JobClient job = run(version, new Numbers(0), 2, null);
            Numbers.await(ROWS / 3);
            job.cancel().get();
            assertThrows(ExecutionException.class, () -> job.getJobExecutionResult().get());
            nothingIsLeft();
            List<String> before = shown();
            assertEquals(version, before.get(0), before.get(1));
            Thread.sleep(200);
            assertEquals(version, before, shown());
        }
    }

    /** Counts up from where its checkpoint was. */
    private static final class Numbers
            implements SourceFunction<String>, CheckpointedFunction, CheckpointListener {

        private static final long serialVersionUID = 1L;

        static final AtomicLong EMITTED = new AtomicLong();
        static final AtomicInteger FAILURES = new AtomicInteger();
        static volatile long restoredAt;

        private final int failAfter;
        private volatile boolean cancelled;
        private volatile int checkpoints;
        private long next;
        private transient ListState<Long> state;

        /** A source that fails once, after some checkpoints; 0 for one that doesn't. */
        Numbers(int failAfterCheckpoints) {
            failAfter = failAfterCheckpoints;
        }

        static void reset() {
            EMITTED.set(0);
            FAILURES.set(0);
            restoredAt = -1;
        }

        static void await(long count) throws InterruptedException {
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
            while (EMITTED.get() < count) {
                assertTrue("the source emits rows", System.nanoTime() < end);
                Thread.sleep(5);
            }
        }

        @Override
        public void run(SourceContext<String> context) throws Exception {
            while (!cancelled && (next < ROWS || isToFail())) {
                synchronized (context.getCheckpointLock()) {
                    if (next < ROWS) {
                        context.collect(Long.toString(next++));
                        EMITTED.set(next);
                    }
                }
                if (isToFail() && checkpoints >= failAfter) {
                    FAILURES.incrementAndGet();
                    throw new IllegalStateException("as the test wants it");
                }
                Thread.sleep(next % 4 == 0 ? 1 : 0);
            }
        }

        private boolean isToFail() {
            return failAfter > 0 && FAILURES.get() == 0;
        }

        @Override
        public void cancel() {
            cancelled = true;
        }

        @Override
        public void initializeState(FunctionInitializationContext context) throws Exception {
            state =
                    context.getOperatorStateStore()
                            .getListState(new ListStateDescriptor<>("next", Types.LONG));
            for (long from : state.get()) {
                next = from;
                restoredAt = from;
            }
        }

        @Override
        public void snapshotState(FunctionSnapshotContext context) throws Exception {
            state.update(Collections.singletonList(next));
        }

        @Override
        public void notifyCheckpointComplete(long checkpointId) {
            checkpoints++;
        }
    }
}

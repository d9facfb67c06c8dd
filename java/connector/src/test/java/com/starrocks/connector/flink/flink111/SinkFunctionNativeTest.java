package com.starrocks.connector.flink.flink111;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import com.starrocks.connector.flink.StarRocksSink;
import com.starrocks.connector.flink.core.NativeSession;
import com.starrocks.connector.flink.table.data.DefaultStarRocksRowData;
import com.starrocks.connector.flink.table.data.StarRocksRowData;
import com.starrocks.connector.flink.table.sink.SinkFunctionFactory;
import com.starrocks.connector.flink.table.sink.StarRocksSinkOptions;

import org.apache.flink.api.common.restartstrategy.RestartStrategies;
import org.apache.flink.api.common.state.CheckpointListener;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.runtime.state.FunctionInitializationContext;
import org.apache.flink.runtime.state.FunctionSnapshotContext;
import org.apache.flink.streaming.api.checkpoint.CheckpointedFunction;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.ProcessFunction;
import org.apache.flink.streaming.api.functions.sink.SinkFunction;
import org.apache.flink.streaming.api.functions.source.SourceFunction;
import org.apache.flink.util.Collector;
import org.apache.flink.util.InstantiationUtil;
import org.junit.After;
import org.junit.Before;
import org.junit.Test;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Jobs in a small cluster, through the real library, into a server that only takes loads. */
public class SinkFunctionNativeTest {

    private static final long CANCEL_MS = 5_000;

    private final StreamExecutionEnvironment flink =
            StreamExecutionEnvironment.createLocalEnvironment(2);
    private LoadServer server;

    @Before
    public void start() throws Exception {
        server = new LoadServer();
        Numbers.server = server;
        Numbers.troubles.clear();
        Numbers.checkpoints.set(0);
        flink.setRestartStrategy(RestartStrategies.noRestart());
    }

    @After
    public void stop() {
        server.close();
    }

    private StarRocksSinkOptions options(String... more) {
        StarRocksSinkOptions.Builder builder =
                StarRocksSinkOptions.builder()
                        .withProperty("jdbc-url", "jdbc:mysql://127.0.0.1:9030")
                        .withProperty("load-url", server.loadUrl())
                        .withProperty("database-name", "db")
                        .withProperty("table-name", "t")
                        .withProperty("username", "root")
                        .withProperty("password", "")
                        .withProperty("sink.max-retries", "0")
                        .withProperty("sink.buffer-flush.interval-ms", "1000");
        for (int i = 0; i < more.length; i += 2) {
            builder.withProperty(more[i], more[i + 1]);
        }
        return builder.build();
    }

    private static void assertNothingLeft() throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(CANCEL_MS);
        while (NativeSession.liveSessions() > 0 && System.nanoTime() < end) {
            Thread.sleep(20);
        }
        assertEquals(0, NativeSession.liveSessions());
        assertEquals(0, NativeSession.liveThreads());
    }

    @Test
    public void theFunctionTravels() throws Exception {
        StarRocksSinkOptions anyTable = options("database-name", "*", "table-name", "*");
        for (SinkFunction<?> function :
                new SinkFunction<?>[] {
                    SinkFunctionFactory.createSinkFunction(anyTable), StarRocksSink.sink(anyTable)
                }) {
            Object copy = InstantiationUtil.clone(function, getClass().getClassLoader());
            assertEquals("starrocks_sink(*.*)", copy.toString());
            ((StarRocksSinkFunction<?>) copy).close();
        }
    }

    @Test
    public void boundedInputIsCompleteAtTheEnd() throws Exception {
        List<String> rows = new ArrayList<>();
        for (int i = 0; i < 5_000; i++) {
            rows.add("row " + i);
        }
        flink.fromCollection(rows)
                .rebalance()
                .addSink(SinkFunctionFactory.<String>createSinkFunction(options()));
        flink.execute();
        Collections.sort(rows);
        List<String> arrived = new ArrayList<>(server.lines);
        Collections.sort(arrived);
        assertEquals(rows, arrived);
        assertNothingLeft();
    }

    @Test
    public void rowsBesideOneThatTheJobGaveUpOnAreCompleteAtTheEnd() throws Exception {
        flink.setParallelism(1);
        flink.fromElements("1", "refused", "2")
                .process(new Forgiving())
                .addSink(SinkFunctionFactory.<StarRocksRowData>createSinkFunction(options()));
        flink.execute();
        assertEquals(Arrays.asList("1", "2"), server.lines);
        assertNothingLeft();
    }

    @Test
    public void aCheckpointWaitsForItsRows() throws Exception {
        flink.enableCheckpointing(100);
        flink.addSource(new Numbers(Long.MAX_VALUE))
                .addSink(
                        SinkFunctionFactory.<String>createSinkFunction(
                                options("sink.buffer-flush.interval-ms", "3600000")));
        flink.execute();
        assertEquals(Collections.emptyList(), Numbers.troubles);
        assertTrue(Numbers.checkpoints.get() >= 5);
        assertNothingLeft();
    }

    @Test
    public void rowsOfASlowStreamLoadByAge() throws Exception {
        flink.addSource(new Numbers(1))
                .addSink(SinkFunctionFactory.<String>createSinkFunction(options()));
        JobClient job = flink.executeAsync();
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (server.lines.isEmpty() && System.nanoTime() < end) {
            Thread.sleep(20);
        }
        assertEquals(Collections.singletonList("0"), server.lines);
        job.cancel().get();
        assertNothingLeft();
    }

    @Test
    public void aFailedLoadFailsAStreamThatIsIdle() throws Exception {
        server.mode = LoadServer.Mode.REFUSE;
        flink.addSource(new Numbers(1))
                .addSink(SinkFunctionFactory.<String>createSinkFunction(options()));
        Exception e = assertThrows(Exception.class, () -> flink.execute());
        StringWriter text = new StringWriter();
        e.printStackTrace(new PrintWriter(text));
        assertTrue(text.toString(), text.toString().contains("too many filtered rows"));
        assertNothingLeft();
    }

    @Test
    public void aCancelledJobEndsAtOnceThoughTheServerHangs() throws Exception {
        server.mode = LoadServer.Mode.HANG;
        flink.enableCheckpointing(100);
        flink.addSource(new Numbers(Long.MAX_VALUE))
                .addSink(SinkFunctionFactory.<String>createSinkFunction(options()));
        JobClient job = flink.executeAsync();
        assertTrue(server.hanging.await(20, TimeUnit.SECONDS));
        long start = System.nanoTime();
        job.cancel().get();
        assertThrows(ExecutionException.class, () -> job.getJobExecutionResult().get());
        long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
        assertTrue("cancelled after " + millis + " ms", millis < CANCEL_MS);
        assertNothingLeft();
    }

    /** Lets a row be that the sink refuses. */
    private static final class Forgiving extends ProcessFunction<String, StarRocksRowData> {

        private static final long serialVersionUID = 1L;

        @Override
        public void processElement(String text, Context context, Collector<StarRocksRowData> out) {
            String row = text.equals("refused") ? null : text;
            try {
                out.collect(new DefaultStarRocksRowData(null, "db", "t", row));
            } catch (RuntimeException e) {
                assertEquals("refused", text);
            }
        }
    }

    /** Counts up; ends after five checkpoints, each of which it compares with the server. */
    @SuppressWarnings("deprecation")
    private static final class Numbers
            implements SourceFunction<String>, CheckpointedFunction, CheckpointListener {

        private static final long serialVersionUID = 1L;

        static volatile LoadServer server;
        static final List<String> troubles = Collections.synchronizedList(new ArrayList<>());
        static final AtomicInteger checkpoints = new AtomicInteger();

        private final long rows;
        private volatile boolean cancelled;
        private long next;
        private long nextAtCheckpoint;

        Numbers(long rows) {
            this.rows = rows;
        }

        @Override
        public void run(SourceContext<String> context) throws Exception {
            while (!cancelled && checkpoints.get() < 5) {
                synchronized (context.getCheckpointLock()) {
                    if (next < rows) {
                        context.collect(Long.toString(next++));
                    }
                }
                Thread.sleep(1);
            }
        }

        @Override
        public void cancel() {
            cancelled = true;
        }

        @Override
        public void initializeState(FunctionInitializationContext context) {}

        @Override
        public void snapshotState(FunctionSnapshotContext context) {
            nextAtCheckpoint = next;
        }

        @Override
        public void notifyCheckpointComplete(long checkpointId) {
            checkpoints.incrementAndGet();
            int arrived = server.lines.size();
            if (arrived < nextAtCheckpoint) {
                troubles.add(
                        "checkpoint " + checkpointId + ": " + arrived + " of " + nextAtCheckpoint);
            }
        }
    }
}

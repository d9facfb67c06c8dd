package com.starrocks.connector.flink.flink111;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import com.starrocks.connector.flink.flink111.PlayedSink.Played;

import org.apache.flink.api.common.restartstrategy.RestartStrategies;
import org.apache.flink.api.common.state.CheckpointListener;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.streaming.api.datastream.DataStreamSink;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.SinkFunction;
import org.apache.flink.streaming.api.functions.source.SourceFunction;
import org.junit.Before;
import org.junit.Rule;
import org.junit.Test;
import org.junit.rules.TemporaryFolder;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** What the sink loads at the end of a job, by how it ends. Jobs in a small cluster. */
@SuppressWarnings("deprecation")
public class EndOfJobTest {

    private static final long NO_CHECKPOINTS = 0;
    private static final long SAVEPOINTS_ALONE = 3_600_000;

    /** From Flink 1.14 on. */
    private static final boolean HAS_FINISH = hasFinish();

    @Rule public final TemporaryFolder savepoints = new TemporaryFolder();

    @Before
    public void forget() {
        PlayedSink.OPENED.clear();
        Numbers.reset();
    }

    private static boolean hasFinish() {
        return Arrays.stream(SinkFunction.class.getMethods())
                .anyMatch(method -> method.getName().equals("finish"));
    }

    private static JobClient start(
            Numbers source, long checkpointInterval, boolean chained, String savepoint)
            throws Exception {
        Configuration configuration = new Configuration();
        if (savepoint != null) {
            configuration.setString("execution.savepoint.path", savepoint);
        }
        StreamExecutionEnvironment flink =
                StreamExecutionEnvironment.createLocalEnvironment(1, configuration);
        flink.setRestartStrategy(RestartStrategies.fixedDelayRestart(source.failures(), 0));
        if (checkpointInterval > 0) {
            flink.enableCheckpointing(checkpointInterval);
        }
        DataStreamSink<String> sink =
                flink.addSource(source)
                        .uid("source")
                        .addSink(new PlayedSink("sink.semantic", "exactly-once"))
                        .uid("sink");
        if (!chained) {
            sink.disableChaining();
        }
        return flink.executeAsync();
    }

    private static Played only() {
        assertEquals(1, PlayedSink.OPENED.size());
        return PlayedSink.OPENED.get(0);
    }

    private static List<String> rows(int count) {
        List<String> rows = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            rows.add("0/0/" + i);
        }
        return rows;
    }

    @Test
    public void withoutCheckpointsTheEndOfTheInputLoadsAll() throws Exception {
        start(new Numbers(10), NO_CHECKPOINTS, false, null).getJobExecutionResult().get();
        Played library = only();
        assertEquals(rows(10), library.rows);
        List<String> expected = new ArrayList<>(Arrays.asList("finish", "await"));
        if (HAS_FINISH) {
            // Once more when it closes, with nothing left to do.
            expected.addAll(expected);
        }
        expected.addAll(Arrays.asList("cancel", "close"));
        assertEquals(expected, library.callsAfter("awaitReady"));
    }

    @Test
    public void theLastCheckpointLoadsTheEndOfTheInput() throws Exception {
        start(new Numbers(10), 50, false, null).getJobExecutionResult().get();
        Played library = only();
        assertEquals(rows(10), library.rows);
        if (HAS_FINISH) {
            // Which takes a checkpoint after the end of the input, by default since 1.15.
            assertEquals(10, library.rowsAtCheckpoint);
            assertEquals(
                    Arrays.asList("await", "finish", "await", "cancel", "close"),
                    afterLastCompletion(library));
        } else {
            List<String> calls = library.calls;
            assertEquals(
                    Arrays.asList("finish", "await", "cancel", "close"),
                    calls.subList(calls.size() - 4, calls.size()));
        }
    }

    @Test
    public void aStopWithSavepointLoadsWhatIsInTheSavepoint() throws Exception {
        for (boolean chained : new boolean[] {false, true}) {
            forget();
            JobClient job = start(new Numbers(Long.MAX_VALUE), SAVEPOINTS_ALONE, chained, null);
            Numbers.await(100);
            String savepoint =
                    job.stopWithSavepoint(false, savepoints.newFolder().getPath())
                            .get(60, TimeUnit.SECONDS);
            job.getJobExecutionResult().get(60, TimeUnit.SECONDS);
            Played library = only();
            assertTrue(library.rowsAtCheckpoint >= 100);
            if (!HAS_FINISH) {
                // The source went on, and the sink knew.
                assertTrue(Numbers.EMITTED.get() >= library.rowsAtCheckpoint + Numbers.LATE);
            }
            assertEquals(rows(library.rowsAtCheckpoint), library.rows);
            assertFalse(library.calls.contains("finish"));
            assertEquals(Arrays.asList("await", "cancel", "close"), afterSavepoint(library));

            List<String> kept = library.states.get(1L);
            forget();
            start(new Numbers(3), NO_CHECKPOINTS, chained, savepoint).getJobExecutionResult().get();
            assertEquals(kept, only().restored);
            assertEquals(rows(3), only().rows);
        }
    }

    @Test
    public void aStopThatDrainsLoadsAll() throws Exception {
        JobClient job = start(new Numbers(Long.MAX_VALUE), SAVEPOINTS_ALONE, false, null);
        Numbers.await(100);
        job.stopWithSavepoint(true, savepoints.newFolder().getPath()).get(60, TimeUnit.SECONDS);
        job.getJobExecutionResult().get(60, TimeUnit.SECONDS);
        Played library = only();
        assertEquals(rows((int) Numbers.EMITTED.get()), library.rows);
        assertEquals(
                HAS_FINISH
                        ? Arrays.asList("await", "cancel", "close")
                        : Arrays.asList("finish", "await", "cancel", "close"),
                afterSavepoint(library));
    }

    private static List<String> afterSavepoint(Played library) {
        return withoutCheckpoints(library.callsAfter("completeCheckpoint 1"));
    }

    private static List<String> afterLastCompletion(Played library) {
        List<String> completions = new ArrayList<>(library.calls);
        completions.removeIf(call -> !call.startsWith("completeCheckpoint"));
        return withoutCheckpoints(library.callsAfter(completions.get(completions.size() - 1)));
    }

    /** A slow machine may begin one more checkpoint before the job is over, of nothing. */
    private static List<String> withoutCheckpoints(List<String> all) {
        List<String> calls = new ArrayList<>();
        for (String call : all) {
            boolean again = !calls.isEmpty() && call.equals(calls.get(calls.size() - 1));
            if (!call.contains("Checkpoint") && !again) {
                calls.add(call);
            }
        }
        return calls;
    }

    @Test
    public void aSavepointAloneEndsNothing() throws Exception {
        JobClient job = start(new Numbers(1_000), SAVEPOINTS_ALONE, false, null);
        Numbers.await(100);
        job.triggerSavepoint(savepoints.newFolder().getPath()).get(60, TimeUnit.SECONDS);
        Numbers.await(Numbers.EMITTED.get() + 100);
        job.cancel().get();
        assertThrows(ExecutionException.class, () -> job.getJobExecutionResult().get());
        // From Flink 1.15 on, nobody is told that a savepoint is complete if the job goes on.
        List<String> after = only().callsAfter("awaitCheckpoint");
        after.remove("completeCheckpoint 1");
        assertEquals(Arrays.asList("cancel", "close"), after);
    }

    @Test
    public void aCancelledJobLoadsNothing() throws Exception {
        JobClient job = start(new Numbers(Long.MAX_VALUE), NO_CHECKPOINTS, false, null);
        Numbers.await(100);
        job.cancel().get();
        assertThrows(ExecutionException.class, () -> job.getJobExecutionResult().get());
        assertEquals(Arrays.asList("cancel", "close"), only().callsAfter("awaitReady"));
    }

    @Test
    public void aFailureLoadsNothingAndItsSuccessorGetsTheState() throws Exception {
        start(new Numbers(10).failingOnceAfterCheckpoints(2), 50, false, null)
                .getJobExecutionResult()
                .get();
        assertEquals(2, PlayedSink.OPENED.size());
        Played failed = PlayedSink.OPENED.get(0);
        Played successor = PlayedSink.OPENED.get(1);
        assertFalse(failed.calls.contains("finish"));
        assertFalse(failed.calls.contains("await"));
        assertEquals(
                Arrays.asList("cancel", "close"),
                failed.calls.subList(failed.calls.size() - 2, failed.calls.size()));
        List<String> all = new ArrayList<>();
        failed.states.values().forEach(all::addAll);
        assertFalse(all.isEmpty());
        assertTrue(failed.states.values().contains(successor.restored));
    }

    /** Counts up to a limit, and keeps no state. */
    private static final class Numbers implements SourceFunction<String>, CheckpointListener {

        private static final long serialVersionUID = 1L;

        /** Rows that still come when it is told to stop. */
        static final int LATE = 50;

        static final AtomicLong EMITTED = new AtomicLong();
        static volatile boolean hasFailed;

        private final long rows;
        private int failAfter = Integer.MAX_VALUE;
        private volatile int checkpoints;
        private volatile boolean cancelled;

        Numbers(long rows) {
            this.rows = rows;
        }

        Numbers failingOnceAfterCheckpoints(int count) {
            failAfter = count;
            return this;
        }

        int failures() {
            return failAfter == Integer.MAX_VALUE ? 0 : 1;
        }

        static void reset() {
            EMITTED.set(0);
            hasFailed = false;
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
            while (!cancelled && (EMITTED.get() < rows || isToFail())) {
                emit(context);
                Thread.sleep(1);
                if (isToFail() && checkpoints >= failAfter) {
                    hasFailed = true;
                    throw new IllegalStateException("as the test wants it");
                }
            }
            for (int i = 0; cancelled && i < LATE; i++) {
                emit(context);
            }
        }

        private boolean isToFail() {
            return failAfter != Integer.MAX_VALUE && !hasFailed;
        }

        private static void emit(SourceContext<String> context) {
            synchronized (context.getCheckpointLock()) {
                context.collect(Long.toString(EMITTED.getAndIncrement()));
            }
        }

        @Override
        public void cancel() {
            cancelled = true;
        }

        @Override
        public void notifyCheckpointComplete(long checkpointId) {
            checkpoints++;
        }
    }
}

package com.starrocks.connector.flink.sink2;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.starrocks.connector.flink.connector.PlayedWriters;
import com.starrocks.connector.flink.connector.StarRocksWriter;
import com.starrocks.connector.flink.connector.WriterContext;
import com.starrocks.connector.flink.core.RecordingNative;
import com.starrocks.connector.flink.table.sink.v2.StarRocksCommittable;
import com.starrocks.connector.flink.table.sink.v2.StarRocksWriterState;

import org.apache.flink.api.common.operators.ProcessingTimeService;
import org.apache.flink.metrics.groups.UnregisteredMetricsGroup;
import org.apache.flink.util.UserCodeClassLoader;
import org.junit.After;
import org.junit.Test;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Delayed;
import java.util.concurrent.FutureTask;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/** A writer above native methods that a test plays. */
public class SinkV2WriterTest {

    /** Frames of the native half's records, of which only the kind is looked at. */
    private static final String BATCH = "SRCK\1\0\1\0";

    private static final String PREPARED = "SRCK\1\0\2\0";
    private static final String LABELS = "SRCK\1\0\3\0";

    private final RecordingNative library = new RecordingNative();
    private final RecordingNative committing = new RecordingNative();
    private final Timers timers = new Timers();
    private final Loader loader = new Loader();
    private boolean endIsCommitted = true;

    @After
    public void clearInterrupt() {
        Thread.interrupted();
    }

    private SinkV2Writer<String> open(long restoredCheckpoint, StarRocksWriterState... restored)
            throws IOException {
        StarRocksWriter<String> writer =
                PlayedWriters.open(
                        PlayedWriters.plan("sink.semantic", "exactly-once"),
                        new WriterContext(new UnregisteredMetricsGroup(), "", 0, 0).withCommitter(),
                        library);
        return new SinkV2Writer<>(
                writer,
                timers,
                loader,
                restoredCheckpoint,
                Arrays.asList(restored),
                endIsCommitted ? null : () -> PlayedWriters.openCommitter(committing));
    }

    private static StarRocksWriterState state(String... records) {
        List<byte[]> bytes = new ArrayList<>();
        for (String record : records) {
            bytes.add(record.getBytes(UTF_8));
        }
        return new StarRocksWriterState(bytes);
    }

    private static List<String> shown(Collection<StarRocksCommittable> committables) {
        List<String> shown = new ArrayList<>();
        for (StarRocksCommittable committable : committables) {
            shown.add(committable.checkpoint() + " " + new String(committable.record(), UTF_8));
        }
        return shown;
    }

    @Test
    public void whatIsRestoredIsLoadedBeforeRowsCome() throws Exception {
        open(4, state(LABELS + "a", LABELS + "b"), state(LABELS + "c"));
        assertEquals(Arrays.asList(LABELS + "a", LABELS + "b", LABELS + "c"), library.restored);
        assertEquals("awaitReady", library.calls.get(library.calls.size() - 1));
    }

    @Test
    public void whatIsRestoredIsKeptUntilTheFirstFlush() throws Exception {
        SinkV2Writer<String> writer = open(4, state(LABELS + "a"), state(LABELS + "b"));
        List<byte[]> kept = writer.snapshotState(5).get(0).records();
        assertEquals(2, kept.size());
        assertArrayEquals((LABELS + "a").getBytes(UTF_8), kept.get(0));
        assertArrayEquals((LABELS + "b").getBytes(UTF_8), kept.get(1));
        writer.flush(false);
        assertTrue(writer.snapshotState(6).isEmpty());
    }

    @Test
    public void aCheckpointGivesOutCommittablesAndKeepsLabels() throws Exception {
        SinkV2Writer<String> writer = open(4);
        writer.write("row", null);
        library.state.addAll(Arrays.asList(BATCH + "x", LABELS + "l", PREPARED + "y"));
        writer.flush(false);
        assertEquals(Arrays.asList("0/0/row"), library.rows);
        assertTrue(library.calls.contains("beginCheckpoint 5"));
        assertEquals(
                Arrays.asList("5 " + BATCH + "x", "5 " + PREPARED + "y"),
                shown(writer.prepareCommit()));
        assertTrue("given out once", writer.prepareCommit().isEmpty());
        List<StarRocksWriterState> kept = writer.snapshotState(9);
        assertEquals(1, kept.size());
        assertEquals(1, kept.get(0).records().size());
        assertArrayEquals((LABELS + "l").getBytes(UTF_8), kept.get(0).records().get(0));
    }

    @Test
    public void numbersRiseAndNeverPassTheCheckpointThatHoldsThem() throws Exception {
        SinkV2Writer<String> writer = open(4);
        for (long checkpoint : new long[] {5, 9, 10}) {
            library.state.add(BATCH);
            writer.flush(false);
            StarRocksCommittable committable = writer.prepareCommit().iterator().next();
            assertTrue(committable.checkpoint() <= checkpoint);
            writer.snapshotState(checkpoint);
        }
        library.state.add(BATCH + "end");
        writer.flush(true);
        assertEquals(Arrays.asList("11 " + BATCH + "end"), shown(writer.prepareCommit()));
        List<String> begun = new ArrayList<>(library.calls);
        begun.removeIf(call -> !call.startsWith("beginCheckpoint"));
        assertEquals(
                Arrays.asList(
                        "beginCheckpoint 5",
                        "beginCheckpoint 6",
                        "beginCheckpoint 10",
                        "beginCheckpoint 11"),
                begun);
    }

    @Test
    public void afterTheEndOfInputCheckpointsKeepTheLastLabels() throws Exception {
        SinkV2Writer<String> writer = open(0);
        library.state.add(LABELS + "old");
        writer.flush(false);
        writer.prepareCommit();
        writer.snapshotState(1);
        library.state.add(LABELS + "end");
        writer.flush(true);
        assertTrue(writer.prepareCommit().isEmpty());
        for (long checkpoint = 2; checkpoint < 4; checkpoint++) {
            List<StarRocksWriterState> kept = writer.snapshotState(checkpoint);
            assertArrayEquals((LABELS + "end").getBytes(UTF_8), kept.get(0).records().get(0));
        }
    }

    @Test
    public void whereFlinkWillNotCommitTheEndTheWriterDoes() throws Exception {
        endIsCommitted = false;
        SinkV2Writer<String> writer = open(0);
        for (String record : new String[] {"1", "2"}) {
            library.state.add(PREPARED + record);
            writer.flush(false);
            assertEquals(1, writer.prepareCommit().size());
            writer.snapshotState(Long.parseLong(record));
        }
        library.state.addAll(Arrays.asList(PREPARED + "end", LABELS + "end"));
        assertTrue("not before the end", committing.calls.isEmpty());
        writer.flush(true);
        assertTrue(writer.prepareCommit().isEmpty());
        assertEquals(Arrays.asList(PREPARED + "2", PREPARED + "end"), committing.restored);
        assertEquals(
                Arrays.asList("open", "restore", "restore", "awaitReady", "cancel", "close"),
                committing.calls);
        List<StarRocksWriterState> kept = writer.snapshotState(3);
        assertArrayEquals((LABELS + "end").getBytes(UTF_8), kept.get(0).records().get(0));
    }

    @Test
    public void anEndWithoutRowsOpensNoCommitter() throws Exception {
        endIsCommitted = false;
        SinkV2Writer<String> writer = open(0);
        writer.flush(true);
        assertTrue(committing.calls.isEmpty());
    }

    @Test
    public void aCommitOfTheEndThatFailsFailsTheTask() throws Exception {
        endIsCommitted = false;
        SinkV2Writer<String> writer = open(0);
        library.state.add(BATCH);
        committing.failure = new IllegalStateException("refused");
        assertThrows(IllegalStateException.class, () -> writer.flush(true));
        assertEquals("close", committing.calls.get(committing.calls.size() - 1));
    }

    @Test
    public void withoutLabelsThereIsNoState() throws Exception {
        SinkV2Writer<String> writer = open(0);
        assertTrue(writer.snapshotState(1).isEmpty());
        writer.flush(false);
        assertTrue(writer.snapshotState(2).isEmpty());
    }

    @Test
    public void polledByOneTimerAtATimeUntilItIsClosed() throws Exception {
        SinkV2Writer<String> writer = open(0);
        writer.write("row", null);
        timers.fire();
        assertEquals(Arrays.asList("0/0/row"), library.rows);
        assertEquals(1, timers.pending.size());
        assertEquals(2 * StarRocksWriter.POLL_INTERVAL_MS, timers.due);
        writer.close();
        assertTrue(timers.last.isCancelled());
        timers.fire();
        assertTrue(timers.pending.isEmpty());
    }

    @Test
    public void aLoadThatFailsShowsInPolls() throws Exception {
        open(0);
        library.failure = new IllegalStateException("refused");
        assertThrows(IllegalStateException.class, timers::fire);
    }

    @Test
    public void oneThatCannotBeRestoredIsFreed() throws Exception {
        library.stuck = true;
        Thread.currentThread().interrupt();
        assertThrows(IOException.class, () -> open(4, state(LABELS)));
        assertTrue("the interrupt stays", Thread.interrupted());
        assertEquals("close", library.calls.get(library.calls.size() - 1));
        assertTrue(timers.pending.isEmpty());
    }

    @Test
    public void lettingGoOfTheClassLoaderClosesIt() throws Exception {
        SinkV2Writer<String> writer = open(0);
        loader.hooks.forEach(Runnable::run);
        assertEquals("close", library.calls.get(library.calls.size() - 1));
        writer.close();
        assertEquals(1, Collections.frequency(library.calls, "close"));
    }

    /** Timers that a test fires. */
    private static final class Timers implements ProcessingTimeService {

        final List<ProcessingTimeCallback> pending = new ArrayList<>();
        long due;
        Future last;
        private long now;

        @Override
        public long getCurrentProcessingTime() {
            return now;
        }

        @Override
        public ScheduledFuture<?> registerTimer(long time, ProcessingTimeCallback target) {
            pending.add(target);
            due = time;
            last = new Future();
            return last;
        }

        void fire() throws Exception {
            now = due;
            pending.remove(0).onProcessingTime(now);
        }
    }

    /** A future that is only ever cancelled. */
    private static final class Future extends FutureTask<Void> implements ScheduledFuture<Void> {

        Future() {
            super(() -> null);
        }

        @Override
        public long getDelay(TimeUnit unit) {
            return 0;
        }

        @Override
        public int compareTo(Delayed other) {
            return 0;
        }
    }

    /** Keeps the hooks. */
    private static final class Loader implements UserCodeClassLoader {

        final List<Runnable> hooks = new ArrayList<>();

        @Override
        public ClassLoader asClassLoader() {
            return SinkV2WriterTest.class.getClassLoader();
        }

        @Override
        public void registerReleaseHookIfAbsent(String name, Runnable hook) {
            hooks.add(hook);
        }
    }
}
